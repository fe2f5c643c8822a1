import { ErrorCode } from "@millrace/exchange";
import type { Limits } from "./limits.ts";
import type { Violation } from "./violation.ts";

/** A list that is too large is still decoded, for the table's sake: so many times what it may be, or this. */
const room = 4;
const leastRoom = 64 * 1024;
const none: Uint8Array = new Uint8Array(0);

/** Puts together a header block that comes in more than one frame (RFC 9113 section 6.10). */
export class HeaderGatherer {
  readonly #limits: Limits;
  #bytes: Uint8Array = none;
  #length = 0;
  #frames = 0;
  /** The stream whose block is not complete; 0 if there is none. */
  stream = 0;
  /** Of its HEADERS frame. */
  endStream = false;

  constructor(limits: Limits) {
    this.#limits = limits;
  }

  get bytes(): Uint8Array {
    return this.#bytes;
  }

  get length(): number {
    return this.#length;
  }

  begin(stream: number, endStream: boolean, fragment: Uint8Array, start: number, end: number): void {
    this.stream = stream;
    this.endStream = endStream;
    this.#frames = 0;
    this.#length = 0;
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

  /** The block is complete, and has been read. */
  done(): void {
    this.stream = 0;
    this.#bytes = none;
    this.#length = 0;
  }

  #add(fragment: Uint8Array, start: number, end: number): void {
    const length = this.#length + (end - start);
    if (length > this.#bytes.length) {
      const larger = new Uint8Array(Math.max(1024, 2 * length));
      larger.set(this.#bytes.subarray(0, this.#length));
      this.#bytes = larger;
    }
    this.#bytes.set(fragment.subarray(start, end), this.#length);
    this.#length = length;
  }
}

function tooMuch(what: string): Violation {
  return { scope: "connection", code: ErrorCode.ENHANCE_YOUR_CALM, text: `a header block ${what}` };
}
