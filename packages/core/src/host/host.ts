/**
 * What core asks of the engine it runs in. @millrace/node implements it, as every platform does; users never see it;
 * tests have one with a fake clock.
 */
export interface Host {
  /** Milliseconds on a monotonic clock. */
  now(): number;
  /**
   * Runs `run` once, when now() has reached `at`, however far away that is (beyond 2^31 ms too). Gives the function that
   * cancels it. A timer does not keep the process alive.
   */
  timer(at: number, run: () => void): () => void;
  /** Runs `run` soon, in a later turn of the event loop: what is due, timers and I/O, comes in between. */
  nextTurn(run: () => void): void;
  /**
   * Runs user code with `context` as the current one, asynchronous continuations included. Every entry into user code
   * passes here.
   */
  enter<T>(context: unknown, run: () => T): T;
  /** The `context` of the innermost enter() that this code runs in; undefined outside every call. */
  current(): unknown;
  /**
   * A function that later runs code in the asynchronous context of now: the user's own as well as ours. It is how a
   * generator that another call's callback resumes stays in its own call.
   */
  capture(): <T>(run: () => T) => T;
  /** Runs `run` outside every call: connections, which outlive calls, are opened here. */
  root<T>(run: () => T): T;
  /** A compression by its name on the wire (`gzip`, `deflate`, `br`, `zstd`); null where the engine lacks it. */
  compression(name: string): Compression | null;
  /** Tells the developer of what has nobody else to go to: `what` happened, as that a hook threw, and what was thrown. */
  report(what: string, thrown?: unknown): void;
}

/** One compression algorithm. Small work is done at once, large work off the event loop. */
export interface Compression {
  readonly name: string;
  /** The lowest and the highest level that pack() takes; null if it takes none. */
  readonly levels: readonly [lowest: number, highest: number] | null;
  /** Compresses a message. `level` is the algorithm's own scale; undefined is its default. */
  pack(bytes: Uint8Array, level: number | undefined): Uint8Array | Promise<Uint8Array>;
  /**
   * Decompresses exactly one message. Throws or rejects with a CompressionFailure: for corrupt, truncated or trailing
   * bytes, and as soon as the output would exceed `limit` bytes. `bytes` may be borrowed: an implementation that does not
   * finish at once takes a copy first.
   */
  unpack(bytes: Uint8Array, limit: number): Uint8Array | Promise<Uint8Array>;
}

/** Why a message could not be decompressed. */
export class CompressionFailure extends Error {
  override readonly name = "CompressionFailure";
  readonly reason: "corrupt" | "limit";
  constructor(reason: "corrupt" | "limit", message: string, cause?: unknown) {
    super(message, { cause });
    this.reason = reason;
  }
}
