import { describe, expect, test } from "vitest";
import type { Decoder } from "../../src/hpack/decoder.ts";
import { concat, decode, hex, indexed, integer, literal, plain, roomyDecoder, update } from "./support.ts";

/** A decoder whose table has the given size, told by the peer. */
function decoderOf(size: number): Decoder {
  const decoder = roomyDecoder();
  decoder.setMaxTableOctets(Math.max(size, 4096));
  expect(decode(decoder, update(size)).outcome).toBe("fields");
  return decoder;
}

/** Inserts a field whose entry has 40 octets: the name `n`, and the value, of seven. */
function insert(decoder: Decoder, value: string): void {
  expect(value.length).toBe(7);
  expect(decode(decoder, literal("inserted", "n", value)).outcome).toBe("fields");
}

/** The values in the table, the newest first. Ends the decoder. */
function valuesIn(decoder: Decoder): string[] {
  const values: string[] = [];
  for (let index = 62; ; index++) {
    const { outcome, fields } = decode(decoder, indexed(index));
    if (outcome !== "fields") return values;
    values.push(fields[1] as string);
  }
}

const seven = (number: number): string => String(number).padStart(7, "0");

describe("section 2.3.3: the index", () => {
  test.each([
    ["0", "80"],
    ["beyond an empty dynamic table", "be"],
    ["far beyond it", "ffffffff07"],
  ])("%s stands for nothing: a compression error", (_, digits) => {
    expect(decode(roomyDecoder(), hex(digits)).outcome).toBe("compression-error");
  });

  test.each([
    ["with indexing", integer(0x40, 6, 62)],
    ["without indexing", integer(0, 4, 62)],
    ["never indexed", integer(0x10, 4, 62)],
  ])("of a name that there is not, in a literal %s, is a compression error", (_, start) => {
    const block = decode(roomyDecoder(), concat(start, plain("v")));
    expect(block).toMatchObject({
      outcome: "compression-error",
      problem: "there is no entry 62: the last is 61",
    });
  });

  test("the newest entry is 62, and each insertion moves the others", () => {
    const decoder = decoderOf(4096);
    for (let i = 0; i < 5; i++) insert(decoder, seven(i));
    expect(valuesIn(decoder)).toEqual([4, 3, 2, 1, 0].map(seven));
  });

  test("an insertion counts for the next field of the same block", () => {
    const decoder = roomyDecoder();
    const block = concat(
      literal("inserted", "n", "1"),
      indexed(62),
      literal("inserted", "n", "2"),
      indexed(63),
    );
    expect(decode(decoder, block).fields).toEqual(["n", "1", "n", "1", "n", "2", "n", "1"]);
  });
});

describe("section 4: the size", () => {
  test("entries go when the next would not fit, the oldest first, in a table that has been round many times", () => {
    const decoder = decoderOf(40 * 7 + 39);
    for (let i = 0; i < 100; i++) insert(decoder, seven(i));
    expect(valuesIn(decoder)).toEqual([99, 98, 97, 96, 95, 94, 93].map(seven));
  });

  test("an entry of exactly the table's size fits, and is alone", () => {
    const decoder = decoderOf(40);
    insert(decoder, seven(1));
    insert(decoder, seven(2));
    expect(valuesIn(decoder)).toEqual([seven(2)]);
  });

  test("section 4.4: an entry that is one octet greater empties the table, and the field stands nevertheless", () => {
    const decoder = decoderOf(80);
    insert(decoder, seven(1));
    insert(decoder, seven(2));
    const great = "v".repeat(80 - 32);
    expect(decode(decoder, literal("inserted", "n", great)).fields).toEqual(["n", great]);
    expect(valuesIn(decoder)).toEqual([]);
  });

  test("section 4.4: a literal may take its name from the entry that it pushes out", () => {
    const decoder = decoderOf(40);
    insert(decoder, seven(1));
    expect(decode(decoder, concat(integer(0x40, 6, 62), plain(seven(2)))).fields).toEqual(["n", seven(2)]);
    expect(valuesIn(decoder)).toEqual([seven(2)]);
  });

  test("section 4.3: a smaller size evicts, a greater one brings nothing back and leaves room", () => {
    const decoder = decoderOf(400);
    for (let i = 0; i < 10; i++) insert(decoder, seven(i));
    decode(decoder, update(119));
    decode(decoder, update(200));
    insert(decoder, seven(10));
    expect(valuesIn(decoder)).toEqual([10, 9, 8].map(seven));
  });

  test("section 4.2: a size of 0 and then the old one clear the table", () => {
    const decoder = decoderOf(400);
    for (let i = 0; i < 10; i++) insert(decoder, seven(i));
    decode(decoder, concat(update(0), update(400)));
    insert(decoder, seven(10));
    expect(valuesIn(decoder)).toEqual([seven(10)]);
  });

  test("a table of no octets takes nothing", () => {
    const decoder = decoderOf(0);
    expect(decode(decoder, literal("inserted", "", "")).fields).toEqual(["", ""]);
    expect(valuesIn(decoder)).toEqual([]);
  });

  test("an entry may be there twice", () => {
    const decoder = decoderOf(400);
    insert(decoder, seven(1));
    insert(decoder, seven(1));
    expect(valuesIn(decoder)).toEqual([seven(1), seven(1)]);
  });
});

