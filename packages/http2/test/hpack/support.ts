import type { Fields } from "@millrace/exchange";
import { Decoder } from "../../src/hpack/decoder.ts";
import { blockBound, Encoder } from "../../src/hpack/encoder.ts";
import type { HeaderBlock } from "../../src/hpack/header-block.ts";

/** Octets by their hexadecimal digits. White space is for the reader. */
export function hex(digits: string): Uint8Array {
  return Uint8Array.from(Buffer.from(digits.replaceAll(/\s/g, ""), "hex"));
}

export function octets(text: string): Uint8Array {
  return Uint8Array.from(Buffer.from(text, "latin1"));
}

export function concat(...parts: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(Buffer.concat(parts));
}

/** A decoder with limits that nothing here comes near to. */
export function roomyDecoder(): Decoder {
  return new Decoder({ maxOctets: 1e9, maxFields: 1e6 });
}

export function decode(decoder: Decoder, block: Uint8Array): HeaderBlock {
  return decoder.decode(block, 0, block.length);
}

/** One whole block of one list, in an array of exactly the size that it may have. */
export function encode(encoder: Encoder, fields: Fields, neverIndexed?: readonly number[]): Uint8Array {
  const out = new Uint8Array(blockBound(fields));
  return out.slice(0, encoder.write(fields, out, encoder.begin(out, 0), neverIndexed));
}

/** An encoder that indexes whatever fits. */
export function indexingEncoder(): Encoder {
  return new Encoder({ never: [], perRequest: [] });
}

/** An integer behind a prefix (section 5.1), written by hand. */
export function integer(pattern: number, prefixBits: number, value: number): Uint8Array {
  const most = 2 ** prefixBits - 1;
  if (value < most) return Uint8Array.of(pattern | value);
  const bytes = [pattern | most];
  let rest = value - most;
  for (; rest > 127; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 128);
  return Uint8Array.from([...bytes, rest]);
}

/** A string literal without Huffman code. */
export function plain(text: string): Uint8Array {
  return concat(integer(0, 7, text.length), octets(text));
}

export const pattern = { indexed: 0x80, inserted: 0x40, update: 0x20, never: 0x10, notIndexed: 0 } as const;

export function indexed(index: number): Uint8Array {
  return integer(pattern.indexed, 7, index);
}

/** An update of the table's size. */
export function update(size: number): Uint8Array {
  return integer(pattern.update, 5, size);
}

/** A literal with a name of its own, indexed or not. */
export function literal(kind: "inserted" | "never" | "notIndexed", name: string, value: string): Uint8Array {
  return concat(Uint8Array.of(pattern[kind]), plain(name), plain(value));
}
