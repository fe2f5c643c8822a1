import type { Fault, Fields } from "@millrace/exchange";
import { noBytes } from "./no-bytes.ts";

/** Small pieces share a buffer of this size: each for itself would be a hundred times as large as what is in it. */
const sharedBytes = 4096;

/** What came for a stream whose reader is paused. */
export class Held {
  ended = false;
  trailers: Fields | null = null;
  /** Behind the rest. */
  fault: Fault | null = null;
  /** All its bytes. */
  bytes = 0;
  readonly #chunks: Uint8Array[] = [];
  /** The first chunk that has not been taken. */
  #next = 0;
  /** The last chunk's buffer, and how much of it is used. */
  #shared: Uint8Array | undefined;
  #used = 0;

  /** Copies borrowed bytes. */
  push(chunk: Uint8Array, start: number, end: number): void {
    const length = end - start;
    this.bytes += length;
    if (length >= sharedBytes / 2) {
      this.#shared = undefined;
      this.#chunks.push(new Uint8Array(chunk.subarray(start, end)));
      return;
    }
    const from = this.#shared === undefined || this.#used + length > sharedBytes ? 0 : this.#used;
    if (from === 0) this.#shared = new Uint8Array(sharedBytes);
    this.#shared!.set(chunk.subarray(start, end), from);
    this.#used = from + length;
    // A chunk that has been taken stays as it is.
    const begins = from > 0 && this.#next < this.#chunks.length ? this.#chunks.pop()!.byteOffset : from;
    this.#chunks.push(this.#shared!.subarray(begins, this.#used));
  }

  /** The next bytes, in the order that they came; null: there are none. */
  take(): Uint8Array | null {
    if (this.#next === this.#chunks.length) return null;
    const chunk = this.#chunks[this.#next]!;
    this.#chunks[this.#next++] = noBytes;
    return chunk;
  }
}
