import { ContentCache } from "./content-cache.ts";
import { isFieldName, isFieldValue } from "./field-syntax.ts";
import { decodeHuffman, decodedBound } from "./huffman-decode.ts";
import { latin1 } from "./latin1.ts";
import { Literal } from "./literal.ts";

/** Longer strings are seldom the same twice. */
const mostCachedOctets = 64;

/**
 * Four octets behind the prefix: 28 bits, for what none of the lengths, indices and table sizes that are accepted here
 * exceeds (RFC 7541 section 5.1 wants such a bound).
 */
const mostShift = 21;

/** Where Huffman-coded strings are decoded to. Longer ones get a place of their own, which is not kept. */
const scratch = new Uint8Array(decodedBound(4096));

/** Reads the integers and strings of a header block. What it gave once it may give again, as the same object. */
export class LiteralReader {
  /** Where the next one starts. */
  at = 0;
  /** Why the last one could not be read. */
  problem = "";
  #bytes: Uint8Array = scratch;
  #end = 0;
  readonly #names = new ContentCache<Literal>(mostCachedOctets);
  readonly #values = new ContentCache<Literal>(mostCachedOctets);

  open(bytes: Uint8Array, start: number, end: number): void {
    this.#bytes = bytes;
    this.at = start;
    this.#end = end;
  }

  /** Lets go of the bytes. */
  close(): void {
    this.#bytes = scratch;
  }

  /** An integer of which the prefix, `most`, has been read (section 5.1). -1 if there is none. */
  integer(most: number): number {
    let value = most;
    for (let shift = 0; shift <= mostShift; shift += 7) {
      if (this.at >= this.#end) return this.#fail("an integer is cut short");
      const octet = this.#bytes[this.at++]!;
      value += (octet & 127) << shift;
      if (octet < 128) return value;
    }
    return this.#fail("an integer has more than 4 octets behind its prefix");
  }

  /** A field's name. Its text is kept if it has at most `room` octets. */
  name(room: number): Literal | undefined {
    return this.#string(this.#names, isFieldName, room);
  }

  /** A field's value, likewise. `mayRepeat` says that it is worth a look whether it came before. */
  value(room: number, mayRepeat: boolean): Literal | undefined {
    return this.#string(mayRepeat ? this.#values : undefined, isFieldValue, room);
  }

  #string(
    cache: ContentCache<Literal> | undefined,
    isValid: (text: string) => boolean,
    room: number,
  ): Literal | undefined {
    const bytes = this.#bytes;
    const from = this.at;
    if (from >= this.#end) {
      this.#fail("a field is cut short");
      return undefined;
    }
    const first = bytes[from]!;
    this.at = from + 1;
    let length = first & 127;
    if (length === 127) {
      length = this.integer(127);
      if (length < 0) return undefined;
    }
    const start = this.at;
    const end = start + length;
    if (end > this.#end) {
      this.#fail(`a string of ${length} octets is cut short after ${this.#end - start}`);
      return undefined;
    }
    this.at = end;
    const known = cache?.find(bytes, from, end);
    if (known !== undefined) return known;
    let literal: Literal;
    if (first < 128) literal = makeLiteral(bytes, start, end, isValid, room);
    else {
      const bound = decodedBound(length);
      const out = bound <= scratch.length ? scratch : new Uint8Array(bound);
      const octets = decodeHuffman(bytes, start, end, out);
      if (octets < 0) {
        this.#fail(`a Huffman-coded string of ${length} octets holds EOS or is padded wrongly`);
        return undefined;
      }
      literal = makeLiteral(out, 0, octets, isValid, room);
    }
    if (literal.octets <= room) cache?.add(bytes, from, end, literal);
    return literal;
  }

  #fail(problem: string): -1 {
    this.problem = problem;
    return -1;
  }
}

function makeLiteral(
  bytes: Uint8Array,
  start: number,
  end: number,
  isValid: (text: string) => boolean,
  room: number,
): Literal {
  if (end - start > room) return new Literal("", end - start, false);
  const text = latin1(bytes, start, end);
  return new Literal(text, end - start, isValid(text));
}
