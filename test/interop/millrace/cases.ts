import { createClient, RpcError } from "@millrace/node";
import type { CallOptions, Code, Metadata, Transport } from "@millrace/node";
import assert from "node:assert/strict";
import { setImmediate } from "node:timers/promises";
import { PayloadType } from "../gen/interop/messages_pb.ts";
import { TestService, UnimplementedService } from "../gen/interop/test_millrace.ts";
import type { TestServiceClient } from "../gen/interop/test_millrace.ts";
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
import { receivedSizes } from "./received-sizes.ts";

/** Our client's side of gRPC's test cases, by their names. Each rejects if anything is not as the case wants it. */
export const cases: Readonly<Record<string, (transport: Transport) => Promise<void>>> = {
  empty_unary: withClient(async (client) => {
    const { $typeName, $unknown, ...fields } = await client.emptyCall({});
    assert.deepEqual([$typeName, $unknown, fields], ["grpc.testing.Empty", undefined, {}]);
  }),

  large_unary: withClient(async (client) => {
    checkPayload((await client.unaryCall(largeRequest)).payload, largeResponseSize);
  }),

  client_streaming: withClient(async (client) => {
    const call = client.streamingInputCall();
    for (const size of requestSizes) assert.equal(await call.send({ payload: zeros(size) }), true);
    const { aggregatedPayloadSize } = await call.finish();
    assert.equal(aggregatedPayloadSize, 74_922);
  }),

  server_streaming: withClient(async (client) => {
    const responses = client.streamingOutputCall({
      responseType: PayloadType.COMPRESSABLE,
      responseParameters: responseSizes.map((size) => ({ size })),
    });
    checkPayloads(await collect(responses), responseSizes);
  }),

  ping_pong: withClient(async (client) => {
    const call = client.fullDuplexCall();
    for (const [i, size] of responseSizes.entries()) {
      assert.equal(await call.send(streamingRequest(requestSizes[i]!, size)), true);
      checkPayload((await call.receive())?.payload, size);
    }
    call.closeSend();
    assert.equal(await call.receive(), undefined);
  }),

  half_duplex: withClient(async (client) => {
    const requests = responseSizes.map((size, i) => streamingRequest(requestSizes[i]!, size));
    checkPayloads(await collect(client.halfDuplexCall(requests)), responseSizes);
  }),

  empty_stream: withClient(async (client) => {
    const call = client.fullDuplexCall();
    call.closeSend();
    assert.equal(await call.receive(), undefined);
  }),

  timeout_on_sleeping_server: withClient(async (client) => {
    const call = client.fullDuplexCall({ timeoutMs: 1 });
    // The deadline may pass before the request has left.
    await call
      .send(streamingRequest(27_182))
      .catch((error: unknown) => checkError(error, "deadline_exceeded"));
    await rejects(call.receive(), "deadline_exceeded");
  }),

  cancel_after_begin: withClient(async (client) => {
    // With a connection that stands the call's headers leave at once, so that the server learns of the cancellation.
    await client.emptyCall({});
    const call = client.streamingInputCall({ headers: { key1: "value1", key2: "value2" } });
    await setImmediate();
    call.cancel();
    await rejects(call.finish(), "canceled");
  }),

  cancel_after_first_response: withClient(async (client) => {
    const call = client.fullDuplexCall();
    assert.equal(await call.send(streamingRequest(27_182, 31_415)), true);
    checkPayload((await call.receive())?.payload, 31_415);
    call.cancel();
    await rejects(call.receive(), "canceled");
  }),

  custom_metadata: withClient(async (client) => {
    const options: CallOptions = {
      headers: [
        [initialMetadata.name, initialMetadata.value],
        [trailingMetadata.name, trailingMetadata.value],
      ],
    };
    const reply = await client.unaryCall({ responseSize: 1, payload: zeros(1) }, options).withMetadata();
    checkPayload(reply.response.payload, 1);
    checkMetadata(reply.headers, reply.trailers);

    const call = client.fullDuplexCall(options);
    assert.equal(await call.send(streamingRequest(1, 1)), true);
    const headers = await call.headers;
    checkPayload((await call.receive())?.payload, 1);
    call.closeSend();
    assert.equal(await call.receive(), undefined);
    checkMetadata(headers, await call.trailers);
  }),

  status_code_and_message: withClient(async (client) => {
    const responseStatus = { code: statusCode, message: statusMessage };
    await rejects(client.unaryCall({ responseStatus }), "unknown", statusMessage);

    const call = client.fullDuplexCall();
    assert.equal(await call.send({ responseStatus }), true);
    call.closeSend();
    await rejects(call.receive(), "unknown", statusMessage);
  }),

  special_status_message: withClient(async (client) => {
    const responseStatus = { code: statusCode, message: specialStatusMessage };
    await rejects(client.unaryCall({ responseStatus }), "unknown", specialStatusMessage);
  }),

  unimplemented_method: withClient(async (client) => {
    await rejects(client.unimplementedCall({}), "unimplemented");
  }),

  unimplemented_service: async (transport) => {
    await rejects(createClient(UnimplementedService, transport).unimplementedCall({}), "unimplemented");
  },

  pick_first_unary: withClient(async (client) => {
    const ids = new Set<string>();
    for (let i = 0; i < 100; i++) {
      const { serverId } = await client.unaryCall({
        responseSize: 1,
        payload: zeros(1),
        fillServerId: true,
      });
      ids.add(serverId);
    }
    assert.equal(ids.size, 1);
    assert.ok(!ids.has(""), "the server says no id");
  }),

  server_compressed_unary: async (transport) => {
    const { sizes, observer } = receivedSizes();
    const client = createClient(TestService, transport, { observers: [observer] });
    for (const value of [true, false]) {
      const { payload } = await client.unaryCall({ ...largeRequest, responseCompressed: { value } });
      checkPayload(payload, largeResponseSize);
      assert.equal(sizes.pop()! < largeResponseSize, value);
    }
  },

  server_compressed_streaming: async (transport) => {
    const { sizes, observer } = receivedSizes();
    const client = createClient(TestService, transport, { observers: [observer] });
    const responses = client.streamingOutputCall({
      responseParameters: [
        { size: 31_415, compressed: { value: true } },
        { size: 92_653, compressed: { value: false } },
      ],
    });
    checkPayloads(await collect(responses), [31_415, 92_653]);
    assert.deepEqual([sizes[0]! < 31_415, sizes[1]! < 92_653], [true, false]);
  },
};

function withClient(
  run: (client: TestServiceClient) => Promise<void>,
): (transport: Transport) => Promise<void> {
  return (transport) => run(createClient(TestService, transport));
}

async function collect<T>(messages: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const message of messages) all.push(message);
  return all;
}

function checkMetadata(headers: Metadata, trailers: Metadata): void {
  assert.deepEqual(headers.getAll(initialMetadata.name), [initialMetadata.value]);
  assert.equal(trailers.getAll(trailingMetadata.name).length, 1);
  assert.deepEqual(trailers.getBinary(trailingMetadata.name), trailingMetadata.value);
}

async function rejects(outcome: Promise<unknown>, code: Code, message?: string): Promise<void> {
  const reached = await outcome.then(
    (value) => `the call gave ${JSON.stringify(value)}: it should have failed with ${code}`,
    (error: unknown) => checkError(error, code, message),
  );
  assert.equal(reached, undefined);
}

function checkError(error: unknown, code: Code, message?: string): void {
  assert.ok(error instanceof RpcError, `not an RpcError: ${String(error)}`);
  assert.equal(error.code, code, `${error.code}, not ${code}: ${error.message}`);
  if (message !== undefined) assert.equal(error.message, message);
}
