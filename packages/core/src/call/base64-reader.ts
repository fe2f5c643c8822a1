import { sextets } from "../base64.ts";
import { RpcError } from "../error.ts";

/** Line ends that may come beyond one for each character: no encoder has so many. */
const mostLineEnds = 1024;

const lineFeed = 0x0a;
const carriageReturn = 0x0d;
const pad = 0x3d;

/** Undoes the base64 of a `grpc-web-text` body, which may consist of several encoded pieces, each with its padding. */
export class Base64Reader {
  /** A group of four characters that has begun: how many there are, how many of them pads, and their bits. */
  #have = 0;
  #pads = 0;
  #group = 0;
  /** Line ends that may still come. */
  #lineEnds = mostLineEnds;

  /** The bytes that `chunk[start..end)` completes, or why it is not base64. */
  read(chunk: Uint8Array, start: number, end: number): Uint8Array | RpcError {
    const bytes = new Uint8Array(((this.#have + end - start) >> 2) * 3);
    let length = 0;
    let lineEnds = 0;
    let at = start;
    while (at < end) {
      // Groups that are whole and without pads, as nearly all are.
      for (; this.#have === 0 && at + 4 <= end; at += 4) {
        const a = sextets[chunk[at]!]!;
        const b = sextets[chunk[at + 1]!]!;
        const c = sextets[chunk[at + 2]!]!;
        const d = sextets[chunk[at + 3]!]!;
        if ((a | b | c | d) > 63) break;
        bytes[length++] = (a << 2) | (b >> 4);
        bytes[length++] = (b << 4) | (c >> 2);
        bytes[length++] = (c << 6) | d;
      }
      if (at === end) break;
      const char = chunk[at++]!;
      // RFC 4648 section 3.3 leaves white space to the protocol; encoders insert line ends.
      if (char === lineFeed || char === carriageReturn) lineEnds++;
      else if (!this.#take(char)) return notBase64();
      else if (this.#have === 4) {
        for (let shift = 16; shift >= this.#pads * 8; shift -= 8) bytes[length++] = this.#group >> shift;
        this.#have = this.#pads = this.#group = 0;
      }
    }
    this.#lineEnds += end - start - lineEnds - lineEnds;
    if (this.#lineEnds < 0)
      return new RpcError("invalid_argument", "the body is base64 with more line ends than characters");
    return bytes.subarray(0, length);
  }

  /** The body has ended: why that is too early, or null. */
  finish(): RpcError | null {
    return this.#have === 0 ? null : notBase64();
  }

  /** One character of a group; whether it may stand there. */
  #take(char: number): boolean {
    const sextet = char === pad ? 0 : sextets[char]!;
    if (char === pad ? this.#have < 2 : sextet > 63 || this.#pads > 0) return false;
    if (char === pad) this.#pads++;
    this.#group = (this.#group << 6) | sextet;
    this.#have++;
    return true;
  }
}

function notBase64(): RpcError {
  return new RpcError("invalid_argument", "the body is not base64, which its content type says it is");
}
