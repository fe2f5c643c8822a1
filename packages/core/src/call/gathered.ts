import { RpcError } from "../error.ts";
import type { MemoryBudget } from "./memory-budget.ts";

/**
 * The bytes of a body's messages that come in pieces, one message after the other. It grows with what has come: to twice
 * that, or to what the message before it had, so that messages of one size are each gathered in a single buffer. Never from
 * what the peer claims alone. It counts against the budget.
 */
export class Gathered {
  readonly #budget: MemoryBudget;
  #bytes: Uint8Array = empty;
  #length = 0;
  /** The length of the last one that was taken: its bytes have come, too. */
  #before = 0;

  constructor(budget: MemoryBudget) {
    this.#budget = budget;
  }

  get length(): number {
    return this.#length;
  }

  /** Adds a piece. `most` is the length that the whole can have. Gives the error if the budget is used up. */
  add(chunk: Uint8Array, start: number, end: number, most: number): RpcError | null {
    const length = this.#length + end - start;
    const capacity = this.#bytes.length;
    if (length > capacity) {
      // Many bodies come in one piece, which needs no room behind it.
      const wanted = capacity === 0 ? Math.max(length, this.#before) : length * 2;
      const larger = Math.min(most, wanted);
      if (!this.#budget.take(larger - capacity)) {
        return new RpcError(
          "resource_exhausted",
          `incomplete messages hold ${this.#budget.bytes} bytes, all that is set apart for them: try again later`,
        );
      }
      const grown = new Uint8Array(larger);
      grown.set(this.#bytes.subarray(0, this.#length));
      this.#bytes = grown;
    }
    this.#bytes.set(start === 0 && end === chunk.length ? chunk : chunk.subarray(start, end), this.#length);
    this.#length = length;
    return null;
  }

  /** Gives the buffer away; its first {@link length} bytes (read that before) are the message. */
  take(): Uint8Array {
    const bytes = this.#bytes;
    this.#before = this.#length;
    this.discard();
    return bytes;
  }

  discard(): void {
    this.#budget.give(this.#bytes.length);
    this.#bytes = empty;
    this.#length = 0;
  }
}

const empty = /*@__PURE__*/ new Uint8Array(0);
