import { huffmanLength, writeHuffman } from "./huffman-encode.ts";
import { writeInteger } from "./integer.ts";

/** What stands for a character that ISO-8859-1 has not: its lowest octet might be a line feed. */
const replacement = 0x3f;

/** Where the octets of a string are before they are written. Those of longer ones get a place of their own. */
const scratch = new Uint8Array(1024);

/** Shorter strings are read faster character by character. */
const fewCharacters = 12;

const utf8 = /*@__PURE__*/ new TextEncoder();

/** Writes a string literal (RFC 7541 section 5.2), in Huffman code where that is shorter. Gives where it ends. */
export function writeString(text: string, out: Uint8Array, at: number): number {
  const { length } = text;
  const octets = length <= scratch.length ? scratch : new Uint8Array(length);
  readOctets(text, octets);
  const huffman = huffmanLength(octets, length);
  if (huffman < length) return writeHuffman(octets, length, out, writeInteger(out, at, 0x80, 0x7f, huffman));
  at = writeInteger(out, at, 0, 0x7f, length);
  for (let i = 0; i < length; i++) out[at++] = octets[i]!;
  return at;
}

/** The characters as octets of ISO-8859-1. */
function readOctets(text: string, octets: Uint8Array): void {
  if (text.length > fewCharacters) {
    const { read, written } = utf8.encodeInto(text, octets);
    // An octet for each character: all of them are ASCII, which is the same in both encodings.
    if (read === text.length && written === read) return;
  }
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    octets[i] = code <= 0xff ? code : replacement;
  }
}
