import { ErrorCode } from "@millrace/exchange";
import type { Limits } from "./limits.ts";
import type { Violation } from "./violation.ts";

/** A list that is too large is still decoded, for the table's sake: so many times what it may be, or this. */
const room = 4;
const leastRoom = 64 * 1024;

/** Puts together a header block that comes in more than one frame (RFC 9113 section 6.10). */
export class HeaderGatherer {
  readonly #limits: Limits;
  #parts: Uint8Array[] = [];
  #length = 0;
  #frames = 0;
  /** The stream whose block is not complete; 0 if there is none. */
  stream = 0;
  /** Of its HEADERS frame. */
  endStream = false;

  constructor(limits: Limits) {
    this.#limits = limits;
  }

  begin(stream: number, endStream: boolean, fragment: Uint8Array, start: number, end: number): void {
    this.stream = stream;
    this.endStream = endStream;
    this.#frames = 0;
    this.#add(fragment, start, end);
  }

  /** A CONTINUATION frame. Gives what is wrong with it, or null. */
  add(fragment: Uint8Array, start: number, end: number): Violation | null {
    const { maxContinuations, maxHeaderBytes } = this.#limits;
    if (++this.#frames > maxContinuations)
      return tooMuch(`has more than ${maxContinuations} CONTINUATION frames`);
    const most = Math.max(maxHeaderBytes * room, leastRoom);
    if (this.#length + (end - start) > most) return tooMuch(`has more than ${most} bytes`);
    this.#add(fragment, start, end);
    return null;
  }

  /** The block is complete. Gives all of it. */
  take(): Uint8Array {
    const block = new Uint8Array(this.#length);
    let at = 0;
    for (const part of this.#parts) {
      block.set(part, at);
      at += part.length;
    }
    this.stream = 0;
    this.#parts = [];
    this.#length = 0;
    return block;
  }

  #add(fragment: Uint8Array, start: number, end: number): void {
    // Copied: it is borrowed. Kept apart until the end: one that grew would leave as much behind each time.
    this.#parts.push(new Uint8Array(fragment.subarray(start, end)));
    this.#length += end - start;
  }
}

function tooMuch(what: string): Violation {
  return { code: ErrorCode.ENHANCE_YOUR_CALM, text: `a header block ${what}` };
}
