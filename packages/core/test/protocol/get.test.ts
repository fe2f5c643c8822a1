// PROTOCOL 2 "Connect GET".
import * as fc from "fast-check";
import { expect, test, vi } from "vitest";
import { connectClient } from "../../src/protocol/connect/client.ts";
import { getQuery, readQuery } from "../../src/protocol/connect/get.ts";
import { GreetServiceLite } from "../../../../gen/greet/v1/greet_millrace.ts";

const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);

test("the parts of a query are in the order that caches rely on", () => {
  expect(getQuery("proto", Uint8Array.of(255, 254), "gzip")).toBe(
    "connect=v1&base64=1&compression=gzip&encoding=proto&message=__4",
  );
  expect(getQuery("proto", Uint8Array.of(1), null)).toBe("connect=v1&base64=1&encoding=proto&message=AQ");
  expect(getQuery("json", utf8('{"a":"b c&d=é"}'), null)).toBe(
    "connect=v1&encoding=json&message=%7B%22a%22%3A%22b%20c%26d%3D%C3%A9%22%7D",
  );
});

test("what is written is read again", () => {
  fc.assert(
    fc.property(
      fc.uint8Array(),
      fc.string({ unit: "grapheme" }),
      fc.constantFrom("gzip", null),
      (bytes, text, compression) => {
        const binary = readQuery(getQuery("proto", bytes, compression));
        expect(binary).toEqual({
          encoding: "proto",
          compression,
          version: "v1",
          message: Uint8Array.from(bytes),
        });
        expect(readQuery(getQuery("json", utf8(text), null)).message).toEqual(utf8(text));
      },
    ),
  );
});

test("parameters come in any order, unknown ones and repetitions are passed over", () => {
  const query = readQuery("message=AQ&x=y&&=&z&encoding=proto&encoding=json&base64=1&connect=v1");
  expect(query).toEqual({ encoding: "proto", compression: null, version: "v1", message: Uint8Array.of(1) });
});

test("names of parameters are percent-decoded, as URL parsers do", () => {
  const query = readQuery("%6Dessage=AQ&encod%69ng=proto&base%364=1&%zz=1&message=AA");
  expect(query).toMatchObject({ encoding: "proto", message: Uint8Array.of(1) });
});

test.each(["%", "%zz", "%ff", "+", "a"])(
  "of parameters that nobody knows, %j say, none is decoded",
  (name) => {
    const decode = vi.spyOn(globalThis, "decodeURIComponent");
    try {
      expect(readQuery(`${`${name}&`.repeat(2000)}encoding=json&${name}=${name}`).encoding).toBe("json");
      expect(decode.mock.calls).toEqual([["json"]]);
    } finally {
      decode.mockRestore();
    }
  },
);

test.each([
  ["", null],
  ["message", []],
  ["message=", []],
  ["message=a+b", [0x61, 0x20, 0x62]],
  ["message=%", null],
  ["message=%zz", null],
  ["message=%ff", null],
  ["base64=1&message=!", null],
  ["base64=1&message=A", null],
  ["base64=1&message=AQ%3D%3D", [1]],
  ["base64=1&message=AQ==", [1]],
  ["base64=0&message=AQ", [0x41, 0x51]],
] as const)("of %j the message is %j", (query, bytes) => {
  const { message } = readQuery(query);
  expect(message === null ? null : [...message]).toEqual(bytes);
});

test("compression identity, and none, are none", () => {
  for (const query of ["", "compression=", "compression=identity"])
    expect(readQuery(query).compression).toBeNull();
});

test("what the query says is not said by the fields", () => {
  const fields = connectClient.get!.request({
    method: GreetServiceLite.methods[0]!,
    httpMethod: "GET",
    format: "json",
    metadata: ["x", "y"],
    timeoutMs: 5,
    sendEncoding: null,
    acceptEncodings: ["gzip", "br"],
  });
  expect(fields).toEqual(["connect-timeout-ms", "5", "accept-encoding", "gzip, br", "x", "y"]);
});

test("whatever query comes, it is read", () => {
  fc.assert(
    fc.property(
      fc.array(fc.constantFrom("message=", "base64=1", "&", "=", "%", "é", "+", "compression", "__proto__=")),
      (parts) => {
        expect(() => readQuery(parts.join(""))).not.toThrow();
      },
    ),
  );
});
