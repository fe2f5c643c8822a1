import { huffmanLength, octetAt, writeHuffman } from "./huffman-encode.ts";
import { writeInteger } from "./integer.ts";

/** Writes a string literal (RFC 7541 section 5.2), in Huffman code where that is shorter. Gives where it ends. */
export function writeString(text: string, out: Uint8Array, at: number): number {
  const huffman = huffmanLength(text);
  if (huffman < text.length) return writeHuffman(text, out, writeInteger(out, at, 0x80, 0x7f, huffman));
  at = writeInteger(out, at, 0, 0x7f, text.length);
  for (let i = 0; i < text.length; i++) out[at++] = octetAt(text, i);
  return at;
}
