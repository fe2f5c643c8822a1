// TestService by grpc-js, until SIGTERM. It sends nothing compressed: a server of grpc-js cannot.
import { Metadata, Server, ServerCredentials } from "@grpc/grpc-js";
import type {
  handleBidiStreamingCall,
  handleClientStreamingCall,
  handleServerStreamingCall,
  handleUnaryCall,
  ServerErrorResponse,
  UntypedHandleCall,
} from "@grpc/grpc-js";
import type { MessageInitShape } from "@bufbuild/protobuf";
import { randomUUID } from "node:crypto";
import { serverFlags } from "../flags.ts";
import type { Empty, EmptySchema } from "../gen/interop/empty_pb.ts";
import type {
  EchoStatus,
  PayloadSchema,
  SimpleRequest,
  SimpleResponseSchema,
  StreamingInputCallRequest,
  StreamingInputCallResponseSchema,
  StreamingOutputCallRequest,
  StreamingOutputCallResponseSchema,
} from "../gen/interop/messages_pb.ts";
import { TestService } from "../gen/interop/test_pb.ts";
import { initialMetadata, trailingMetadata } from "../test-values.ts";
import { serviceDefinition } from "./method-definition.ts";

type StreamingOutput = MessageInitShape<typeof StreamingOutputCallResponseSchema>;

const serverId = randomUUID();

const emptyCall: handleUnaryCall<Empty, MessageInitShape<typeof EmptySchema>> = (_, callback) =>
  callback(null, {});

const unaryCall: handleUnaryCall<SimpleRequest, MessageInitShape<typeof SimpleResponseSchema>> = (
  call,
  callback,
) => {
  const trailers = echoMetadata(call);
  const { responseStatus, responseSize, fillServerId } = call.request;
  const refused = refusal(responseStatus, trailers);
  if (refused !== undefined) callback(refused);
  else callback(null, { payload: zeros(responseSize), serverId: fillServerId ? serverId : "" }, trailers);
};

const streamingOutputCall: handleServerStreamingCall<StreamingOutputCallRequest, StreamingOutput> = (
  call,
) => {
  for (const response of responses(call.request)) call.write(response);
  call.end();
};

const streamingInputCall: handleClientStreamingCall<
  StreamingInputCallRequest,
  MessageInitShape<typeof StreamingInputCallResponseSchema>
> = (call, callback) => {
  let aggregatedPayloadSize = 0;
  call.on("data", ({ payload }: StreamingInputCallRequest) => {
    aggregatedPayloadSize += payload?.body.byteLength ?? 0;
  });
  call.on("end", () => callback(null, { aggregatedPayloadSize }));
};

const fullDuplexCall: handleBidiStreamingCall<StreamingOutputCallRequest, StreamingOutput> = (call) => {
  const trailers = echoMetadata(call);
  call.on("data", (request: StreamingOutputCallRequest) => {
    const refused = refusal(request.responseStatus, trailers);
    if (refused !== undefined) call.emit("error", refused);
    else for (const response of responses(request)) call.write(response);
  });
  call.on("end", () => call.end(trailers));
};

const halfDuplexCall: handleBidiStreamingCall<StreamingOutputCallRequest, StreamingOutput> = (call) => {
  const requests: StreamingOutputCallRequest[] = [];
  call.on("data", (request: StreamingOutputCallRequest) => requests.push(request));
  call.on("end", () => {
    for (const response of requests.flatMap(responses)) call.write(response);
    call.end();
  });
};

function responses({ responseParameters }: StreamingOutputCallRequest): StreamingOutput[] {
  return responseParameters.map(({ size }) => ({ payload: zeros(size) }));
}

function zeros(size: number): MessageInitShape<typeof PayloadSchema> {
  return { body: new Uint8Array(size) };
}

/** Sends the header that the client wants to see again, and gives the trailers. */
function echoMetadata(call: {
  readonly metadata: Metadata;
  sendMetadata(headers: Metadata): void;
}): Metadata {
  const headers = new Metadata();
  for (const value of call.metadata.get(initialMetadata.name)) headers.add(initialMetadata.name, value);
  call.sendMetadata(headers);
  const trailers = new Metadata();
  for (const value of call.metadata.get(trailingMetadata.name)) trailers.add(trailingMetadata.name, value);
  return trailers;
}

function refusal(
  status: EchoStatus | undefined,
  metadata: Metadata,
): Partial<ServerErrorResponse> | undefined {
  if (status === undefined || status.code === 0) return undefined;
  // oxlint-disable-next-line typescript/no-unsafe-enum-assignment -- the enum's numbers are the wire's
  return { code: status.code, details: status.message, metadata };
}

const { port, tls, compression } = serverFlags();
if (compression !== undefined) throw new Error("a server of grpc-js sends nothing compressed");
const server = new Server();
const handlers: Record<string, UntypedHandleCall> = {
  emptyCall,
  unaryCall,
  streamingOutputCall,
  streamingInputCall,
  fullDuplexCall,
  halfDuplexCall,
};
server.addService(serviceDefinition(TestService), handlers);
const credentials =
  tls === undefined
    ? ServerCredentials.createInsecure()
    : ServerCredentials.createSsl(null, [{ cert_chain: tls.cert, private_key: tls.key }]);
server.bindAsync(`127.0.0.1:${port}`, credentials, (error, bound) => {
  if (error !== null) throw error;
  console.log(`listening on 127.0.0.1:${bound}`);
});
process.once("SIGTERM", () => server.forceShutdown());
