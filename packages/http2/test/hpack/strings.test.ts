import { describe, expect, test } from "vitest";
import { latin1 } from "../../src/hpack/latin1.ts";
import {
  concat,
  decode,
  encode,
  hex,
  indexed,
  indexingEncoder,
  literal,
  octets,
  roomyDecoder,
} from "./support.ts";

const every = Array.from({ length: 256 }, (_, octet) => String.fromCharCode(octet)).join("");

describe("octets are characters of ISO-8859-1", () => {
  test.each([
    ["without Huffman code", literal("notIndexed", "n", every)],
    ["with", encode(indexingEncoder(), ["n", every])],
  ])("all 256 of them, %s", (_, block) => {
    expect(decode(roomyDecoder(), block).fields).toEqual(["n", every]);
  });

  test("as many as there are", () => {
    for (const text of ["0".repeat(100_000), every.repeat(500)])
      expect(decode(roomyDecoder(), encode(indexingEncoder(), ["n", text])).fields).toEqual(["n", text]);
  });

  test("at every length, and at every offset", () => {
    const bytes = octets(every.repeat(40));
    for (let length = 0; length < 300; length++)
      expect(latin1(bytes, length, 2 * length)).toBe(every.repeat(40).slice(length, 2 * length));
    expect(latin1(bytes, 0, bytes.length)).toBe(every.repeat(40));
  });

  test("also where the engine has nothing of its own for it", async () => {
    const { Buffer } = globalThis;
    try {
      Reflect.set(globalThis, "Buffer", undefined);
      const anew: string = "../../src/hpack/latin1.ts?portable";
      const portable = (await import(anew)) as { latin1: typeof latin1 };
      const bytes = Uint8Array.from({ length: 10_000 }, (_, i) => i % 251);
      Reflect.set(globalThis, "Buffer", Buffer);
      for (const length of [0, 8, 9, 4095, 4096, 4097, 9000])
        expect(portable.latin1(bytes, 1, 1 + length)).toBe(latin1(bytes, 1, 1 + length));
    } finally {
      Reflect.set(globalThis, "Buffer", Buffer);
    }
  });
});

describe("RFC 9113 section 8.2.1: whether the fields are valid", () => {
  const isValid = (name: string, value: string): boolean => {
    const answers = ["notIndexed", "never", "inserted"].map((kind) => {
      const decoder = roomyDecoder();
      const block = literal(kind as "never", name, value);
      // Three times: the second and the third may come from a cache.
      const three = [1, 2, 3].map(() => decode(decoder, block).isValid);
      if (kind === "inserted") three.push(decode(decoder, indexed(62)).isValid);
      // One such field is enough.
      three.push(decode(decoder, concat(indexed(2), block, indexed(2))).isValid);
      return three;
    });
    const [first] = answers.flat();
    expect(answers.flat()).toEqual(answers.flat().map(() => first));
    return first as boolean;
  };

  test.each(["a", ":status", "x-a_b.c~1", "!#$%&'*+-.^_`|~09az"])("the name %j is", (name) => {
    expect(isValid(name, "v")).toBe(true);
  });

  test.each([
    "",
    ":",
    "A",
    "x-Upper",
    "a:b",
    "::a",
    "a b",
    "a\0",
    "a\x7f",
    "a\u0080",
    "é",
    "a(b",
    "a\t",
    "a\n",
  ])("the name %j is not", (name) => {
    expect(isValid(name, "v")).toBe(false);
  });

  test.each(["", "v", "a b\tc", "é\u0080\u00ff", "\x01\x1f\x7f", '(),/:;<=>?@[]{}"\\'])(
    "the value %j is",
    (value) => {
      expect(isValid("n", value)).toBe(true);
    },
  );

  test.each([" ", "\t", " v", "v ", "\tv", "v\t", "a\0b", "a\rb", "a\nb", "\0", "v\n"])(
    "the value %j is not",
    (value) => {
      expect(isValid("n", value)).toBe(false);
    },
  );

  test("a name is checked where an index stands for it", () => {
    const decoder = roomyDecoder();
    expect(decode(decoder, literal("inserted", "Upper", "v")).isValid).toBe(false);
    expect(decode(decoder, concat(hex("0f2f"), hex("0176"))).isValid).toBe(false);
    expect(decode(decoder, concat(hex("7e"), hex("0176"))).isValid).toBe(false);
    // A bad value is the value's alone.
    expect(decode(decoder, literal("inserted", "lower", " v")).isValid).toBe(false);
    expect(decode(decoder, concat(hex("7e"), hex("0176"))).isValid).toBe(true);
  });

  test("the whole static table is", () => {
    for (let index = 1; index <= 61; index++)
      expect(decode(roomyDecoder(), indexed(index)).isValid).toBe(true);
  });
});

test("an octet beyond the block's end, or before its start, has no part in it", () => {
  const decoder = roomyDecoder();
  const chunk = Buffer.concat([Buffer.from("AA"), literal("notIndexed", "n", "v"), Buffer.from("\n")]);
  expect(decoder.decode(chunk, 2, chunk.length - 1)).toMatchObject({ fields: ["n", "v"], isValid: true });
});
