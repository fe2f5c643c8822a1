/** What stops a timer that is not armed. */
export function noTimer(): void {}

/** The longest that timers of JavaScript take, in milliseconds. */
export const longestMs: number = 2 ** 31 - 1;

/** Time and turns of the event loop, as the engine needs them. */
export interface Runtime {
  /** A monotonic clock, in milliseconds. */
  now(): number;
  /** Runs once, `ms` from now. Gives what stops it. Does not keep a process alive. */
  timer(ms: number, run: () => void): () => void;
  /** Runs when this turn's input has been dealt with, so that what a turn writes leaves together. Never from inside this call. */
  soon(run: () => void): void;
  /** The same, behind all that soon() runs at the end of that turn: what should hold up nobody. */
  later(run: () => void): void;
}
