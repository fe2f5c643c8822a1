import type { Message } from "@bufbuild/protobuf";
import type { ContextValues } from "../context-values.ts";
import { RpcError } from "../error.ts";
import type { Awaitable } from "../init.ts";
import type { FieldMetadata, Metadata, MetadataInit } from "../metadata.ts";
import type { Kind, Method } from "../method.ts";
import type { Protocol } from "../protocol/protocol-name.ts";
import type { CallHead, Peer } from "./call-head.ts";
import type { InterceptorCall, InterceptorReply } from "./interceptor.ts";

type OneOrMany = Message | AsyncIterable<Message>;
type Each = (message: Message) => Awaitable<Message>;

/** What `with()` may change in a head. */
export interface HeadChanges {
  readonly headers?: MetadataInit | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly timeoutMs?: number | undefined;
}

/** What the calls that interceptors derive from one another share. */
export interface SharedCall {
  /** The response's; one object for all replies of the call, however they are rebuilt. */
  readonly headers: FieldMetadata;
  readonly trailers: FieldMetadata;
  /** A head with changes; the side's own. */
  derive(head: CallHead, changes: HeadChanges): CallHead;
}

/** A call in the hands of interceptors. */
export class InterceptedCall implements InterceptorCall {
  readonly head: CallHead;
  readonly #request: OneOrMany | Promise<Message>;
  readonly #shared: SharedCall;

  constructor(head: CallHead, request: OneOrMany | Promise<Message>, shared: SharedCall) {
    this.head = head;
    this.#request = request;
    this.#shared = shared;
  }

  get kind(): Kind {
    return this.head.method.kind;
  }

  get side(): "client" | "server" {
    return this.head.side;
  }

  get method(): Method {
    return this.head.method;
  }

  get protocol(): Protocol {
    return this.head.protocol;
  }

  get peer(): Peer | undefined {
    return this.head.peer;
  }

  get requestHeaders(): Metadata {
    return this.head.requestHeaders;
  }

  get values(): ContextValues {
    return this.head.values;
  }

  get signal(): AbortSignal {
    return this.head.signal;
  }

  get remainingMs(): number {
    return this.head.remainingMs;
  }

  get request(): OneOrMany {
    if (!(this.#request instanceof Promise)) return this.#request;
    throw new RpcError(
      "internal",
      "mapRequests() has not finished with the request: the next interceptor can read it",
    );
  }

  get shared(): SharedCall {
    return this.#shared;
  }

  with(changes: HeadChanges & { readonly request?: OneOrMany | undefined }): this {
    const head = this.#shared.derive(this.head, changes);
    return new InterceptedCall(head, changes.request ?? this.#request, this.#shared) as this;
  }

  mapRequests(each: Each): this {
    const { kind } = this;
    const mapped =
      kind === "unary" || kind === "server_streaming"
        ? mapOne(this.#request as Message | Promise<Message>, each)
        : mapMany(this.#request as AsyncIterable<Message>, each);
    return new InterceptedCall(this.head, mapped, this.#shared) as this;
  }

  reply(
    response: OneOrMany,
    metadata?: { headers?: MetadataInit | undefined; trailers?: MetadataInit | undefined },
  ): InterceptedReply {
    const { headers, trailers } = this.#shared;
    if (metadata?.headers !== undefined) headers.replace(metadata.headers);
    if (metadata?.trailers !== undefined) trailers.replace(metadata.trailers);
    return new InterceptedReply(this.kind, response, headers, trailers);
  }

  /** This call, when its request is there. */
  async ready(): Promise<InterceptedCall> {
    if (!(this.#request instanceof Promise)) return this;
    return new InterceptedCall(this.head, await this.#request, this.#shared);
  }
}

/** A reply in the hands of interceptors. */
export class InterceptedReply implements InterceptorReply {
  readonly kind: Kind;
  readonly headers: Metadata;
  readonly trailers: Metadata;
  readonly #response: OneOrMany | Promise<Message>;

  constructor(kind: Kind, response: OneOrMany | Promise<Message>, headers: Metadata, trailers: Metadata) {
    this.kind = kind;
    this.#response = response;
    this.headers = headers;
    this.trailers = trailers;
  }

  get response(): OneOrMany {
    if (!(this.#response instanceof Promise)) return this.#response;
    throw new RpcError(
      "internal",
      "mapResponses() has not finished with the response: return the reply, and the interceptor outside reads it",
    );
  }

  mapResponses(each: Each): this {
    const mapped =
      this.kind === "unary" || this.kind === "client_streaming"
        ? mapOne(this.#response as Message | Promise<Message>, each)
        : mapMany(this.#response as AsyncIterable<Message>, each);
    return new InterceptedReply(this.kind, mapped, this.headers, this.trailers) as this;
  }

  /** This reply, when its response is there. */
  async ready(): Promise<InterceptedReply> {
    if (!(this.#response instanceof Promise)) return this;
    return new InterceptedReply(this.kind, await this.#response, this.headers, this.trailers);
  }
}

function mapOne(message: Message | Promise<Message>, each: Each): Message | Promise<Message> {
  const mapped = message instanceof Promise ? message.then(each) : each(message);
  // Whoever drops the copy has dropped its failure too.
  if (mapped instanceof Promise) mapped.catch(() => {});
  return mapped;
}

async function* mapMany(messages: AsyncIterable<Message>, each: Each): AsyncGenerator<Message> {
  for await (const message of messages) yield await each(message);
}
