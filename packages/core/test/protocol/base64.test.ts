// PROTOCOL 1 "keys ending in -bin", 2 "URL-safe base64, padding optional", 5 "grpc-web-text".
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { decodeBase64, encodeBase64, encodeBase64Url } from "../../src/base64.ts";
import { Base64Reader } from "../../src/call/base64-reader.ts";
import { RpcError } from "../../src/error.ts";

const bytes = fc.uint8Array({ maxLength: 70 });

test("what is encoded is what every decoder reads, unpadded", () => {
  fc.assert(
    fc.property(bytes, (given) => {
      expect(encodeBase64(given)).toBe(Buffer.from(given).toString("base64").replaceAll("=", ""));
      expect(encodeBase64Url(given)).toBe(Buffer.from(given).toString("base64url"));
    }),
  );
});

test("padded and unpadded, of both alphabets, are read alike", () => {
  fc.assert(
    fc.property(bytes, (given) => {
      const padded = Buffer.from(given).toString("base64");
      for (const text of [padded, padded.replaceAll("=", ""), Buffer.from(given).toString("base64url")])
        expect(decodeBase64(text)).toEqual(Uint8Array.from(given));
    }),
  );
});

test.each([
  "A",
  "AAAAA",
  "AA=",
  "A===",
  "=",
  "====",
  "AA==AA==",
  "A A=",
  "AAA\n",
  "AA.=",
  "ÄAAA",
  "AAA\u0000",
  "A\ud83d\udca9",
])("%j is not base64", (text) => {
  expect(decodeBase64(text)).toBeNull();
});

describe("a body in base64", () => {
  const read = (chunks: readonly Uint8Array[]): Uint8Array | RpcError => {
    const reader = new Base64Reader();
    const parts: Uint8Array[] = [];
    for (const chunk of chunks) {
      const part = reader.read(chunk, 0, chunk.length);
      if (part instanceof RpcError) return part;
      parts.push(part);
    }
    return reader.finish() ?? new Uint8Array(Buffer.concat(parts));
  };

  test("comes in pieces with their own padding, split anywhere, with line ends between", () => {
    fc.assert(
      fc.property(
        fc.array(fc.uint8Array({ minLength: 1, maxLength: 20 }), { maxLength: 5 }),
        fc.integer({ min: 1, max: 9 }),
        (pieces, step) => {
          const text = Buffer.from(pieces.map((piece) => Buffer.from(piece).toString("base64")).join("\r\n"));
          const chunks: Uint8Array[] = [];
          for (let at = 0; at < text.length; at += step) chunks.push(text.subarray(at, at + step));
          expect(read(chunks)).toEqual(new Uint8Array(Buffer.concat(pieces)));
        },
      ),
    );
  });

  test("may have line ends anywhere, though not without end", () => {
    expect(read([Buffer.from("\r\n\nA\nQ\r\n=\n=\n\r\nAg==\n\n\n")])).toEqual(Uint8Array.of(1, 2));
    expect(read([Buffer.from("AQ==".repeat(500) + "\n".repeat(3000))])).toEqual(new Uint8Array(500).fill(1));
    const reader = new Base64Reader();
    const lineEnds = new Uint8Array(500).fill(0x0a);
    for (let i = 0; i < 2; i++) expect(reader.read(lineEnds, 0, 500)).toEqual(new Uint8Array(0));
    expect(reader.read(lineEnds, 0, 500)).toMatchObject({
      code: "invalid_argument",
      message: "the body is base64 with more line ends than characters",
    });
  });

  test.each(["A", "AA", "AAA", "AAAA=", "=AAA", "AA=A", "A===", "====", "AAA AAAA", "AAA\0"])(
    "that is %j is invalid_argument, however it is split",
    (text) => {
      const whole = Buffer.from(text, "latin1");
      for (let at = 0; at <= whole.length; at++)
        expect(read([whole.subarray(0, at), whole.subarray(at)])).toMatchObject({ code: "invalid_argument" });
    },
  );
});
