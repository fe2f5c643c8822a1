import { describe, expect, test } from "vitest";
import { LiteralReader } from "../../src/hpack/literal-reader.ts";
import { writeInteger } from "../../src/hpack/integer.ts";
import { concat, decode, hex, integer, octets, roomyDecoder } from "./support.ts";

const greatest = 2 ** 28 - 1;

test("every boundary of every prefix is written in the fewest octets, and read again", () => {
  for (const prefixBits of [4, 5, 6, 7]) {
    const most = 2 ** prefixBits - 1;
    for (const base of [0, 2 ** 7, 2 ** 14, 2 ** 21, 2 ** 28])
      for (const value of [base + most - 1, base + most, base + most + 1]) {
        if (value > greatest + most) continue;
        const out = new Uint8Array(8);
        const end = writeInteger(out, 0, 0x80, most, value);
        expect(out.slice(0, end)).toEqual(integer(0x80, prefixBits, value));
        if (value < most) continue;
        const reader = new LiteralReader();
        reader.open(out, 1, end);
        expect(reader.integer(most)).toBe(value);
        expect(reader.at).toBe(end);
      }
  }
});

describe("what cannot be an integer is a compression error, and says so", () => {
  test.each([
    ["an index that goes on for five octets", "ff8080808000", "more than 4 octets"],
    ["an index of 2^32", "ff8180808010", "more than 4 octets"],
    ["an index whose octets never end", `ff${"ff".repeat(64)}`, "more than 4 octets"],
    ["an index that is cut short", "ff80", "cut short"],
    ["a name's index that is cut short", "7f", "cut short"],
    ["a name's index without indexing that is cut short", "0fff", "cut short"],
    ["a table's size that is cut short", "3f", "cut short"],
    ["a name's length that is cut short", "007f", "cut short"],
    ["a value's length that is cut short", "0001617f80", "cut short"],
    ["a name that is missing", "00", "a field is cut short"],
    ["a value that is missing", "000161", "a field is cut short"],
    ["a value that is missing behind a name's index", "0f10", "a field is cut short"],
    ["a value's length that goes on for five octets", "0001617f8080808000", "more than 4 octets"],
  ])("%s", (_, digits, problem) => {
    const block = decode(roomyDecoder(), hex(digits));
    expect(block).toMatchObject({
      outcome: "compression-error",
      fields: [],
      problem: expect.stringContaining(problem),
    });
  });

  test("a string that claims more than there is, without anything being allocated for it", () => {
    const claim = concat(hex("0001 61"), integer(0, 7, greatest), octets("abc"));
    const before = process.memoryUsage().arrayBuffers;
    expect(decode(roomyDecoder(), claim)).toMatchObject({
      outcome: "compression-error",
      problem: `a string of ${greatest} octets is cut short after 3`,
    });
    const huffman = concat(hex("0001 61"), integer(0x80, 7, greatest), octets("abc"));
    expect(decode(roomyDecoder(), huffman).outcome).toBe("compression-error");
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(1 << 20);
  });
});

test("an integer in more octets than it needs is read, as long as they are few", () => {
  // 62 behind a prefix of seven never needs more than the prefix; 127 needs one octet more, and gets four.
  expect(decode(roomyDecoder(), hex("007f808080 00"))).toMatchObject({ outcome: "compression-error" });
  const name = "a".repeat(127);
  const block = concat(hex("00 7f80808000"), octets(name), hex("0176"));
  expect(decode(roomyDecoder(), block)).toMatchObject({ outcome: "fields", fields: [name, "v"] });
});

test("an integer ends with the block, whatever follows in the same chunk", () => {
  for (const digits of ["ff8080", "3f8080", "7f8080", "0f8080", "1f8080", "007f8080", "0001617f8080"]) {
    const bytes = concat(hex(digits), hex("0000000000"));
    for (const left of [5, 6, 7])
      expect(roomyDecoder().decode(bytes, 0, bytes.length - left).problem).toBe("an integer is cut short");
  }
});

test("a block that is cut short anywhere between its fields' ends is refused", () => {
  const block = hex(
    "8286 84be 5886 a8eb 1064 9cbf 400a 6375 7374 6f6d 2d6b 6579 0c63 7573 746f 6d2d 7661 6c75 65",
  );
  const ends = new Set([0, 1, 2, 3, 4, 12, block.length]);
  for (let end = 0; end <= block.length; end++) {
    const decoder = roomyDecoder();
    decode(decoder, hex("410f 7777 772e 6578 616d 706c 652e 636f 6d"));
    const { outcome } = decoder.decode(block, 0, end);
    expect([end, outcome]).toEqual([end, ends.has(end) ? "fields" : "compression-error"]);
  }
});

test("what stands before and behind the block is not looked at", () => {
  const bytes = concat(hex("0102"), hex("82 86"), hex("ffff"));
  expect(roomyDecoder().decode(bytes, 2, 4).fields).toEqual([":method", "GET", ":scheme", "http"]);
  const cut = concat(hex("0001 6102 76"), hex("7676"));
  expect(roomyDecoder().decode(cut, 0, 5).outcome).toBe("compression-error");
});
