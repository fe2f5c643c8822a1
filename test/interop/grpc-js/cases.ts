import { Metadata, status } from "@grpc/grpc-js";
import type { ClientDuplexStream, StatusObject } from "@grpc/grpc-js";
import type { MessageInitShape } from "@bufbuild/protobuf";
import assert from "node:assert/strict";
import { once } from "node:events";
import type { ClientFlags } from "../flags.ts";
import type {
  StreamingOutputCallRequestSchema,
  StreamingOutputCallResponse,
} from "../gen/interop/messages_pb.ts";
import { TestService, UnimplementedService } from "../gen/interop/test_pb.ts";
import { checkPayload, checkPayloads, largeRequest, streamingRequest, zeros } from "../messages.ts";
import {
  initialMetadata,
  largeResponseSize,
  requestSizes,
  responseSizes,
  specialStatusMessage,
  statusCode,
  statusMessage,
  trailingMetadata,
} from "../test-values.ts";
import { statusOf, TestClient } from "./test-client.ts";

type StreamingRequest = MessageInitShape<typeof StreamingOutputCallRequestSchema>;

const {
  emptyCall,
  unaryCall,
  streamingInputCall,
  streamingOutputCall,
  fullDuplexCall,
  halfDuplexCall,
  unimplementedCall,
} = TestService.method;

/** A flag of gRPC for one message; grpc-js takes it where streams take an encoding, and exports no name for it. */
const noCompress = 2;

