// PROTOCOL 6 "codes".
import { ErrorCode } from "@millrace/exchange";
import type { Fault } from "@millrace/exchange";
import { expect, test } from "vitest";
import { faultToError } from "../../src/call/fault-error.ts";
import {
  codeFromHttpStatus,
  codeFromNumber,
  codeToNumber,
  httpStatusFromCode,
  isCode,
} from "../../src/code.ts";
import type { Code } from "../../src/code.ts";

const codes: readonly (readonly [Code, number, number])[] = [
  ["canceled", 1, 499],
  ["unknown", 2, 500],
  ["invalid_argument", 3, 400],
  ["deadline_exceeded", 4, 504],
  ["not_found", 5, 404],
  ["already_exists", 6, 409],
  ["permission_denied", 7, 403],
  ["resource_exhausted", 8, 429],
  ["failed_precondition", 9, 400],
  ["aborted", 10, 409],
  ["out_of_range", 11, 400],
  ["unimplemented", 12, 501],
  ["internal", 13, 500],
  ["unavailable", 14, 503],
  ["data_loss", 15, 500],
  ["unauthenticated", 16, 401],
];

test.each(codes)("%s is %i on the gRPC wire, and HTTP %i in Connect", (code, number, status) => {
  expect([codeToNumber(code), codeFromNumber(number), httpStatusFromCode(code), isCode(code)]).toEqual([
    number,
    code,
    status,
    true,
  ]);
});

test.each([-1, 17, 1.5, NaN, Infinity, 2 ** 32])("%s is no code's number", (number) => {
  expect(codeFromNumber(number)).toBeUndefined();
});

test.each([
  "",
  "ok",
  "OK",
  "Canceled",
  "CANCELLED",
  "cancelled",
  "toString",
  "__proto__",
  5,
  null,
  undefined,
  {},
])("%j is no code", (text) => {
  expect(isCode(text)).toBe(false);
});

test.each([
  [400, "internal"],
  [401, "unauthenticated"],
  [403, "permission_denied"],
  [404, "unimplemented"],
  [429, "unavailable"],
  [502, "unavailable"],
  [503, "unavailable"],
  [504, "unavailable"],
  ...[0, 100, 200, 204, 301, 304, 402, 405, 408, 409, 412, 413, 415, 418, 431, 499, 500, 501, 505, 800].map(
    (status) => [status, "unknown"] as const,
  ),
] as const)("HTTP status %i without an RPC status is %s", (status, code) => {
  expect(codeFromHttpStatus(status)).toBe(code);
});

const reset = (h2: number): Fault => ({ by: "peer", kind: "reset", h2, processed: "maybe", text: "reset" });

test.each([
  [ErrorCode.NO_ERROR, "internal"],
  [ErrorCode.PROTOCOL_ERROR, "internal"],
  [ErrorCode.INTERNAL_ERROR, "internal"],
  [ErrorCode.FLOW_CONTROL_ERROR, "internal"],
  [ErrorCode.SETTINGS_TIMEOUT, "internal"],
  [ErrorCode.STREAM_CLOSED, "internal"],
  [ErrorCode.FRAME_SIZE_ERROR, "internal"],
  [ErrorCode.REFUSED_STREAM, "unavailable"],
  [ErrorCode.CANCEL, "canceled"],
  [ErrorCode.COMPRESSION_ERROR, "internal"],
  [ErrorCode.CONNECT_ERROR, "internal"],
  [ErrorCode.ENHANCE_YOUR_CALM, "resource_exhausted"],
  [ErrorCode.INADEQUATE_SECURITY, "permission_denied"],
  [ErrorCode.HTTP_1_1_REQUIRED, "internal"],
  [99, "internal"],
  [-1, "internal"],
] as const)("a stream that the server reset with %i is %s", (h2, code) => {
  expect(faultToError(reset(h2), "client", false)).toMatchObject({ code, message: "reset", isRemote: false });
});

test("a reset with CANCEL past our deadline is deadline_exceeded, other resets are what they are", () => {
  expect(faultToError(reset(ErrorCode.CANCEL), "client", true).code).toBe("deadline_exceeded");
  expect(faultToError(reset(ErrorCode.REFUSED_STREAM), "client", true).code).toBe("unavailable");
});

test.each([
  ["shutdown", "canceled", "unavailable"],
  ["connect", "unavailable", "unavailable"],
  ["goaway", "unavailable", "unavailable"],
  ["lost", "unavailable", "canceled"],
  ["truncated", "unavailable", "canceled"],
  ["limit", "resource_exhausted", "resource_exhausted"],
  ["protocol", "internal", "internal"],
] as const)("a fault of kind %s is %s to a client, %s to a server", (kind, client, server) => {
  const fault: Fault = { by: "transport", kind, h2: -1, processed: "maybe", text: "t" };
  expect([faultToError(fault, "client", false).code, faultToError(fault, "server", false).code]).toEqual([
    client,
    server,
  ]);
});
