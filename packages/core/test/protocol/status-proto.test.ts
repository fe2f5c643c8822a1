// PROTOCOL 4 "grpc-status-details-bin: base64 google.rpc.Status; must agree with status and message", 7.
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { encodeBase64 } from "../../src/base64.ts";
import { RpcError } from "../../src/error.ts";
import { readStatus, statusFields } from "../../src/protocol/grpc/status.ts";
import { decodeStatus, encodeStatus } from "../../src/protocol/grpc/status-proto.ts";

const utf8 = (text: string): number[] => [...new TextEncoder().encode(text)];
const details = [{ type: "a.B", value: Uint8Array.of(9, 8) }];

test("a status is written as protobuf has it", () => {
  const url = utf8("type.googleapis.com/a.B");
  expect([...encodeStatus({ code: 5, message: "m", details })]).toEqual([
    ...[0x08, 5, 0x12, 1, ...utf8("m")],
    ...[0x1a, url.length + 6, 0x0a, url.length, ...url, 0x12, 2, 9, 8],
  ]);
});

test("what is written is read again, however long", () => {
  const detail = fc.record({
    type: fc.stringMatching(/^[a-z.]{1,300}$/),
    value: fc.uint8Array({ maxLength: 300 }),
    typeUrlPrefix: fc.constantFrom(undefined, "", "/", "example.com/", "https://example.com/types/"),
  });
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 16 }),
      fc.string({ unit: "grapheme" }),
      fc.array(detail, { maxLength: 4 }),
      (code, message, list) => {
        const status = {
          code,
          message,
          details: list.map((one) => ({ ...one, value: Uint8Array.from(one.value) })),
        };
        expect(decodeStatus(encodeStatus(status))).toEqual(status);
      },
    ),
  );
});

test("a status cut short anywhere is none, or a shorter one; it never throws", () => {
  const whole = encodeStatus({ code: 5, message: "message", details });
  for (let end = 0; end < whole.length; end++) {
    const read = decodeStatus(whole.subarray(0, end));
    if (read !== null) expect([0, 2, 11]).toContain(end);
  }
});

test("fields that nobody knows are passed over, of every wire type", () => {
  const known = [...encodeStatus({ code: 5, message: "m", details: [] })];
  const unknown = [
    ...[0x20, 0xff, 0x01],
    ...[0x29, 1, 2, 3, 4, 5, 6, 7, 8],
    ...[0x32, 2, 1, 1],
    ...[0x3d, 1, 2, 3, 4],
  ];
  expect(decodeStatus(Uint8Array.from([...unknown, ...known]))).toMatchObject({ code: 5, message: "m" });
});

test.each([
  [[0x00, 0x00]],
  [[0x0b]],
  [[0x0f]],
  [[0xff]],
  [[0x08]],
  [[0x12, 5, 1]],
  [[0x12, 0xff, 0xff, 0xff, 0xff, 0x0f]],
  [[0x29, 1]],
  [[0x3d, 1, 2]],
  [[0x1a, 2, 0x0a, 5]],
  [Array.from({ length: 20 }, () => 0xff)],
])("%j is no status", (bytes) => {
  expect(decodeStatus(Uint8Array.from(bytes))).toBeNull();
});

test("whatever bytes come, reading them ends", () => {
  fc.assert(
    fc.property(fc.uint8Array(), (bytes) => {
      const status = decodeStatus(bytes);
      expect(status === null || typeof status.code === "number").toBe(true);
    }),
  );
});

test("a packed status that agrees brings its details, and its message where that is longer than a header may be", () => {
  const error = new RpcError("not_found", "m", { details });
  const outcome = readStatus(statusFields(error, ["x", "y"]), []);
  expect(outcome?.error).toMatchObject({ code: "not_found", message: "m", details, isRemote: true });
  expect(outcome?.trailers).toEqual(["x", "y"]);
});

test("a packed status that contradicts the plain one is passed over", () => {
  const packed = encodeBase64(encodeStatus({ code: 6, message: "other", details }));
  const fields = ["grpc-status", "5", "grpc-message", "m", "grpc-status-details-bin", packed];
  expect(readStatus(fields, [])?.error).toMatchObject({ code: "not_found", message: "m", details: [] });
});

test("trailers without a status have none; a number that is no code is unknown, and named", () => {
  expect(readStatus(["x", "y"], [])).toBeUndefined();
  for (const text of ["17", "-1", "", "1 ", "0x1", "1e0", "99999999999"]) {
    const error = readStatus(["grpc-status", text, "grpc-message", "m%20n"], [])?.error;
    expect(error).toMatchObject({
      code: "unknown",
      message: `grpc-status ${JSON.stringify(text)} is no code: m n`,
    });
  }
});
