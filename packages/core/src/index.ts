export type { App } from "./call/app.ts";
export type { CallHead, Peer } from "./call/call-head.ts";
export type { CallOptions } from "./call/call-options.ts";
export { callBidi } from "./call/client/call-bidi.ts";
export { callClientStream } from "./call/client/call-client-stream.ts";
export { callServerStream } from "./call/client/call-server-stream.ts";
export { callUnary } from "./call/client/call-unary.ts";
export { createClient } from "./call/client/create-client.ts";
export type { CompressionOptions } from "./call/compression-options.ts";
export type { Gate } from "./call/gate.ts";
export type { HandlerCall } from "./call/handler-call.ts";
export { implement, implementPartial } from "./call/implementation.ts";
export type { Implementation, ServiceOptions } from "./call/implementation.ts";
export { isCallTo } from "./call/interceptor.ts";
export type {
  AnyCall,
  Interceptor,
  InterceptorCall,
  InterceptorReply,
  Next,
  ReplyTo,
  RequestOf,
  ResponseOf,
} from "./call/interceptor.ts";
export type { CallEnd, CallEvents, Observer } from "./call/observer.ts";
export { setHeaders } from "./call/set-headers.ts";
export type {
  BidiCall,
  ClientStreamCall,
  MessageStream,
  Reply,
  ReplyPromise,
  ReplyStream,
  RequestSink,
  StreamCall,
} from "./call/streams.ts";
export type { ClientOptions, CommonTransportOptions, Transport } from "./call/transport.ts";
export type { Code } from "./code.ts";
export type { MessageCodec, Writer } from "./codec.ts";
export { contextKey, contextValues } from "./context-values.ts";
export type { ContextKey, ContextValues } from "./context-values.ts";
export { isNotModified, notModified, RpcError } from "./error.ts";
export type { RpcErrorOptions } from "./error.ts";
export type { ErrorDetail } from "./error-detail.ts";
export type { Awaitable, Init, Messages } from "./init.ts";
export { InvalidMetadata } from "./metadata.ts";
export type { Metadata, MetadataInit } from "./metadata.ts";
export { method } from "./method.ts";
export type { AnyMethod, Codec, Idempotency, JsonOptions, Kind, Method } from "./method.ts";
export type { Protocol } from "./protocol/protocol-name.ts";
export { errorDetail, findDetails } from "./reflect/error-detail.ts";
export { serviceLite } from "./service.ts";
export type { Service, ServiceLite } from "./service.ts";
