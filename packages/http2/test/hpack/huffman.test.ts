import { describe, expect, test } from "vitest";
import { codeLengths, codes } from "../../src/hpack/huffman-code.ts";
import { decodedBound, decodeHuffman } from "../../src/hpack/huffman-decode.ts";
import { huffmanLength, writeHuffman } from "../../src/hpack/huffman-encode.ts";
import { concat, decode, hex, integer, octets, roomyDecoder } from "./support.ts";

/** Octets of a string of bits: its length is a multiple of eight. */
function bytesOf(bits: string): Uint8Array {
  expect(bits.length % 8).toBe(0);
  return Uint8Array.from({ length: bits.length / 8 }, (_, i) =>
    Number.parseInt(bits.slice(8 * i, 8 * i + 8), 2),
  );
}

function bitsOf(symbol: number): string {
  return (codes[symbol] as number).toString(2).padStart(codeLengths[symbol] as number, "0");
}

/** The decoded string; undefined if there is none. */
function huffman(bytes: Uint8Array): string | undefined {
  const out = new Uint8Array(decodedBound(bytes.length));
  const length = decodeHuffman(bytes, 0, bytes.length, out);
  return length < 0 ? undefined : Buffer.from(out.subarray(0, length)).toString("latin1");
}

function encoded(text: string): Uint8Array {
  const out = new Uint8Array(4 * text.length + 4);
  return out.slice(0, writeHuffman(octets(text), text.length, out, 0));
}

const padded = (bits: string): Uint8Array => bytesOf(bits.padEnd(Math.ceil(bits.length / 8) * 8, "1"));
const every = Array.from({ length: 256 }, (_, octet) => String.fromCharCode(octet));

describe("appendix B", () => {
  test.each([
    ["0", 0x0, 5],
    ["a", 0x3, 5],
    ["z", 0x7b, 7],
    ["&", 0xf8, 8],
    ["?", 0x3fc, 10],
    ["\0", 0x1ff8, 13],
    ["\n", 0x3ffffffc, 30],
    ["\u00ff", 0x3ffffee, 26],
    ["\u00f9", 0xffffffe, 28],
  ])("the code of %j", (text, code, length) => {
    expect([codes[text.charCodeAt(0)], codeLengths[text.charCodeAt(0)]]).toEqual([code, length]);
  });

  test("EOS is thirty ones", () => {
    expect(bitsOf(256)).toBe("1".repeat(30));
  });

  test("no code is the beginning of another, and together they leave nothing out", () => {
    const sum = codeLengths.reduce((sum, length) => sum + 2 ** -length, 0);
    expect(sum).toBe(1);
    const all = Array.from(codes, (_, symbol) => bitsOf(symbol)).sort();
    for (let i = 1; i < all.length; i++) expect(all[i]?.startsWith(all[i - 1] as string)).toBe(false);
  });
});

describe("decoding", () => {
  test("every octet, alone, in every pair, at every offset within an octet", () => {
    for (const a of every) {
      expect(huffman(padded(bitsOf(a.charCodeAt(0))))).toBe(a);
      // Strings of five, six and seven bits put what follows at each of the eight offsets.
      for (const before of ["", "0", "00", "000", "A", "A0", "AA", " "])
        for (const after of ["0", "z", "\n", "\u00ff"])
          expect(huffman(encoded(before + a + after))).toBe(before + a + after);
    }
    expect(huffman(encoded(every.join("")))).toBe(every.join(""));
  });

  test("an empty string", () => {
    expect(huffman(new Uint8Array())).toBe("");
  });

  test.each([0, 1, 2, 3, 4, 5, 6, 7])("a padding of %d ones", (count) => {
    // Each "0" has five bits.
    const text = "0".repeat((3 * count) % 8 || 8);
    expect(huffman(bytesOf("00000".repeat(text.length) + "1".repeat(count)))).toBe(text);
  });

  test.each([
    ["eight ones", "11111111"],
    ["eight ones behind a string that ends with an octet", `${"00000".repeat(8)}11111111`],
    ["fourteen ones", `0000000000${"1".repeat(14)}`],
    ["three octets of ones", "1".repeat(24)],
  ])("a padding of more than seven bits is refused: %s", (_, bits) => {
    expect(huffman(bytesOf(bits))).toBeUndefined();
  });

  test("a padding with a zero in it is refused, wherever it is", () => {
    // "0" is five bits, which leaves three: only 111 is a padding. Other three bits are the beginning of a code.
    for (const rest of ["000", "001", "010", "011", "100", "101", "110"])
      expect(huffman(bytesOf(`00000${rest}`))).toBeUndefined();
    expect(huffman(bytesOf("00000111"))).toBe("0");
  });

  test("a string that ends within a long code is refused, at each of its bits", () => {
    const bits = bitsOf(0xf9);
    for (let length = 8; length < bits.length; length += 8)
      expect(huffman(bytesOf(bits.slice(0, length)))).toBeUndefined();
  });

  test("EOS is refused, at every offset, whatever follows", () => {
    for (let before = 0; before < 8; before++)
      for (const after of ["", "00000", "0000000000"])
        expect(huffman(padded("00000".repeat(before) + bitsOf(256) + after))).toBeUndefined();
  });

  test("what a block has of it is a compression error", () => {
    for (const bytes of [hex("ffffffff"), hex("ff"), hex("00"), hex("07ff")]) {
      const block = concat(hex("0f0d"), integer(0x80, 7, bytes.length), bytes);
      expect(decode(roomyDecoder(), block)).toMatchObject({ outcome: "compression-error", fields: [] });
    }
  });
});

describe("encoding", () => {
  test("gives the codes one after the other, padded with ones, and says before how many octets it takes", () => {
    for (const text of [...every, every.join(""), every.toReversed().join(""), "www.example.com", ""]) {
      const bits = Array.from(text, (character) => bitsOf(character.charCodeAt(0))).join("");
      expect(encoded(text)).toEqual(padded(bits));
      expect(huffmanLength(octets(text), text.length)).toBe(padded(bits).length);
    }
  });
});
