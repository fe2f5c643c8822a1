import { describe, expect, test } from "vitest";
import { Decoder } from "../../src/hpack/decoder.ts";
import { concat, decode, hex, indexed, literal, roomyDecoder, update } from "./support.ts";

const indices = hex("828486");

/** The third time it comes, and a fourth time. */
function known(decoder: Decoder, block: Uint8Array): boolean {
  decode(decoder, block);
  decode(decoder, block);
  return decode(decoder, block) === decode(decoder, block);
}

describe("a block that comes again gives the same object", () => {
  test("with what was read out of it, from the third time on", () => {
    const decoder = roomyDecoder();
    const [first, second] = [decode(decoder, indices), decode(decoder, indices)];
    expect(second).not.toBe(first);
    expect(second.memo).toBeUndefined();
    second.memo = "what was read";
    const third = decode(decoder, indices);
    expect(third).toBe(second);
    expect(third.memo).toBe("what was read");
  });

  test.each([
    ["of indices", indices],
    ["with a literal without indexing", concat(indices, literal("notIndexed", "x-a", "b"))],
    ["with a never-indexed literal", concat(indices, literal("never", "x-a", "b"))],
    ["with nothing in it", new Uint8Array()],
  ])("%s", (_, block) => {
    expect(known(roomyDecoder(), block)).toBe(true);
  });

  test("with fields that refer to the dynamic table, as long as it is the same", () => {
    const decoder = roomyDecoder();
    decode(decoder, literal("inserted", "n", "1"));
    const block = concat(indices, indexed(62));
    expect(known(decoder, block)).toBe(true);
    decode(decoder, literal("inserted", "n", "2"));
    expect(decode(decoder, block).fields.at(-1)).toBe("2");
    expect(known(decoder, block)).toBe(true);
    expect(decode(decoder, block).fields.at(-1)).toBe("2");
  });

  test("many different ones by turns", () => {
    const decoder = roomyDecoder();
    const blocks = Array.from({ length: 20 }, (_, i) => literal("notIndexed", "x-a", String(i)));
    for (let turn = 0; turn < 3; turn++) for (const block of blocks) decode(decoder, block);
    const again = blocks.map((block) => decode(decoder, block));
    expect(again.map(({ fields }) => fields[1])).toEqual(blocks.map((_, i) => String(i)));
    const same = blocks.filter((block, i) => decode(decoder, block) === again[i]);
    // Three that fall on the same place take it from each other.
    expect(same.length).toBeGreaterThanOrEqual(15);
  });
});

describe("not so", () => {
  test.each([
    ["a block that inserts", literal("inserted", "n", "1")],
    ["a block with an update of the table's size", concat(update(4096), indices)],
    ["a long block", literal("notIndexed", "n", "v".repeat(1000))],
  ])("%s", (_, block) => {
    expect(known(roomyDecoder(), block)).toBe(false);
  });

  test("a block that is too large", () => {
    expect(known(new Decoder({ maxOctets: 10, maxFields: 10 }), indices)).toBe(false);
  });

  test("a block behind an insertion that failed, an eviction, or an update: what it refers to may be gone", () => {
    for (const change of [
      literal("inserted", "n", "v".repeat(5000)),
      update(0),
      concat(update(0), update(4096)),
    ]) {
      const decoder = roomyDecoder();
      decode(decoder, literal("inserted", "n", "1"));
      expect(known(decoder, indexed(62))).toBe(true);
      decode(decoder, change);
      expect(decode(decoder, indexed(62)).outcome).toBe("compression-error");
    }
  });

  test("a block that would do, where an update of the table's size is due", () => {
    const decoder = roomyDecoder();
    expect(known(decoder, indices)).toBe(true);
    decoder.setMaxTableOctets(100);
    expect(decode(decoder, indices).outcome).toBe("compression-error");
  });

  test("what was read out of one of another decoder", () => {
    const decoder = roomyDecoder();
    known(decoder, indices);
    decode(decoder, indices).memo = "mine";
    const other = roomyDecoder();
    known(other, indices);
    expect(decode(other, indices).memo).toBeUndefined();
  });
});

describe("the octets are borrowed", () => {
  test.each([
    ["a block", (value: string) => literal("notIndexed", "n", value)],
    [
      "a path",
      (value: string) => concat(literal("inserted", "m", "1"), literal("notIndexed", ":path", value)),
    ],
    ["a name", (value: string) => concat(literal("inserted", "m", "1"), literal("notIndexed", value, "v"))],
  ])("%s that was taken does not change with the chunk that it came in", (_, make) => {
    const decoder = roomyDecoder();
    const chunk = Buffer.from(make("first"));
    for (let i = 0; i < 3; i++) decode(decoder, chunk);
    // So many that some are looked for where the first one is.
    for (let i = 0; i < 300; i++) {
      const other = String(i).padStart(5, "a");
      chunk.set(make(other));
      expect(decode(decoder, chunk).fields.slice(-2)).toContain(other);
    }
    chunk.set(make("first"));
    expect(decode(decoder, chunk).fields.slice(-2)).toContain("first");
  });
});

test("a block is not taken for one that it begins with, nor for one of the same length", () => {
  const decoder = roomyDecoder();
  for (let turn = 0; turn < 4; turn++)
    for (let length = 0; length < 60; length++)
      for (const octet of [0x82, 0x83]) {
        const { fields } = decode(decoder, new Uint8Array(length).fill(octet));
        expect(fields).toEqual(
          Array.from({ length }, () => [":method", octet === 0x82 ? "GET" : "POST"]).flat(),
        );
      }
});

test("a string that was a name is not taken for a value, nor the other way round", () => {
  const decoder = roomyDecoder();
  const name = concat(literal("inserted", "m", "1"), literal("notIndexed", "A", "1"));
  const path = concat(literal("inserted", "m", "1"), literal("notIndexed", ":path", "A"));
  for (let i = 0; i < 5; i++) {
    expect(decode(decoder, name).isValid).toBe(false);
    expect(decode(decoder, path).isValid).toBe(true);
  }
});

test("a string that did not fit in one list is whole in the next", () => {
  const decoder = new Decoder({ maxOctets: 100, maxFields: 10 });
  const value = "v".repeat(60);
  const alone = literal("notIndexed", "n", value);
  for (let i = 0; i < 3; i++) expect(decode(decoder, concat(indices, alone)).outcome).toBe("too-large");
  for (let i = 0; i < 3; i++) expect(decode(decoder, alone).fields).toEqual(["n", value]);
});
