// PROTOCOL 5 "trailers are an envelope with flag bit 7", 4 "status is in trailers".
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { RpcError } from "../../src/error.ts";
import type { Code } from "../../src/code.ts";
import { prefixLength } from "../../src/protocol/envelope.ts";
import { readTrailerBlock, trailerFrame } from "../../src/protocol/grpc-web/trailer-frame.ts";
import { readStatus, statusFields } from "../../src/protocol/grpc/status.ts";

const trailer = fc.tuple(
  fc.stringMatching(/^x-[0-9a-z_.]{0,8}$/),
  fc.stringMatching(/^(?:[\x21-\x7e](?:[\x20-\x7e]{0,10}[\x21-\x7e])?)?$/),
);
const error = fc
  .record({
    code: fc.constantFrom<Code>("canceled", "unknown", "invalid_argument", "unauthenticated"),
    message: fc.string({ unit: "grapheme" }),
    details: fc.array(
      fc.record({ type: fc.stringMatching(/^[a-z.]{1,20}$/), value: fc.uint8Array({ maxLength: 20 }) }),
    ),
  })
  .map(({ code, message, details }) => new RpcError(code, message, { details }));

test("a status and trailers are read from a body as they were written", () => {
  fc.assert(
    fc.property(fc.option(error), fc.array(trailer), (sent, trailers) => {
      const block = trailerFrame(statusFields(sent, trailers.flat())).subarray(prefixLength);
      const outcome = readStatus(readTrailerBlock(block)!, []);
      expect([outcome?.error?.code, outcome?.error?.message]).toEqual([sent?.code, sent?.message]);
      expect(outcome?.error?.details).toEqual(sent?.details);
      expect(outcome?.trailers).toEqual(trailers.flat());
    }),
  );
});

test("a message keeps the spaces at its ends", () => {
  for (const message of [" ", "  two ", " é ", "a b"]) {
    const block = trailerFrame(statusFields(new RpcError("canceled", message), [])).subarray(prefixLength);
    expect(readStatus(readTrailerBlock(block)!, [])?.error?.message).toBe(message);
  }
});

test("any bytes are fields, each with a name, or malformed; of any fields an outcome comes, or none", () => {
  const lines = fc
    .array(
      fc.constantFrom(
        "grpc-status",
        "grpc-message",
        "grpc-status-details-bin",
        ":",
        ": ",
        "5",
        "%",
        "AQ",
        "\r\n",
        "\n",
        " ",
        "\t",
        "é",
      ),
    )
    .map((all) => new TextEncoder().encode(all.join("")));
  fc.assert(
    fc.property(fc.oneof(lines, fc.uint8Array()), (block) => {
      const fields = readTrailerBlock(block);
      if (fields === null) return;
      expect(fields.length % 2).toBe(0);
      for (let i = 0; i < fields.length; i += 2) expect(fields[i]).toMatch(/^[^\s:](?:[^:\n]*[^\s:])?$/);
      const outcome = readStatus(fields, []);
      expect(outcome === undefined || outcome.error === null || outcome.error instanceof RpcError).toBe(true);
    }),
  );
});

test("trailers without a name are malformed", () => {
  for (const block of [" : x", "\t: x\r\n", ":"])
    expect(readTrailerBlock(new TextEncoder().encode(block))).toBeNull();
});
