import type { FrameReader } from "./frame/frame-reader.ts";
import type { Runtime } from "./runtime.ts";

/** Frames of one connection that are read in one turn of the event loop at most. */
const turnFrames = 512;
/** After so many frames the clock is asked whether there is time for more: what a request costs, its handler decides. */
const sliceFrames = 64;
/** What one connection may take of a turn, in milliseconds. */
const turnMs = 0.25;

/** What one connection may read in a turn of the event loop, given to its reader slice by slice. */
export class TurnShare {
  readonly #reader: FrameReader;
  readonly #runtime: Runtime;
  /** Frames that this turn allows beyond the reader's. */
  #left = 0;
  /** When the turn's reading began; -1: it has not. */
  #began = -1;

  constructor(reader: FrameReader, runtime: Runtime) {
    this.#reader = reader;
    this.#runtime = runtime;
    this.renew();
  }

  /** A turn begins, or is over. */
  renew(): void {
    this.#reader.allowance = sliceFrames;
    this.#left = turnFrames - sliceFrames;
    this.#began = -1;
  }

  /** Reading begins, or goes on in the same turn. */
  begin(): void {
    if (this.#began < 0) this.#began = this.#runtime.now();
  }

  /** Allows another slice. False: enough for this turn. */
  extend(): boolean {
    if (this.#left <= 0 || this.#runtime.now() - this.#began > turnMs) return false;
    this.#left -= sliceFrames;
    this.#reader.allowance += sliceFrames;
    return true;
  }
}