describe("section 6.3: updates of the size, as a decoder sees them", () => {
  test("they stand at the start of a block only", () => {
    const block = decode(roomyDecoder(), concat(indexed(2), update(100)));
    expect(block).toMatchObject({
      outcome: "compression-error",
      problem: expect.stringContaining("behind a field"),
    });
  });

  test("up to our setting, and no further", () => {
    expect(decode(roomyDecoder(), update(4096)).outcome).toBe("fields");
    expect(decode(roomyDecoder(), update(4097))).toMatchObject({
      outcome: "compression-error",
      problem: "a table of 4097 octets, and at most 4096 are allowed",
    });
  });

  test("a raised setting is there to be used, and need not be", () => {
    const decoder = roomyDecoder();
    decoder.setMaxTableOctets(8192);
    expect(decode(decoder, indexed(2)).outcome).toBe("fields");
    expect(decode(decoder, update(8192)).outcome).toBe("fields");
    const great = "v".repeat(8192 - 33);
    decode(decoder, literal("inserted", "n", great));
    expect(decode(decoder, indexed(62)).fields).toEqual(["n", great]);
    expect(decode(decoder, update(8193)).outcome).toBe("compression-error");
  });

  test("after a lowered setting the next block has to start with one, no greater", () => {
    const lowered = (block: Uint8Array): string => {
      const decoder = roomyDecoder();
      decoder.setMaxTableOctets(100);
      return decode(decoder, block).outcome;
    };
    expect(lowered(indexed(2))).toBe("compression-error");
    expect(lowered(update(101))).toBe("compression-error");
    expect(lowered(concat(update(100), indexed(2)))).toBe("fields");
    expect(lowered(concat(update(50), update(100), indexed(2)))).toBe("fields");
    expect(lowered(concat(update(50), update(101), indexed(2)))).toBe("compression-error");
  });

  test("not if the table was smaller than that anyway", () => {
    const decoder = decoderOf(100);
    decoder.setMaxTableOctets(100);
    expect(decode(decoder, indexed(2)).outcome).toBe("fields");
  });

  test("lowered and raised again between two blocks: the lowest is due, and then what the setting is now", () => {
    const moved = (block: Uint8Array): string => {
      const decoder = roomyDecoder();
      decoder.setMaxTableOctets(100);
      decoder.setMaxTableOctets(0);
      decoder.setMaxTableOctets(200);
      return decode(decoder, block).outcome;
    };
    expect(moved(concat(update(0), update(200), indexed(2)))).toBe("fields");
    expect(moved(concat(update(0), indexed(2)))).toBe("fields");
    expect(moved(concat(update(100), indexed(2)))).toBe("compression-error");
    expect(moved(concat(update(0), update(201), indexed(2)))).toBe("compression-error");
  });

  test("an empty block owes none, and leaves it due", () => {
    const decoder = roomyDecoder();
    decoder.setMaxTableOctets(100);
    expect(decode(decoder, new Uint8Array()).outcome).toBe("fields");
    expect(decode(decoder, indexed(2)).outcome).toBe("compression-error");
  });

  test("is due once", () => {
    const decoder = roomyDecoder();
    decoder.setMaxTableOctets(100);
    decode(decoder, update(100));
    expect(decode(decoder, indexed(2)).outcome).toBe("fields");
  });
});

test("after a compression error there is nothing but that error", () => {
  const decoder = roomyDecoder();
  const first = decode(decoder, indexed(62));
  expect(decode(decoder, indexed(2))).toBe(first);
});
