import type { Message } from "@bufbuild/protobuf";
import type { Awaitable } from "../init.ts";
import type { Metadata, MetadataInit } from "../metadata.ts";
import type { Kind, Method } from "../method.ts";
import type { CallHead } from "./call-head.ts";

/** What a call of a kind takes: one message, or a sequence. */
export type RequestOf<K extends Kind, I> = K extends "unary" | "server_streaming" ? I : AsyncIterable<I>;

/** What a call of a kind gives: one message, or a sequence. */
export type ResponseOf<K extends Kind, O> = K extends "unary" | "client_streaming" ? O : AsyncIterable<O>;

/** A call as interceptors see it, the same on both sides. Messages are always complete, never init shapes. */
export interface InterceptorCall<
  K extends Kind = Kind,
  I extends Message = Message,
  O extends Message = Message,
> extends CallHead {
  readonly kind: K;
  readonly method: Method<K, I, O>;
  readonly request: RequestOf<K, I>;
  /** A changed copy; `headers` replace those of the same names, `timeoutMs` only ever shortens. */
  with(changes: {
    request?: RequestOf<K, I> | undefined;
    headers?: MetadataInit | undefined;
    signal?: AbortSignal | undefined;
    timeoutMs?: number | undefined;
  }): this;
  /** A copy whose request message, or each of them, passes through `each`. */
  mapRequests(each: (message: I) => Awaitable<I>): this;
  /** An answer without next(), or around what next() gave: headers and trailers are carried along. */
  reply(
    response: ResponseOf<K, O>,
    metadata?: { headers?: MetadataInit | undefined; trailers?: MetadataInit | undefined },
  ): InterceptorReply<K, O>;
}

/** `trailers` is complete once `response` has been read; on the server it is writable until then. */
export interface InterceptorReply<K extends Kind = Kind, O extends Message = Message> {
  readonly kind: K;
  readonly response: ResponseOf<K, O>;
  readonly headers: Metadata;
  readonly trailers: Metadata;
  /** A copy whose response message, or each of them, passes through `each`. */
  mapResponses(each: (message: O) => Awaitable<O>): this;
}

/** A call of one of the four kinds: `call.kind` narrows request and response together. */
export type AnyCall = { [K in Kind]: InterceptorCall<K> }[Kind];

/** The reply to a call of this type: of the same kind, with the same response message. */
export type ReplyTo<C> =
  C extends InterceptorCall<infer K, infer _I, infer O> ? InterceptorReply<K, O> : never;

/**
 * Resolves with the reply's head (a stream) or after the trailers (one response); what fails later is thrown by iterating
 * `response`. It may run again, unless the request is a stream that was consumed.
 */
export type Next = <C extends AnyCall>(call: C) => Promise<ReplyTo<C>>;

/** First in the list is outermost. */
export type Interceptor = (call: AnyCall, next: Next) => Promise<InterceptorReply>;

/** Narrows an interceptor's call to one method. */
export function isCallTo<K extends Kind, I extends Message, O extends Message>(
  call: InterceptorCall,
  method: Method<K, I, O>,
): call is InterceptorCall<K, I, O> {
  return call.method.path === method.path;
}
