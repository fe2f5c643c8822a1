import { setTimeout as delay } from "node:timers/promises";
import { create } from "@bufbuild/protobuf";
import type { DescMessage, MessageInitShape, MessageShape } from "@bufbuild/protobuf";
import { anyPack } from "@bufbuild/protobuf/wkt";
import type { Any } from "@bufbuild/protobuf/wkt";
import { errorDetail, implementPartial } from "@millrace/core";
import type { HandlerCall, Implementation } from "@millrace/core";
import { fromErrorMessage, fromHeaders, toHeaders } from "./convert.ts";
import { ConformanceService } from "./gen/connectrpc/conformance/v1/service_millrace.ts";
import {
  BidiStreamRequestSchema,
  ClientStreamRequestSchema,
  ConformancePayload_RequestInfoSchema,
  IdempotentUnaryRequestSchema,
  ServerStreamRequestSchema,
  UnaryRequestSchema,
} from "./gen/connectrpc/conformance/v1/service_pb.ts";
import type {
  BidiStreamRequest,
  ConformancePayload_RequestInfo,
  ConformancePayloadSchema,
  Error as ErrorMessage,
  StreamResponseDefinition,
  UnaryResponseDefinition,
} from "./gen/connectrpc/conformance/v1/service_pb.ts";

type PayloadInit = MessageInitShape<typeof ConformancePayloadSchema>;

/** The suite's service, as the comments of its .proto file have it. `Unimplemented` is left out on purpose. */
export const conformanceService: Implementation = implementPartial(ConformanceService, {
  unary: async (request, call) => ({
    payload: await respond(call, [pack(UnaryRequestSchema, request)], request.responseDefinition),
  }),

  idempotentUnary: async (request, call) => ({
    payload: await respond(call, [pack(IdempotentUnaryRequestSchema, request)], request.responseDefinition),
  }),

  async clientStream(requests, call) {
    let definition: UnaryResponseDefinition | undefined;
    const received: Any[] = [];
    for await (const request of requests) {
      if (received.length === 0) definition = request.responseDefinition;
      received.push(pack(ClientStreamRequestSchema, request));
    }
    return { payload: await respond(call, received, definition) };
  },

  async *serverStream(request, call) {
    const definition = request.responseDefinition;
    if (definition === undefined) return;
    const info = requestInfo(call, [pack(ServerStreamRequestSchema, request)]);
    begin(call, definition);
    for (const [i, data] of definition.responseData.entries()) {
      await wait(call, definition.responseDelayMs);
      yield { payload: i === 0 ? { data, requestInfo: info } : { data } };
    }
    finish(definition, info);
  },

  async *bidiStream(requests, call) {
    const first = await requests.receive();
    if (first === undefined) return;
    const received = [pack(BidiStreamRequestSchema, first)];
    if (!first.fullDuplex) {
      for await (const request of requests) received.push(pack(BidiStreamRequestSchema, request));
    }
    const definition = first.responseDefinition;
    if (definition === undefined) return;
    const info = requestInfo(call, received);
    begin(call, definition);
    let latest: ConformancePayload_RequestInfo | undefined = info;
    for (const data of definition.responseData) {
      await wait(call, definition.responseDelayMs);
      yield { payload: latest === undefined ? { data } : { data, requestInfo: latest } };
      // Full duplex: a response for each request, until one side has no more; the responses left then follow.
      const next: BidiStreamRequest | undefined = first.fullDuplex ? await requests.receive() : undefined;
      latest =
        next === undefined
          ? undefined
          : create(ConformancePayload_RequestInfoSchema, { requests: [pack(BidiStreamRequestSchema, next)] });
    }
    finish(definition, info);
  },
});

/** The answer of a method with one response. */
async function respond(
  call: HandlerCall,
  requests: Any[],
  definition: UnaryResponseDefinition | undefined,
): Promise<PayloadInit> {
  const info = requestInfo(call, requests);
  if (definition === undefined) return { requestInfo: info };
  setMetadata(call, definition);
  await wait(call, definition.responseDelayMs);
  const { response } = definition;
  if (response.case === "error") fail(response.value, info);
  return response.case === "responseData"
    ? { data: response.value, requestInfo: info }
    : { requestInfo: info };
}

/** Metadata, and the headers at once where a message will follow: an error alone may then be trailers-only. */
function begin(call: HandlerCall, definition: StreamResponseDefinition): void {
  setMetadata(call, definition);
  if (definition.responseData.length > 0) call.sendHeaders();
}

/** The error behind the messages; only without any of them it carries what was asked. */
function finish(definition: StreamResponseDefinition, info: ConformancePayload_RequestInfo): void {
  if (definition.error === undefined) return;
  if (definition.responseData.length === 0) fail(definition.error, info);
  throw fromErrorMessage(definition.error, []);
}

function fail(error: ErrorMessage, info: ConformancePayload_RequestInfo): never {
  throw fromErrorMessage(error, [errorDetail(ConformancePayload_RequestInfoSchema, info)]);
}

function setMetadata(
  call: HandlerCall,
  definition: UnaryResponseDefinition | StreamResponseDefinition,
): void {
  for (const [name, value] of fromHeaders(definition.responseHeaders))
    call.responseHeaders.append(name, value);
  for (const [name, value] of fromHeaders(definition.responseTrailers))
    call.responseTrailers.append(name, value);
}

function requestInfo(call: HandlerCall, requests: Any[]): ConformancePayload_RequestInfo {
  const info = create(ConformancePayload_RequestInfoSchema, {
    requestHeaders: toHeaders(call.requestHeaders),
    requests,
  });
  if (call.remainingMs !== Infinity) info.timeoutMs = BigInt(Math.max(0, Math.floor(call.remainingMs)));
  return info;
}

async function wait(call: HandlerCall, ms: number): Promise<void> {
  if (ms > 0) await delay(ms, undefined, { signal: call.signal });
}

function pack<D extends DescMessage>(schema: D, message: MessageShape<D>): Any {
  return anyPack(schema, message);
}
