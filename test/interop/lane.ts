import type { Command } from "./program.ts";

/** A server, and the cases that clients run against it. */
export interface Lane {
  /** The program that is not ours. */
  readonly peer: string;
  /** Which way the calls go. */
  readonly direction: "to Millrace" | "from Millrace" | "both ways";
  /** What is below the calls: `cleartext`, `TLS`, `gzip`. */
  readonly carriage: string;
  /** What has to be there before anything is run, in this order. Each throws, naming what is missing. */
  readonly needs: readonly (() => void)[];
  /** Undefined: the cases need none. */
  readonly server: Command | undefined;
  readonly cases: readonly TestCase[];
}

export interface TestCase {
  readonly name: string;
  /** Makes the case's calls to the server's port of 127.0.0.1. Rejects if anything is not as it must be. */
  readonly run: (port: number) => Promise<void>;
}
