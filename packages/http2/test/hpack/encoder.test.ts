import { describe, expect, test } from "vitest";
import { blockBound, Encoder } from "../../src/hpack/encoder.ts";
import { defaultIndexingPolicy } from "../../src/hpack/indexing-policy.ts";
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
  update,
} from "./support.ts";

describe("section 6: the representation of a field", () => {
  test("is an index where the static table has the field", () => {
    expect(
      encode(new Encoder(), [":method", "POST", ":status", "204", "accept-encoding", "gzip, deflate"]),
    ).toEqual(hex("83 89 90"));
    expect(encode(new Encoder(), ["content-type", "", ":authority", ""])).toEqual(hex("9f 81"));
  });

  test("is a literal that is indexed, and then its index", () => {
    const encoder = new Encoder();
    const fields = ["content-type", "application/grpc", "grpc-status", "0"];
    const first = encode(encoder, fields);
    expect(first[0]).toBe(0x40 | 31);
    expect(encode(encoder, fields)).toEqual(hex("bf be"));
    const decoder = roomyDecoder();
    expect(decode(decoder, first).fields).toEqual(fields);
    expect(decode(decoder, hex("bf be")).fields).toEqual(fields);
  });

  test("takes the name from the static table, else from the dynamic one, else writes it", () => {
    const encoder = indexingEncoder();
    expect(encode(encoder, ["content-type", "a"])).toEqual(hex("5f 0161"));
    expect(encode(encoder, ["x", "!"])).toEqual(hex("40 0178 0121"));
    expect(encode(encoder, ["x", "#"])).toEqual(hex("7e 0123"));
    // What goes in moves what is there.
    expect(encode(encoder, ["y", "!", "x", "$"])).toEqual(hex("40 0179 0121 7f00 0124"));
  });

  test("of a name whose newest value has gone is a literal name again", () => {
    const encoder = indexingEncoder();
    encoder.setMaxTableOctets(40 * 4);
    encode(encoder, ["x", "1234567"]);
    for (let i = 0; i < 4; i++) encode(encoder, ["y", `${i}234567`]);
    const decoder = roomyDecoder();
    const block = encode(encoder, ["x", "!"]);
    expect(block).toEqual(hex("40 0178 0121"));
    expect(decode(decoder, block).outcome).toBe("fields");
  });

  test("has Huffman code where that is shorter, for name and value each", () => {
    // "www" has 21 bits; "!!!" has 30.
    const block = encode(new Encoder({ never: [], perRequest: ["www", "!!!"] }), [
      "www",
      "!!!",
      "!!!",
      "www",
    ]);
    expect(block.subarray(0, 2)).toEqual(hex("0003"));
    expect(encode(new Encoder(), ["www-authenticate", "0000"])).toEqual(hex("7d 83 00000f"));
    expect(encode(new Encoder(), ["www-authenticate", "!!!"])).toEqual(hex("7d 03 212121"));
  });
});

describe("what is not indexed", () => {
  test.each(defaultIndexingPolicy.perRequest)("%s, which differs from request to request", (name) => {
    const encoder = new Encoder();
    const decoder = roomyDecoder();
    for (let i = 0; i < 3; i++) {
      const block = decode(decoder, encode(encoder, [name, `v${i}`]));
      expect(block).toMatchObject({ fields: [name, `v${i}`], neverIndexed: undefined });
    }
    expect(decode(decoder, indexed(62)).outcome).toBe("compression-error");
  });

  test("a path with a query", () => {
    const encoder = new Encoder();
    expect(encode(encoder, [":path", "/a?b"])[0]).toBe(0x04);
    expect(encode(encoder, [":path", "/a?b"])[0]).toBe(0x04);
    expect(encode(encoder, [":path", "/a"])[0]).toBe(0x44);
    expect(encode(encoder, [":path", "/a"])).toEqual(hex("be"));
  });

  test("a field that would take more than half of the table", () => {
    const encoder = indexingEncoder();
    const decoder = roomyDecoder();
    const fields = ["x", "!", "n", "v".repeat(2048 - 32)];
    for (let i = 0; i < 2; i++) expect(decode(decoder, encode(encoder, fields)).fields).toEqual(fields);
    expect(decode(decoder, indexed(62)).fields).toEqual(["x", "!"]);
    expect(decode(decoder, indexed(63)).outcome).toBe("compression-error");
  });

  test("anything, with a table of no octets", () => {
    const encoder = indexingEncoder();
    encoder.setMaxTableOctets(0);
    expect(encode(encoder, ["x", "!"])).toEqual(hex("20 00 0178 0121"));
    expect(encode(encoder, ["x", "!"])).toEqual(hex("00 0178 0121"));
  });
});

