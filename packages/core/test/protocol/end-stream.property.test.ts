// PROTOCOL 1 "an error is not 200", 3 "EndStream exactly once and last", 7 "error details".
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { RpcError } from "../../src/error.ts";
import type { Code } from "../../src/code.ts";
import { endStreamFrame, readEndStream } from "../../src/protocol/connect/end-stream.ts";
import { errorFromJson, errorToJson } from "../../src/protocol/connect/error-json.ts";
import { prefixLength } from "../../src/protocol/envelope.ts";
import { FieldMetadata } from "../../src/metadata.ts";

const code = fc.constantFrom<Code>(
  "canceled",
  "unknown",
  "invalid_argument",
  "internal",
  "unavailable",
  "unauthenticated",
);
const error = fc
  .record({
    code,
    message: fc.string({ unit: "binary" }),
    details: fc.array(
      fc.record({ type: fc.stringMatching(/^[a-z.]{1,20}$/), value: fc.uint8Array({ maxLength: 20 }) }),
    ),
  })
  .map(({ code, message, details }) => new RpcError(code, message, { details }));
const trailer = fc.tuple(
  fc.oneof(fc.stringMatching(/^[0-9a-z_]{1,8}$/), fc.constantFrom("constructor", "__proto__", "tostring")),
  fc.stringMatching(/^[\x20-\x7e]{0,10}$/),
);

test("an error is read from JSON as it was written", () => {
  fc.assert(
    fc.property(error, (sent) => {
      const json = JSON.parse(JSON.stringify(errorToJson(sent))) as unknown;
      const { code, message, details } = errorFromJson(json, "unknown", "", new FieldMetadata());
      expect({ code, message, details }).toEqual({
        code: sent.code,
        message: sent.message,
        details: sent.details,
      });
    }),
  );
});

test("what ends a stream is read as it was written: the error, and the trailers, those of one name in order", () => {
  fc.assert(
    fc.property(fc.option(error), fc.array(trailer), (sent, trailers) => {
      const read = readEndStream(endStreamFrame(sent, trailers.flat()).subarray(prefixLength), []);
      expect([read.error?.code, read.error?.message]).toEqual([sent?.code, sent?.message]);
      expect(read.error?.details).toEqual(sent?.details);
      const [sentTrailers, received] = [trailers.flat(), read.trailers].map(
        (list) => new FieldMetadata([...list]),
      );
      expect(received!.fields.length).toBe(sentTrailers!.fields.length);
      for (const [name] of trailers) expect(received!.getAll(name)).toEqual(sentTrailers!.getAll(name));
    }),
  );
});

test("whatever JSON comes, an RpcError or success comes of it", () => {
  const known = fc.constantFrom(
    "error",
    "metadata",
    "code",
    "message",
    "details",
    "type",
    "value",
    "x-bin",
    "__proto__",
  );
  const { json } = fc.letrec((tie) => ({
    json: fc.oneof(
      { depthSize: "small" },
      fc.constantFrom<unknown>(null, true, 5, "", "aborted", "AQ", "\ud800"),
      fc.array(tie("json"), { maxLength: 3 }),
      fc.dictionary(known, tie("json"), { maxKeys: 4 }),
    ),
  }));
  fc.assert(
    fc.property(json, (value) => {
      const { error, trailers } = readEndStream(new TextEncoder().encode(JSON.stringify(value)), []);
      expect(error === null || error instanceof RpcError).toBe(true);
      expect(trailers.length % 2).toBe(0);
    }),
  );
});
