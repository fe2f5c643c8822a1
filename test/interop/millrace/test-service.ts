import { implementPartial, RpcError } from "@millrace/node";
import type { Code, HandlerCall, Implementation, Init } from "@millrace/node";
import { randomUUID } from "node:crypto";
import { setTimeout } from "node:timers/promises";
import type {
  EchoStatus,
  StreamingOutputCallRequest,
  StreamingOutputCallResponse,
} from "../gen/interop/messages_pb.ts";
import { TestService } from "../gen/interop/test_millrace.ts";
import { initialMetadata, trailingMetadata } from "../test-values.ts";
import { checkCompressed, keepSizes } from "./expect-compressed.ts";

const serverId = randomUUID();

/** The paths of streams whose handlers run. */
export const running: Set<{ readonly path: string }> = new Set();

/** TestService as gRPC describes it. What is left out is left out by grpc-go's, too: UnimplementedCall has to be. */
export const testService: Implementation = implementPartial(
  TestService,
  {
    emptyCall: () => ({}),

    unaryCall(request, call) {
      echoMetadata(call);
      refuse(request.responseStatus);
      checkCompressed(call, request);
      return {
        payload: zeros(request.responseSize),
        serverId: request.fillServerId ? serverId : "",
      };
    },

    streamingOutputCall: (request, call) => responses(request, call),

    async streamingInputCall(requests, call) {
      using _ = runs(call);
      let aggregatedPayloadSize = 0;
      for await (const request of requests) {
        checkCompressed(call, request);
        aggregatedPayloadSize += request.payload?.body.byteLength ?? 0;
      }
      return { aggregatedPayloadSize };
    },

    async *fullDuplexCall(requests, call) {
      using _ = runs(call);
      echoMetadata(call);
      for await (const request of requests) {
        refuse(request.responseStatus);
        yield* responses(request, call);
      }
    },

    async *halfDuplexCall(requests, call) {
      using _ = runs(call);
      const all: StreamingOutputCallRequest[] = [];
      for await (const request of requests) all.push(request);
      for (const request of all) yield* responses(request, call);
    },
  },
  { observers: [keepSizes] },
);

function runs({ method: { path } }: HandlerCall): Disposable {
  const entry = { path };
  running.add(entry);
  return { [Symbol.dispose]: () => running.delete(entry) };
}

async function* responses(
  { responseParameters }: StreamingOutputCallRequest,
  { signal }: HandlerCall,
): AsyncGenerator<Init<StreamingOutputCallResponse>> {
  for (const { size, intervalUs } of responseParameters) {
    if (intervalUs > 0) await setTimeout(intervalUs / 1000, undefined, { signal });
    yield { payload: zeros(size) };
  }
}

function zeros(size: number): { body: Uint8Array<ArrayBuffer> } {
  if (size < 0) throw new RpcError("invalid_argument", `a response of ${size} bytes is asked for`);
  return { body: new Uint8Array(size) };
}

function echoMetadata({ requestHeaders, responseHeaders, responseTrailers }: HandlerCall): void {
  const [initial] = requestHeaders.getAll(initialMetadata.name);
  if (initial !== undefined) responseHeaders.set(initialMetadata.name, initial);
  const trailing = requestHeaders.getBinary(trailingMetadata.name);
  if (trailing !== undefined) responseTrailers.set(trailingMetadata.name, trailing);
}

/** gRPC's codes from 1 on, in their order. */
const codes: readonly Code[] = [
  "canceled",
  "unknown",
  "invalid_argument",
  "deadline_exceeded",
  "not_found",
  "already_exists",
  "permission_denied",
  "resource_exhausted",
  "failed_precondition",
  "aborted",
  "out_of_range",
  "unimplemented",
  "internal",
  "unavailable",
  "data_loss",
  "unauthenticated",
];

function refuse(status: EchoStatus | undefined): void {
  if (status === undefined || status.code === 0) return;
  throw new RpcError(codes[status.code - 1] ?? "unknown", status.message);
}
