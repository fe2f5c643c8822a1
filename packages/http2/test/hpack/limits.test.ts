import { describe, expect, test } from "vitest";
import { Decoder } from "../../src/hpack/decoder.ts";
import { concat, decode, hex, indexed, integer, literal, plain, roomyDecoder, update } from "./support.ts";

const field = (name: string, value: string): Uint8Array => literal("notIndexed", name, value);

describe("RFC 9113 section 6.5.2: the size of a list", () => {
  // 1 + 7 + 32, twice.
  const two = concat(field("a", "1234567"), field("b", "1234567"));

  test("equal passes, and is told", () => {
    const block = decode(new Decoder({ maxOctets: 80, maxFields: 10 }), two);
    expect(block).toMatchObject({ outcome: "fields", fields: ["a", "1234567", "b", "1234567"], octets: 80 });
  });

  test("one octet more is too large: what came before the limit is kept, and the whole size is told", () => {
    const block = decode(new Decoder({ maxOctets: 79, maxFields: 10 }), two);
    expect(block).toMatchObject({
      outcome: "too-large",
      fields: ["a", "1234567"],
      octets: 80,
      problem: "a header list of 2 fields and 80 octets: at most 10 and 79 are allowed",
    });
  });

  test("it counts what was decoded, not what was sent", () => {
    // Five bits each: 15 octets for 24 characters.
    const zeros = concat(hex("000161"), hex("8f"), new Uint8Array(15));
    expect(decode(new Decoder({ maxOctets: 57, maxFields: 10 }), zeros).outcome).toBe("fields");
    expect(decode(new Decoder({ maxOctets: 56, maxFields: 10 }), zeros)).toMatchObject({
      outcome: "too-large",
      octets: 57,
    });
  });
});

test("as many fields as allowed pass, one more is too large", () => {
  const limits = { maxOctets: 1e6, maxFields: 3 };
  expect(decode(new Decoder(limits), hex("828486")).outcome).toBe("fields");
  expect(decode(new Decoder(limits), hex("82848687"))).toMatchObject({
    outcome: "too-large",
    fields: [":method", "GET", ":path", "/", ":scheme", "http"],
  });
});

describe("a list that is too large", () => {
  test("leaves the table as the peer has it, whatever was beyond the limit", () => {
    const block = concat(
      literal("inserted", "first", "1"),
      literal("notIndexed", "great", "v".repeat(500)),
      literal("inserted", "second", "2"),
      concat(integer(0x40, 6, 62), plain("3")),
      literal("never", "secret", "s"),
      indexed(63),
    );
    const decoder = new Decoder({ maxOctets: 100, maxFields: 10 });
    expect(decode(decoder, block)).toMatchObject({
      outcome: "too-large",
      fields: ["first", "1"],
      neverIndexed: undefined,
    });
    expect(decode(decoder, concat(indexed(63), indexed(62)))).toMatchObject({
      outcome: "fields",
      fields: ["second", "2", "second", "3"],
    });
    expect(decode(decoder, indexed(64)).fields).toEqual(["first", "1"]);
  });

  test("also of an entry that empties the table, and of one that fits in the table and not in the list", () => {
    const decoder = new Decoder({ maxOctets: 100, maxFields: 10 });
    decode(decoder, literal("inserted", "n", "1"));
    expect(decode(decoder, literal("inserted", "n", "v".repeat(5000)))).toMatchObject({
      outcome: "too-large",
      fields: [],
    });
    const fits = concat(
      literal("inserted", "n", "v".repeat(3000)),
      literal("inserted", "x".repeat(900), "2"),
    );
    expect(decode(decoder, fits).outcome).toBe("too-large");
    const wide = roomyDecoder();
    decode(wide, fits);
    for (const index of [62, 63]) {
      // Both are too large to be had one by one: their size tells which they are.
      const { octets } = decode(wide, indexed(index));
      expect(decode(decoder, indexed(index)).octets).toBe(octets);
    }
    expect(decode(decoder, indexed(64)).outcome).toBe("compression-error");
  });

  test("is still checked: bad code in it is a compression error", () => {
    const great = literal("notIndexed", "great", "v".repeat(500));
    const limits = { maxOctets: 100, maxFields: 10 };
    for (const bad of [
      hex("00 0161 81ff"),
      hex("00 81ff 0161"),
      indexed(62),
      update(10),
      hex("00 01"),
      hex("7f"),
    ])
      expect(decode(new Decoder(limits), concat(great, bad)).outcome).toBe("compression-error");
  });

  test("is no error of the connection: the next block is decoded", () => {
    const decoder = new Decoder({ maxOctets: 100, maxFields: 10 });
    decode(decoder, literal("notIndexed", "great", "v".repeat(500)));
    expect(decode(decoder, hex("82")).fields).toEqual([":method", "GET"]);
  });
});

describe("bombs", () => {
  const limits = { maxOctets: 16_384, maxFields: 200 };

  test("a field of 4 KiB, referred to 100,000 times, costs next to nothing", () => {
    const decoder = new Decoder(limits);
    const value = "v".repeat(4096 - 33);
    decode(decoder, literal("inserted", "n", value));
    const references = new Uint8Array(100_000).fill(0x80 | 62);
    const block = decode(decoder, references);
    expect(block).toMatchObject({ outcome: "too-large", octets: 100_000 * 4096 });
    expect(block.fields).toEqual(["n", value, "n", value, "n", value, "n", value]);
  });

  test("100,000 empty fields are not kept either", () => {
    const block = decode(new Decoder(limits), new Uint8Array(300_000));
    expect(block).toMatchObject({ outcome: "too-large", octets: 100_000 * 32 });
    expect(block.fields).toHaveLength(400);
  });

  test("nor is a Huffman-coded string of a megabyte", () => {
    const zeros = concat(hex("000161"), integer(0x80, 7, 1_000_000), new Uint8Array(1_000_000));
    const block = decode(new Decoder(limits), zeros);
    expect(block).toMatchObject({ outcome: "too-large", fields: [], octets: 33 + 1_600_000 });
  });

  test("nor are the places of never-indexed fields", () => {
    const block = decode(
      new Decoder(limits),
      concat(...Array.from({ length: 1000 }, () => literal("never", "n", "v"))),
    );
    expect(block.neverIndexed).toHaveLength(200);
  });

  test("a block of nothing but updates of the table's size is decoded", () => {
    const blocks = Array.from({ length: 10_000 }, (_, i) => update(i % 2 === 0 ? 0 : 4096));
    expect(decode(new Decoder(limits), concat(...blocks))).toMatchObject({ outcome: "fields", fields: [] });
  });
});
