// PROTOCOL 3 "EndStream exactly once and last".
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { RpcError } from "../../src/error.ts";
import { endStreamFrame, readEndStream } from "../../src/protocol/connect/end-stream.ts";

const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);
const payload = (frame: Uint8Array): string => new TextDecoder().decode(frame.subarray(5));

test("success without trailers is {}", () => {
  expect([...endStreamFrame(null, [])]).toEqual([2, 0, 0, 0, 2, ...utf8("{}")]);
});

test("trailers are lists by name, in order", () => {
  const frame = endStreamFrame(null, ["a", "1", "b", "2", "a", "3"]);
  expect(JSON.parse(payload(frame))).toEqual({ metadata: { a: ["1", "3"], b: ["2"] } });
});

test.each(["constructor", "__proto__", "tostring", "__definegetter__"])(
  "a trailer may be named %s",
  (name) => {
    const frame = endStreamFrame(null, [name, "1", name, "2"]);
    expect(payload(frame)).toBe(`{"metadata":{"${name}":["1","2"]}}`);
    expect(readEndStream(frame.subarray(5), [])).toEqual({ error: null, trailers: [name, "1", name, "2"] });
  },
);

test("what is written is read again, the error with headers and trailers as its metadata", () => {
  const frame = endStreamFrame(new RpcError("aborted", "m"), ["a", "1"]);
  const { error, trailers } = readEndStream(frame.subarray(5), ["h", "0"]);
  expect(error).toMatchObject({ code: "aborted", message: "m", isRemote: true });
  expect([...(error?.metadata ?? [])]).toEqual([
    ["h", "0"],
    ["a", "1"],
  ]);
  expect(trailers).toEqual(["a", "1"]);
});

test("metadata of more than 2048 values are refused, as a head with them would be", () => {
  const values = (count: number): Uint8Array =>
    utf8(JSON.stringify({ error: { code: "aborted" }, metadata: { a: Array(count).fill("1") } }));
  expect(readEndStream(values(2048), []).error?.code).toBe("aborted");
  const { error, trailers } = readEndStream(values(2049), ["h", "0"]);
  expect(error).toMatchObject({
    code: "resource_exhausted",
    message: "the EndStream message has more than 2048 values of metadata",
    isRemote: false,
  });
  expect([...(error?.metadata ?? [])]).toEqual([["h", "0"]]);
  expect(trailers).toEqual([]);
});

test.each(["{}", '{"error":null}', '{"error":null,"metadata":null}', '{"x":1}', ' \n{ "metadata" : {} }'])(
  "%s is success",
  (text) => {
    expect(readEndStream(utf8(text), [])).toEqual({ error: null, trailers: [] });
  },
);

test.each(["", "null", "[]", "1", '"x"', "{", "{}x", "\u0000", "\uFEFF{}"])("%j is internal", (text) => {
  expect(readEndStream(utf8(text), ["h", "0"]).error).toMatchObject({ code: "internal", isRemote: false });
});

test("what is not UTF-8 is internal", () => {
  expect(readEndStream(Uint8Array.of(0x7b, 0xff, 0x7d), []).error?.code).toBe("internal");
});

test.each([{}, [], 5, "aborted", true, { code: null }, { code: "nope" }, { code: 10 }])(
  "the error %j is unknown",
  (error) => {
    expect(readEndStream(utf8(JSON.stringify({ error })), []).error?.code).toBe("unknown");
  },
);

test("metadata that are none are passed over, reserved ones too; names are lower case", () => {
  const text =
    '{"metadata":{"A":["1",2,null,"3"],"b":"x","c":null,"grpc-status":["0"],"content-type":["x"],"D-Bin":["AQ"]}}';
  expect(readEndStream(utf8(text), []).trailers).toEqual(["a", "1", "a", "3", "d-bin", "AQ"]);
});

test("whatever bytes come, an outcome comes of them", () => {
  fc.assert(
    fc.property(fc.oneof(fc.uint8Array(), fc.json().map(utf8)), (bytes) => {
      const { error } = readEndStream(bytes, []);
      expect(error === null || error instanceof RpcError).toBe(true);
    }),
  );
});
