import type { Connector } from "../connector.ts";
import type { Accept } from "../exchange.ts";

/** One rule of the seam, as a script that drives a client against a server. */
export interface ContractCase {
  /** A sentence: the rule. */
  readonly name: string;
  /**
   * Resolves if the rule holds, rejects with a ContractViolation if it does not. `signal` bounds the waiting: when it
   * aborts, the case rejects with what it was waiting for and what had happened. Without it a lost event hangs.
   */
  readonly run: (make: Make, signal?: ContractSignal) => Promise<void>;
}

/** Starts a server with this entry, and a client that reaches it. Called once in each case. */
export type Make = (accept: Accept) => Promise<Pair>;

/** A client and a server, joined. */
export interface Pair {
  /** The client. It must be able to hold 60 exchanges at once. */
  readonly connector: Connector;
  /** What the requests' heads name; `http` if absent. */
  readonly scheme?: string;
  /** What the requests' heads name; `millrace.test` if absent. */
  readonly authority?: string;
  /** Breaks what lies under all exchanges, now and without a word, as a pulled cable does. The next open() may reconnect. */
  cut?(): void;
  /** The server says that it takes no new exchanges on this connection (GOAWAY), and goes on with those that run. */
  goaway?(): void;
  /** A connector to a place where nothing listens. */
  readonly nowhere?: Connector;
  /** Ends client and server, whatever still runs. */
  close(): Promise<void>;
}

/** The part of an AbortSignal that a case uses. */
export interface ContractSignal {
  readonly aborted: boolean;
  addEventListener(type: "abort", listener: () => void): void;
}