describe("section 4.2: a change of the peer's setting", () => {
  test("is told at the start of the next block, once", () => {
    const encoder = new Encoder();
    encoder.setMaxTableOctets(100);
    expect(encode(encoder, [":method", "GET"])).toEqual(concat(update(100), hex("82")));
    expect(encode(encoder, [":method", "GET"])).toEqual(hex("82"));
  });

  test("is not told where nothing changes: the same, or more than we use", () => {
    const encoder = new Encoder();
    encoder.setMaxTableOctets(4096);
    encoder.setMaxTableOctets(65_536);
    expect(encode(encoder, [":method", "GET"])).toEqual(hex("82"));
  });

  test("the least and the last are told, of many", () => {
    const told = (...sizes: number[]): Uint8Array => {
      const encoder = new Encoder();
      for (const size of sizes) encoder.setMaxTableOctets(size);
      return encode(encoder, []);
    };
    expect(told(0, 4096)).toEqual(concat(update(0), update(4096)));
    expect(told(1000, 100, 2000, 1500)).toEqual(concat(update(100), update(1500)));
    expect(told(1000, 2000, 100)).toEqual(update(100));
    expect(told(1000, 1_000_000)).toEqual(concat(update(1000), update(4096)));
  });

  test("what it pushes out is written again", () => {
    const encoder = indexingEncoder();
    const decoder = roomyDecoder();
    const fields = ["x", "!"];
    for (let i = 0; i < 3; i++) decode(decoder, encode(encoder, fields));
    encoder.setMaxTableOctets(0);
    encoder.setMaxTableOctets(4096);
    expect(encode(encoder, fields)).toEqual(concat(update(0), update(4096), hex("40 0178 0121")));
  });
});

describe("a list that repeats", () => {
  const head = [":status", "200", "content-type", "application/grpc"];

  test("is written as before, alone and behind another list", () => {
    const encoder = new Encoder();
    encode(encoder, head);
    for (let i = 0; i < 3; i++) expect(encode(encoder, head)).toEqual(hex("88 be"));
    const out = new Uint8Array(100);
    const end = encoder.write([":method", "GET"], out, encoder.begin(out, 10));
    expect(out.subarray(10, encoder.write(head, out, end))).toEqual(hex("82 88 be"));
  });

  test("is written anew when the table has moved", () => {
    const encoder = new Encoder();
    const decoder = roomyDecoder();
    for (let i = 0; i < 12; i++) {
      decode(decoder, encode(encoder, ["x", String(i)]));
      for (let j = 0; j < 3; j++) expect(decode(decoder, encode(encoder, head)).fields).toEqual(head);
    }
    encoder.setMaxTableOctets(40);
    for (let j = 0; j < 3; j++) expect(decode(decoder, encode(encoder, head)).fields).toEqual(head);
  });

  test("is what it holds, not which array it is", () => {
    const encoder = new Encoder();
    const decoder = roomyDecoder();
    const list = ["x", "1", "y", "2"];
    for (let i = 0; i < 3; i++) decode(decoder, encode(encoder, list));
    list[1] = "3";
    expect(decode(decoder, encode(encoder, list)).fields).toEqual(["x", "3", "y", "2"]);
    expect(decode(decoder, encode(encoder, ["x", "1"])).fields).toEqual(["x", "1"]);
  });

  test("more lists than are remembered are written well", () => {
    const encoder = new Encoder();
    const decoder = roomyDecoder();
    for (let turn = 0; turn < 4; turn++)
      for (let i = 0; i < 20; i++)
        expect(decode(decoder, encode(encoder, ["x", String(i)])).fields).toEqual(["x", String(i)]);
  });
});

describe("the bound", () => {
  test("is enough for the longest codes, the longest names, and the updates", () => {
    for (const text of ["", "\0".repeat(300), "\u00f9".repeat(20_000), "a".repeat(127), "a".repeat(128)]) {
      const encoder = indexingEncoder();
      encoder.setMaxTableOctets(0);
      encoder.setMaxTableOctets(4095);
      const fields = [text, text, text, text];
      const out = new Uint8Array(blockBound(fields) + 64).fill(0xa5);
      const end = encoder.write(fields, out, encoder.begin(out, 0));
      expect(end).toBeLessThanOrEqual(blockBound(fields));
      expect(out.subarray(blockBound(fields))).toEqual(new Uint8Array(64).fill(0xa5));
    }
  });
});

describe("strings are octets of ISO-8859-1", () => {
  test.each([
    ["\u00e9\u00ff\u0080\u007f"],
    ["short \u00e9"],
    ["ascii, and longer than a few characters"],
    ["not ascii, and longer than a few characters: \u00e9"],
    // Where UTF-8 has as many octets as fit in some power of two.
    ["\u00e9".repeat(512) + "a".repeat(512)],
    ["\u00e9".repeat(1024)],
    ["a".repeat(1023) + "\u00e9"],
    ["a".repeat(1025)],
    ["\u00e9".repeat(5000)],
  ])("%j", (text) => {
    const policy = { never: [text], perRequest: [] };
    const fields = ["x", text, text, "y"];
    expect(decode(roomyDecoder(), encode(new Encoder(policy), fields)).fields).toEqual(fields);
  });

  test("a character that is none is written as one that could not split a field", () => {
    for (const padding of ["", "longer than a few characters"])
      expect(
        decode(roomyDecoder(), encode(new Encoder(), ["x", `${padding}a\u010ab\u2028\ud83d\ude00\ud800`]))
          .fields,
      ).toEqual(["x", `${padding}a?b????`]);
  });
});

test("a literal of this side is what a literal by hand is", () => {
  const encoder = new Encoder({ never: ["!"], perRequest: ["#"] });
  expect(encode(encoder, ["!", "$$", "#", "$$", "$", "$$"])).toEqual(
    concat(literal("never", "!", "$$"), literal("notIndexed", "#", "$$"), literal("inserted", "$", "$$")),
  );
  expect(octets("$$")).toHaveLength(2);
});
