import type { Finding } from "./fuzzer.ts";

/** What is to be done. */
export interface Job {
  readonly target: string;
  readonly seconds: number;
  readonly seed: number;
}

/** What a worker is told. */
export interface Assignment extends Job {
  /** The path of the Journal to keep. */
  readonly journal: string;
}

/** What it says at the end. */
export type Report =
  /** What broke a rule; an Error comes over as a copy. */
  | { readonly executions: number; readonly finding: Finding }
  | { readonly executions: number; readonly finding: null; readonly grown: Growth };

/** What was there at first, with what was kept before, and what there is now. */
export interface Growth {
  /** Inputs that add something to those before them. */
  readonly inputs: readonly [number, number];
  /** Bytes of source that they reach. */
  readonly covered: readonly [number, number];
  readonly outcomes: number;
}
