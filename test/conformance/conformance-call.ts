import { setTimeout as delay } from "node:timers/promises";
import { create } from "@bufbuild/protobuf";
import type { Message, MessageInitShape } from "@bufbuild/protobuf";
import { createClient, RpcError } from "@millrace/node";
import type {
  BidiCall,
  CallOptions,
  ClientStreamCall,
  Metadata,
  ReplyPromise,
  ReplyStream,
  StreamCall,
  Transport,
} from "@millrace/node";
import { fromHeaders, toErrorMessage, toHeaders, unpack } from "./convert.ts";
import type {
  ClientCompatRequest,
  ClientCompatRequest_Cancel,
  ClientResponseResultSchema,
} from "./gen/connectrpc/conformance/v1/client_compat_pb.ts";
import { StreamType } from "./gen/connectrpc/conformance/v1/config_pb.ts";
import { ConformanceService } from "./gen/connectrpc/conformance/v1/service_millrace.ts";
import {
  BidiStreamRequestSchema,
  ClientStreamRequestSchema,
  ConformancePayloadSchema,
  IdempotentUnaryRequestSchema,
  ServerStreamRequestSchema,
  UnaryRequestSchema,
  UnimplementedRequestSchema,
} from "./gen/connectrpc/conformance/v1/service_pb.ts";
import type {
  BidiStreamRequest,
  BidiStreamResponse,
  ClientStreamRequest,
  ClientStreamResponse,
  ConformancePayload,
} from "./gen/connectrpc/conformance/v1/service_pb.ts";

type Result = MessageInitShape<typeof ClientResponseResultSchema>;

/** A response of any method; only that of `Unimplemented` has no payload. */
type Response = Message & { readonly payload?: ConformancePayload | undefined };

/** Makes the call of a test case and tells its outcome. Throws where there is none: the case or the client is at fault. */
export async function makeCall(request: ClientCompatRequest, transport: Transport): Promise<Result> {
  const client = createClient(ConformanceService, transport);
  const timing = cancelTiming(request.cancel);
  const options: CallOptions = { headers: fromHeaders(request.requestHeaders), timeoutMs: request.timeoutMs };
  const [message] = request.requestMessages;
  switch (request.method) {
    case "Unary": {
      const only = unpack(message, UnaryRequestSchema);
      return await unary(timing, (signal) => client.unary(only, { ...options, signal }));
    }
    case "IdempotentUnary": {
      const only = unpack(message, IdempotentUnaryRequestSchema);
      return await unary(timing, (signal) => client.idempotentUnary(only, { ...options, signal }));
    }
    case "Unimplemented": {
      const only = unpack(message, UnimplementedRequestSchema);
      return await unary(timing, (signal) => client.unimplemented(only, { ...options, signal }));
    }
    case "ServerStream": {
      const call = client.serverStream(unpack(message, ServerStreamRequestSchema), options);
      using _ = cancelAfter(call, timing.afterCloseSendMs);
      return await receiveRest(call, [], timing);
    }
    case "ClientStream":
      return await clientStream(request, timing, client.clientStream(options));
    case "BidiStream":
      return await bidiStream(request, timing, client.bidiStream(options));
    default:
      throw new Error(`the service has no method ${String(request.method)}`);
  }
}

async function unary(
  timing: CancelTiming,
  start: (signal: AbortSignal | undefined) => ReplyPromise<Response>,
): Promise<Result> {
  if (timing.afterCloseSendMs === undefined) return await single(start(undefined));
  const abort = new AbortController();
  using _ = after(timing.afterCloseSendMs, () => abort.abort());
  return await single(start(abort.signal));
}

async function clientStream(
  request: ClientCompatRequest,
  timing: CancelTiming,
  call: ClientStreamCall<ClientStreamRequest, ClientStreamResponse>,
): Promise<Result> {
  let numUnsentRequests = 0;
  for (const [i, message] of request.requestMessages.entries()) {
    await pause(request.requestDelayMs);
    if (await sent(call.send(unpack(message, ClientStreamRequestSchema)))) continue;
    numUnsentRequests = request.requestMessages.length - i;
    break;
  }
  if (timing.beforeCloseSend) call.cancel();
  using _ = cancelAfter(call, timing.afterCloseSendMs);
  return { ...(await single(call.finish())), numUnsentRequests };
}

