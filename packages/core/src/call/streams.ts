/// <reference lib="esnext.disposable" preserve="true" />
import type { Message } from "@bufbuild/protobuf";
import type { Init } from "../init.ts";
import type { Metadata } from "../metadata.ts";

/** A response with its metadata. */
export interface Reply<O> {
  readonly response: O;
  readonly headers: Metadata;
  readonly trailers: Metadata;
}

/** A real Promise of the response; rejects with RpcError only. */
export interface ReplyPromise<O> extends Promise<O> {
  /** The same outcome, with headers and trailers. */
  withMetadata(): Promise<Reply<O>>;
}

/** Incoming messages. Leaving a `for await` cancels; receive() takes one and leaves the rest. */
export interface MessageStream<T> extends AsyncIterable<T> {
  /** The next message; undefined after the last. Rejects as the call does. */
  receive(): Promise<T | undefined>;
}

/** A live streaming call: started at once, never thenable; disposal cancels what still runs. */
export interface StreamCall extends AsyncDisposable {
  /** The response's headers. Never an unhandled rejection. */
  readonly headers: Promise<Metadata>;
  /** Cancels the call, here and on the wire. Harmless when it has ended. */
  cancel(reason?: unknown): void;
}

/** A call with a stream of responses. */
export interface ReplyStream<O> extends StreamCall, MessageStream<O> {
  /** Settles when the last message has been read. Never an unhandled rejection. */
  readonly trailers: Promise<Metadata>;
}

/** A call with a stream of requests. */
export interface RequestSink<I extends Message> {
  /**
   * Sends a message. Resolves when there is room for more: true; false when the server has ended the call already and
   * well: read the result. Rejects as the call does, never unhandled. The message must not be changed from then on:
   * interceptors may hold it still.
   */
  send(message: Init<I>): Promise<boolean>;
}

/** A client-streaming call: send() as often as needed, then finish(). */
export interface ClientStreamCall<I extends Message, O> extends StreamCall, RequestSink<I> {
  /** Ends the requests and gives the response; called again, the same promise. */
  finish(): ReplyPromise<O>;
}

/**
 * A bidi-streaming call: send() and receive() in any order, or both at once. Leaving a `for await` over the responses
 * cancels the requests too.
 */
export interface BidiCall<I extends Message, O> extends ReplyStream<O>, RequestSink<I> {
  /** Ends the requests; responses go on. */
  closeSend(): void;
}
