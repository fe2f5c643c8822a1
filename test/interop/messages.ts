import type { MessageInitShape } from "@bufbuild/protobuf";
import assert from "node:assert/strict";
import { PayloadType } from "./gen/interop/messages_pb.ts";
import type {
  Payload,
  PayloadSchema,
  SimpleRequestSchema,
  StreamingOutputCallRequestSchema,
  StreamingOutputCallResponse,
} from "./gen/interop/messages_pb.ts";
import { largeRequestSize, largeResponseSize } from "./test-values.ts";

export function zeros(size: number): MessageInitShape<typeof PayloadSchema> {
  return { type: PayloadType.COMPRESSABLE, body: new Uint8Array(size) };
}

export const largeRequest = {
  responseType: PayloadType.COMPRESSABLE,
  responseSize: largeResponseSize,
  payload: zeros(largeRequestSize),
} satisfies MessageInitShape<typeof SimpleRequestSchema>;

/** A request of so many bytes, for a response of so many; without a size, for none. */
export function streamingRequest(
  size: number,
  responseSize?: number,
): MessageInitShape<typeof StreamingOutputCallRequestSchema> {
  return {
    responseType: PayloadType.COMPRESSABLE,
    responseParameters: responseSize === undefined ? [] : [{ size: responseSize }],
    payload: zeros(size),
  };
}

/** Fails unless the payload is so many zeros. */
export function checkPayload(payload: Payload | undefined, size: number): void {
  assert.equal(payload?.type, PayloadType.COMPRESSABLE);
  assert.equal(payload.body.byteLength, size);
  assert.ok(
    payload.body.every((byte) => byte === 0),
    "the payload has other bytes than zeros",
  );
}

/** Fails unless there is one response for each size. */
export function checkPayloads(
  responses: readonly StreamingOutputCallResponse[],
  sizes: readonly number[],
): void {
  assert.equal(responses.length, sizes.length);
  for (const [i, { payload }] of responses.entries()) checkPayload(payload, sizes[i]!);
}
