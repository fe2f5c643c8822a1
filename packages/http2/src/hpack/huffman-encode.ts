import { codeLengths, codes } from "./huffman-code.ts";

/** What stands for a character that ISO-8859-1 has not: its lowest octet might be a line feed. */
const replacement = 0x3f;

/** The octet of a character. */
export function octetAt(text: string, index: number): number {
  const code = text.charCodeAt(index);
  return code <= 0xff ? code : replacement;
}

/** How many octets the Huffman code needs for a string. */
export function huffmanLength(text: string): number {
  let bits = 0;
  for (let i = 0; i < text.length; i++) bits += codeLengths[octetAt(text, i)]!;
  return (bits + 7) >> 3;
}

/** Writes a string in Huffman code, padded with the first bits of EOS (RFC 7541 section 5.2). Gives where it ends. */
export function writeHuffman(text: string, out: Uint8Array, at: number): number {
  // The lowest `held` bits of `bits` are still to be written: at most seven, so that a code of 24 fits behind them.
  let bits = 0;
  let held = 0;
  for (let i = 0; i < text.length; i++) {
    const octet = octetAt(text, i);
    let length = codeLengths[octet]!;
    let code = codes[octet]!;
    if (length > 24) {
      length -= 16;
      bits = (bits << length) | (code >>> 16);
      for (held += length; held >= 8; held -= 8) out[at++] = bits >>> (held - 8);
      length = 16;
      code &= 0xffff;
    }
    bits = (bits << length) | code;
    for (held += length; held >= 8; held -= 8) out[at++] = bits >>> (held - 8);
  }
  if (held > 0) out[at++] = (bits << (8 - held)) | (0xff >> held);
  return at;
}
