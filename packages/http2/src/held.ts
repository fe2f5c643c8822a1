import type { Fault, Fields } from "@millrace/exchange";
import { Backlog } from "./backlog.ts";

/** What came for a stream whose reader is paused. */
export class Held {
  ended = false;
  trailers: Fields | null = null;
  /** Behind the rest. */
  fault: Fault | null = null;
  readonly #body = new Backlog();

  /** All its bytes. */
  get bytes(): number {
    return this.#body.bytes;
  }

  /** Copies borrowed bytes. */
  push(chunk: Uint8Array, start: number, end: number): void {
    this.#body.copy(chunk, start, end);
  }

  /** The next bytes, in the order that they came; null: there are none. */
  take(): Uint8Array | null {
    if (this.#body.bytes === 0) return null;
    const { chunk } = this.#body;
    this.#body.advance(chunk.length);
    return chunk;
  }
}
