import { codeLengths, codes } from "./huffman-code.ts";

/** How many octets the first `length` of `text` have in Huffman code. */
export function huffmanLength(text: Uint8Array, length: number): number {
  let bits = 0;
  for (let i = 0; i < length; i++) bits += codeLengths[text[i]!]!;
  return (bits + 7) >> 3;
}

/**
 * Writes the first `length` octets of `text` in Huffman code, padded with the first bits of EOS (RFC 7541 section 5.2).
 * Gives where they end.
 */
export function writeHuffman(text: Uint8Array, length: number, out: Uint8Array, at: number): number {
  // The lowest `held` bits of `bits` are still to be written: at most seven, so that a code of 24 fits behind them.
  let bits = 0;
  let held = 0;
  for (let i = 0; i < length; i++) {
    const octet = text[i]!;
    let codeLength = codeLengths[octet]!;
    let code = codes[octet]!;
    if (codeLength > 24) {
      codeLength -= 16;
      bits = (bits << codeLength) | (code >>> 16);
      for (held += codeLength; held >= 8; held -= 8) out[at++] = bits >>> (held - 8);
      codeLength = 16;
      code &= 0xffff;
    }
    bits = (bits << codeLength) | code;
    for (held += codeLength; held >= 8; held -= 8) out[at++] = bits >>> (held - 8);
  }
  if (held > 0) out[at++] = (bits << (8 - held)) | (0xff >> held);
  return at;
}