/** grpc-js's side of gRPC's test cases, by their names. Each rejects if anything is not as the case wants it. */
export const cases: Readonly<Record<string, (client: TestClient, flags: ClientFlags) => Promise<void>>> = {
  async empty_unary(client) {
    const { response } = await client.unary(emptyCall, {});
    assert.deepEqual([response.$typeName, response.$unknown], ["grpc.testing.Empty", undefined]);
  },

  async large_unary(client) {
    const { response } = await client.unary(unaryCall, largeRequest);
    checkPayload(response.payload, largeResponseSize);
  },

  async client_streaming(client) {
    const { call, response } = client.clientStream(streamingInputCall);
    for (const size of requestSizes) call.write({ payload: zeros(size) });
    call.end();
    assert.equal((await response).aggregatedPayloadSize, 74_922);
  },

  async server_streaming(client) {
    const call = client.serverStream(streamingOutputCall, {
      responseParameters: responseSizes.map((size) => ({ size })),
    });
    checkPayloads(await call.toArray(), responseSizes);
  },

  async ping_pong(client) {
    const call = client.bidi(fullDuplexCall);
    const responses = received(call);
    for (const [i, size] of responseSizes.entries()) {
      call.write(streamingRequest(requestSizes[i]!, size));
      checkPayload((await responses.next()).value?.payload, size);
    }
    call.end();
    assert.equal((await responses.next()).done, true);
  },

  async half_duplex(client) {
    const call = client.bidi(halfDuplexCall);
    for (const [i, size] of responseSizes.entries()) call.write(streamingRequest(requestSizes[i]!, size));
    call.end();
    checkPayloads(await call.toArray(), responseSizes);
  },

  async empty_stream(client) {
    const call = client.bidi(fullDuplexCall);
    call.end();
    assert.deepEqual(await call.toArray(), []);
  },

  async timeout_on_sleeping_server(client) {
    const call = client.bidi(fullDuplexCall, new Metadata(), { deadline: Date.now() + 1 });
    call.write(streamingRequest(27_182));
    await rejects(received(call).next(), status.DEADLINE_EXCEEDED);
  },

  async cancel_after_begin(client) {
    // With a connection that stands the call's headers leave at once.
    await client.unary(emptyCall, {});
    const { call, response } = client.clientStream(
      streamingInputCall,
      metadata({ key1: "value1", key2: "value2" }),
    );
    setImmediate(() => call.cancel());
    await rejects(response, status.CANCELLED);
  },

  async cancel_after_first_response(client) {
    const call = client.bidi(fullDuplexCall);
    const responses = received(call);
    call.write(streamingRequest(27_182, 31_415));
    checkPayload((await responses.next()).value?.payload, 31_415);
    call.cancel();
    await rejects(responses.next(), status.CANCELLED);
  },

  async custom_metadata(client) {
    const custom = metadata({
      [initialMetadata.name]: initialMetadata.value,
      [trailingMetadata.name]: Buffer.from(trailingMetadata.value),
    });
    const { response, headers, trailers } = await client.unary(
      unaryCall,
      { responseSize: 1, payload: zeros(1) },
      custom,
    );
    checkPayload(response.payload, 1);
    checkMetadata(headers, trailers);

    const call = client.bidi(fullDuplexCall, custom);
    const ended = statusOf(call);
    const responses = received(call);
    call.write(streamingRequest(1, 1));
    const [streamHeaders] = (await once(call, "metadata")) as [Metadata];
    checkPayload((await responses.next()).value?.payload, 1);
    call.end();
    assert.equal((await responses.next()).done, true);
    checkMetadata(streamHeaders, (await ended).metadata);
  },

  async status_code_and_message(client) {
    const responseStatus = { code: statusCode, message: statusMessage };
    await rejects(client.unary(unaryCall, { responseStatus }), status.UNKNOWN, statusMessage);

    const call = client.bidi(fullDuplexCall);
    call.write({ responseStatus });
    call.end();
    await rejects(received(call).next(), status.UNKNOWN, statusMessage);
  },

  async special_status_message(client) {
    const responseStatus = { code: statusCode, message: specialStatusMessage };
    await rejects(client.unary(unaryCall, { responseStatus }), status.UNKNOWN, specialStatusMessage);
  },

  async unimplemented_method(client) {
    await rejects(client.unary(unimplementedCall, {}), status.UNIMPLEMENTED);
  },

  async unimplemented_service(client) {
    await rejects(client.unary(UnimplementedService.method.unimplementedCall, {}), status.UNIMPLEMENTED);
  },

  async pick_first_unary(client) {
    const ids = new Set<string>();
    for (let i = 0; i < 100; i++) {
      const { response } = await client.unary(unaryCall, {
        responseSize: 1,
        payload: zeros(1),
        fillServerId: true,
      });
      ids.add(response.serverId);
    }
    assert.equal(ids.size, 1);
    assert.ok(!ids.has(""), "the server says no id");
  },

  // A unary call has no flags: what it sends is compressed, or not, by its channel.
  async client_compressed_unary(compressing, flags) {
    const plain = new TestClient({ ...flags, compression: undefined });
    const compressed = { ...largeRequest, expectCompressed: { value: true } };
    await rejects(plain.unary(unaryCall, compressed), status.INVALID_ARGUMENT);
    checkPayload((await compressing.unary(unaryCall, compressed)).response.payload, largeResponseSize);
    const uncompressed = { ...largeRequest, expectCompressed: { value: false } };
    checkPayload((await plain.unary(unaryCall, uncompressed)).response.payload, largeResponseSize);
    plain.close();
  },

  async client_compressed_streaming(client) {
    const probe = client.clientStream(streamingInputCall);
    probe.call.write({ payload: zeros(27_182), expectCompressed: { value: true } }, noCompress);
    await rejects(probe.response, status.INVALID_ARGUMENT);

    const { call, response } = client.clientStream(streamingInputCall);
    call.write({ payload: zeros(27_182), expectCompressed: { value: true } });
    call.write({ payload: zeros(45_904), expectCompressed: { value: false } }, noCompress);
    call.end();
    assert.equal((await response).aggregatedPayloadSize, 73_086);
  },
};

function metadata(values: Readonly<Record<string, string | Buffer>>): Metadata {
  const made = new Metadata();
  for (const [name, value] of Object.entries(values)) made.add(name, value);
  return made;
}

/** A call's responses, one by one. */
function received(
  call: ClientDuplexStream<StreamingRequest, StreamingOutputCallResponse>,
): AsyncIterator<StreamingOutputCallResponse, undefined> {
  return call[Symbol.asyncIterator]() as AsyncIterator<StreamingOutputCallResponse, undefined>;
}

function checkMetadata(headers: Metadata, trailers: Metadata): void {
  assert.deepEqual(headers.get(initialMetadata.name), [initialMetadata.value]);
  assert.deepEqual(trailers.get(trailingMetadata.name), [Buffer.from(trailingMetadata.value)]);
}

async function rejects(outcome: Promise<unknown>, code: status, details?: string): Promise<void> {
  const error = await outcome.then(
    () => assert.fail(`the call succeeded: it should have failed with ${status[code]}`),
    (reason: StatusObject) => reason,
  );
  assert.equal(error.code, code, `${status[error.code]}, not ${status[code]}: ${error.details}`);
  if (details !== undefined) assert.equal(error.details, details);
}
