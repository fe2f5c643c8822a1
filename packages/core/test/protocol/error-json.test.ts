// PROTOCOL 1 "an error ...: take the code from the HTTP status; keep the message when present", 7 "error details".
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { RpcError } from "../../src/error.ts";
import { FieldMetadata } from "../../src/metadata.ts";
import { errorFromJson, errorToJson } from "../../src/protocol/connect/error-json.ts";

const read = (json: unknown): RpcError => errorFromJson(json, "unavailable", "fallback", new FieldMetadata());

test("an error is written with its code, its message and its details, unpadded", () => {
  const details = [{ type: "a.b.C", value: Uint8Array.of(1) }];
  expect(errorToJson(new RpcError("not_found", "m", { details }))).toEqual({
    code: "not_found",
    message: "m",
    details: [{ type: "a.b.C", value: "AQ" }],
  });
});

test("an empty message, and no details, are left out", () => {
  expect(errorToJson(new RpcError("aborted", ""))).toEqual({ code: "aborted" });
});

test("what is written is read again, and is the peer's word", () => {
  const details = [{ type: "a.b.C", value: Uint8Array.of(1, 2) }];
  const error = read(JSON.parse(JSON.stringify(errorToJson(new RpcError("aborted", "m", { details })))));
  expect(error).toMatchObject({ code: "aborted", message: "m", details, isRemote: true });
});

test.each([undefined, null, true, 5, "aborted", [], [{ code: "aborted" }]])(
  "%j is no error: the fallback is",
  (json) => {
    expect(read(json)).toMatchObject({ code: "unavailable", message: "fallback" });
  },
);

test.each([undefined, null, 10, "", "ok", "Aborted", "ABORTED", "toString", "__proto__", ["aborted"], {}])(
  "the code %j is none: the fallback is, with the message that came",
  (code) => {
    expect(read({ code, message: "m" })).toMatchObject({ code: "unavailable", message: "m" });
    expect(read({ code })).toMatchObject({ code: "unavailable", message: "fallback" });
  },
);

test("a known code without a message has none; a message that is no text is none", () => {
  expect(read({ code: "aborted" }).message).toBe("");
  expect(read({ code: "aborted", message: { a: 1 } }).message).toBe("");
});

test("details that are none are passed over; debug is not looked at; a type URL loses its host", () => {
  const details = [
    null,
    5,
    [],
    {},
    { type: "a.B" },
    { value: "AQ" },
    { type: 5, value: "AQ" },
    { type: "a.B", value: 5 },
    { type: "a.B", value: "!" },
    { type: "a.B", value: "AQ==", debug: { "@type": [] } },
    { type: "type.googleapis.com/a.B", value: "AQ", debug: null },
  ];
  const detail = { type: "a.B", value: Uint8Array.of(1) };
  expect(read({ code: "aborted", details }).details).toEqual([detail, detail]);
  expect(read({ code: "aborted", details: { 0: details[9], length: 1 } }).details).toEqual([]);
});

test("whatever JSON comes, an error comes of it", () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.jsonValue(), fc.jsonValue(), (code, message, details) => {
      expect(read({ code, message, details })).toBeInstanceOf(RpcError);
    }),
  );
});
