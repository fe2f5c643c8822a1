import { codeLengths, codes, endOfString } from "./huffman-code.ts";

// The code as a binary tree. An inner node's two children are at [2 * node] and [2 * node + 1]: another inner node as
// its number, or a leaf as -1 - symbol. The root is 0, so no child is.
const innerNodes = 256;
const children: Int16Array = tree();

/**
 * A state is the inner node where the last octet ended. The step from a state by an octet is at [state * 256 + octet]:
 *
 *     bit 31      no string has this: it holds EOS
 *     bits 20-27  the next state
 *     bits 16-17  how many symbols were completed, none to two: the shortest code has five bits
 *     bits 8-15   the second
 *     bits 0-7    the first
 *
 * A row is filled when it is first needed: most text stays within some thirty states. No filled step is 0.
 */
const steps = new Int32Array(innerNodes * 256);

/** The states where a string may end: at most seven bits into a code, all of them ones (section 5.2). */
const isEnd: Uint8Array = endStates();

/** More than any string of `octets` octets decodes to, and room for what is written ahead. */
export function decodedBound(octets: number): number {
  // Five bits a symbol, and one step may write a symbol that it has not completed.
  return ((octets * 8) / 5 + 2) | 0;
}

/**
 * Decodes a Huffman-coded string (RFC 7541 section 5.2) to the start of `out`, which has at least `decodedBound()`
 * octets. Gives the number of octets, or -1 if the string holds EOS or is not padded with less than eight of its bits.
 */
export function decodeHuffman(bytes: Uint8Array, start: number, end: number, out: Uint8Array): number {
  let state = 0;
  let length = 0;
  for (let i = start; i < end; i++) {
    const at = (state << 8) | bytes[i]!;
    let step = steps[at]!;
    if (step <= 0) {
      if (step === 0) {
        fillRow(state);
        step = steps[at]!;
      }
      if (step < 0) return -1;
    }
    out[length] = step;
    out[length + 1] = step >> 8;
    length += (step >> 16) & 3;
    state = step >> 20;
  }
  return isEnd[state] === 1 ? length : -1;
}

function fillRow(state: number): void {
  for (let octet = 0; octet < 256; octet++) {
    let node = state;
    let count = 0;
    let symbols = 0;
    for (let bit = 7; bit >= 0 && node >= 0; bit--) {
      node = children[2 * node + ((octet >> bit) & 1)]!;
      if (node >= 0) continue;
      const symbol = -1 - node;
      if (symbol === endOfString) break;
      symbols |= symbol << (8 * count++);
      node = 0;
    }
    steps[(state << 8) | octet] = node < 0 ? -1 : (node << 20) | (count << 16) | symbols;
  }
}

function tree(): Int16Array {
  const children = new Int16Array(innerNodes * 2);
  let used = 1;
  for (let symbol = 0; symbol <= endOfString; symbol++) {
    let node = 0;
    for (let bit = codeLengths[symbol]! - 1; bit > 0; bit--) {
      const child = 2 * node + ((codes[symbol]! >>> bit) & 1);
      children[child] ||= used++;
      node = children[child]!;
    }
    children[2 * node + (codes[symbol]! & 1)] = -1 - symbol;
  }
  return children;
}

function endStates(): Uint8Array {
  const isEnd = new Uint8Array(innerNodes);
  for (let node = 0, bits = 0; bits < 8; bits++) {
    isEnd[node] = 1;
    node = children[2 * node + 1]!;
  }
  return isEnd;
}
