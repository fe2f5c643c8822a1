import * as fc from "fast-check";
import { expect, test } from "vitest";
import { RpcError } from "../../src/error.ts";
import { cutStatus } from "../../src/protocol/grpc/cut-status.ts";
import { readStatus, statusFields } from "../../src/protocol/grpc/status.ts";

/** RFC 9113 section 6.5.2. */
function listSize(fields: readonly string[]): number {
  return fields.reduce((size, text) => size + text.length + 16, 0);
}

const detail = (bytes: number): { type: string; value: Uint8Array } => ({
  type: "a.B",
  value: new Uint8Array(bytes),
});

function cut(error: RpcError, trailers: readonly string[] = []): ReturnType<typeof cutStatus> {
  return cutStatus(error, trailers);
}

test("a status that fits is left alone", () => {
  expect(cut(new RpcError("aborted", ""))).toBe(null);
  expect(cut(new RpcError("aborted", "x".repeat(8000)))).toBe(null);
  expect(cut(new RpcError("aborted", "short", { details: [detail(5000)] }), ["x", "y"])).toBe(null);
});

test("details that do not fit are left out, and the text stays whole", () => {
  const error = new RpcError("aborted", "x".repeat(3000), { details: [detail(3000), detail(0)] });
  const { error: told, trailers, left } = cut(error, ["x", "y"])!;
  expect(told).toMatchObject({ code: "aborted", message: error.message, details: [] });
  expect(trailers).toEqual(["x", "y"]);
  expect(left).toMatch(/^8\d\d\d bytes of details$/);
});

test("of a text that does not fit the beginning travels", () => {
  const told = cut(new RpcError("not_found", "é".repeat(40_000), { details: [detail(1)] }))!;
  expect(told.error.message).toMatch(/^é{1300,1400}…$/);
  expect(told.left).toMatch(/^\d+ bytes of details, the text from character 13\d\d on$/);
});

test("beside large trailers a kilobyte is the status's", () => {
  const trailers = ["x", "y".repeat(20_000)];
  expect(cut(new RpcError("aborted", "x".repeat(900)), trailers)).toBe(null);
  const told = cut(new RpcError("aborted", "x".repeat(1100)), trailers)!;
  expect(told.trailers).toBe(trailers);
  expect(told.error.message).toMatch(/^x{900,1000}…$/);
});

test("trailers that no connection takes are left out, not the code", () => {
  const told = cut(new RpcError("aborted", "text"), ["x", "y".repeat(70_000)])!;
  expect(told).toMatchObject({ error: { code: "aborted", message: "text" }, trailers: [] });
  expect(told.left).toBe("70033 bytes of trailers");
});

test("whatever an error has, its status fits, and is the beginning of what it was", () => {
  const text = fc
    .tuple(fc.constantFrom("x", "x y ", " ", "%", "é", "€", "👋🏽", "\0"), fc.nat(9000))
    .map(([unit, times]) => unit.repeat(times));
  const details = fc.array(fc.nat(6000), { maxLength: 3 });
  fc.assert(
    fc.property(text, details, fc.nat(7000), (message, given, length) => {
      const error = new RpcError("data_loss", message, { details: given.map(detail) });
      const trailers = ["x", "y".repeat(length)];
      const told = cut(error, trailers) ?? { error, trailers };
      const fields = statusFields(told.error, told.trailers);
      expect(listSize(fields)).toBeLessThanOrEqual(8192);
      const read = readStatus(fields, [])!.error!;
      expect(read.code).toBe("data_loss");
      if (told.error === error) return;
      expect(message.startsWith(told.error.message.replace(/…$/, ""))).toBe(true);
      // No character is cut in two.
      expect(read.message).toBe(told.error.message);
    }),
    { numRuns: 40 },
  );
});