async function bidiStream(
  request: ClientCompatRequest,
  timing: CancelTiming,
  call: BidiCall<BidiStreamRequest, BidiStreamResponse>,
): Promise<Result> {
  const fullDuplex = request.streamType === StreamType.FULL_DUPLEX_BIDI_STREAM;
  const payloads: ConformancePayload[] = [];
  let numUnsentRequests = 0;
  for (const [i, message] of request.requestMessages.entries()) {
    await pause(request.requestDelayMs);
    if (!(await sent(call.send(unpack(message, BidiStreamRequestSchema))))) {
      numUnsentRequests = request.requestMessages.length - i;
      break;
    }
    // A failure here is the failure of the call: what is received last tells it.
    if (fullDuplex && !(await receiveOne(call, payloads, timing).catch(() => false))) break;
  }
  if (timing.beforeCloseSend) call.cancel();
  call.closeSend();
  using _ = cancelAfter(call, timing.afterCloseSendMs);
  return { ...(await receiveRest(call, payloads, timing)), numUnsentRequests };
}

/** The outcome of a call with one response. Its error has headers and trailers in one: they count as trailers. */
async function single(reply: ReplyPromise<Response>): Promise<Result> {
  try {
    const { response, headers, trailers } = await reply.withMetadata();
    return {
      payloads: [payloadOf(response)],
      responseHeaders: toHeaders(headers),
      responseTrailers: toHeaders(trailers),
    };
  } catch (thrown) {
    const error = rpcError(thrown);
    return { error: toErrorMessage(error), responseTrailers: toHeaders(error.metadata) };
  }
}

/** Receives what is left, behind the payloads that are there, and gives the outcome. */
async function receiveRest(
  call: ReplyStream<Response>,
  payloads: ConformancePayload[],
  timing: CancelTiming,
): Promise<Result> {
  try {
    while (await receiveOne(call, payloads, timing));
    return {
      payloads,
      responseHeaders: toHeaders(await call.headers),
      responseTrailers: toHeaders(await call.trailers),
    };
  } catch (thrown) {
    const error = rpcError(thrown);
    const headers = await call.headers.catch(() => undefined);
    return {
      payloads,
      error: toErrorMessage(error),
      responseHeaders: headers === undefined ? [] : toHeaders(headers),
      responseTrailers: toHeaders(error.metadata).map(({ name = "", value = [] }) => ({
        name,
        value: behindHeaders(name, value, headers),
      })),
    };
  }
}

/** Whether there was one more; cancels behind the last that is wanted. */
async function receiveOne(
  call: ReplyStream<Response>,
  payloads: ConformancePayload[],
  timing: CancelTiming,
): Promise<boolean> {
  const response = await call.receive();
  if (response === undefined) return false;
  payloads.push(payloadOf(response));
  if (payloads.length === timing.afterNumResponses) call.cancel();
  return true;
}

/** What of an error's metadata came as trailers: the values behind those of the headers. */
function behindHeaders(name: string, values: readonly string[], headers: Metadata | undefined): string[] {
  return values.slice(headers?.getAll(name).length ?? 0);
}

function payloadOf(response: Response): ConformancePayload {
  return response.payload ?? create(ConformancePayloadSchema);
}

/** Every failure of a call is an RpcError: anything else is a fault of the client. */
function rpcError(thrown: unknown): RpcError {
  if (thrown instanceof RpcError) return thrown;
  throw new Error("the call failed with something that is no RpcError", { cause: thrown });
}

/** Whether a message was taken; why not, the call's outcome says. */
function sent(sending: Promise<boolean>): Promise<boolean> {
  return sending.catch(() => false);
}

/** When a test case wants its call canceled. */
interface CancelTiming {
  readonly beforeCloseSend?: true;
  readonly afterCloseSendMs?: number;
  readonly afterNumResponses?: number;
}

function cancelTiming(cancel: ClientCompatRequest_Cancel | undefined): CancelTiming {
  if (cancel === undefined) return {};
  switch (cancel.cancelTiming.case) {
    case "beforeCloseSend":
      return { beforeCloseSend: true };
    case "afterNumResponses":
      return { afterNumResponses: cancel.cancelTiming.value };
    case "afterCloseSendMs":
      return { afterCloseSendMs: cancel.cancelTiming.value };
    default:
      return { afterCloseSendMs: 0 };
  }
}

function cancelAfter(call: StreamCall, ms: number | undefined): Disposable {
  return ms === undefined ? { [Symbol.dispose]() {} } : after(ms, () => call.cancel());
}

/** The suite names this time in a test case, and means the clock: after it the call is canceled. */
function after(ms: number, act: () => void): Disposable {
  const timer = setTimeout(act, ms);
  return { [Symbol.dispose]: () => clearTimeout(timer) };
}

/** The suite names this time in a test case, and means the clock: so long is waited before each request message. */
async function pause(ms: number): Promise<void> {
  if (ms > 0) await delay(ms);
}
