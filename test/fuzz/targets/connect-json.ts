import assert from "node:assert/strict";
import type { RpcError } from "@millrace/core";
import { connectClient } from "@millrace/core/host";
import { GreetService } from "../../../gen/greet/v1/greet_millrace.ts";
import { endStreamFrame, readEndStream } from "../../../packages/core/src/protocol/connect/end-stream.ts";
import { prefixLength } from "../../../packages/core/src/protocol/envelope.ts";
import { errorToJson } from "../../../packages/core/src/protocol/connect/error-json.ts";
import type { Target } from "../target.ts";
import { inShort } from "./coded.ts";
import { jsonTokens } from "./shapes.ts";

const facts = {
  method: GreetService.methods[0]!,
  httpMethod: "POST",
  format: "proto",
  metadata: [],
  timeoutMs: Infinity,
  sendEncoding: null,
  acceptEncodings: [],
} as const;

/** The two JSON texts of Connect: an error as a body, and the message that ends a stream. */
export const connectJson: Target = {
  words: [
    ...[
      '{"',
      '":',
      '",',
      "[",
      "]",
      "null",
      "{}",
      "true",
      "1e999",
      "\\u0000",
      "\\ud800",
      '"__proto__":',
      '"constructor"',
    ],
    ...['"error":', '"code":', '"message":', '"details":', '"type":', '"value":', '"debug":', '"metadata":'],
    ...['"aborted"', '"type.googleapis.com/a.B"', '"AQ=="', '"x-bin":["AQ"]', '"grpc-status":["0"]'],
  ],
  shape: jsonTokens,
  run: (input) => `${endStream(input)} ${body(input)}`,
};

function endStream(input: Uint8Array): string {
  const { error, trailers } = readEndStream(input, ["h", "0"]);
  const frame = endStreamFrame(error, trailers);
  const again = readEndStream(frame.subarray(prefixLength), ["h", "0"]);
  assert.deepEqual(pairs(again.trailers), pairs(trailers));
  sameError(again.error, error);
  return `${inShort(error)} ${Math.min(error?.details.length ?? 0, 3)} ${Math.min(trailers.length / 2, 3)}`;
}

function body(input: Uint8Array): string {
  const fields = ["content-type", "application/json", "x", "y", "trailer-z", "0"];
  const { error } = connectClient.response(facts, 409, fields).readEnd(input);
  assert.ok(error !== null);
  const text = Buffer.from(JSON.stringify(errorToJson(error)));
  sameError(connectClient.response(facts, 409, fields).readEnd(text).error, error);
  return `${inShort(error)} ${Math.min(error.details.length, 3)}`;
}

/** Trailers in an object keep their order by name alone. */
function pairs(fields: readonly string[]): Record<string, string[]> {
  const byName = Object.create(null) as Record<string, string[]>;
  for (let i = 0; i < fields.length; i += 2) (byName[fields[i]!] ??= []).push(fields[i + 1]!);
  return byName;
}

function sameError(one: RpcError | null, other: RpcError | null): void {
  assert.equal(one?.code, other?.code);
  assert.equal(one?.message, other?.message);
  assert.deepEqual(one?.details, other?.details);
}
