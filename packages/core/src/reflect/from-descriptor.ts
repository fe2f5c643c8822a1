import type { DescMethod, DescService, Message, MessageShape } from "@bufbuild/protobuf";
import type { GenMessage } from "@bufbuild/protobuf/codegenv2";
import { MethodOptions_IdempotencyLevel } from "@bufbuild/protobuf/wkt";
import type { Awaitable, Init, Messages } from "../init.ts";
import type { CallOptions } from "../call/call-options.ts";
import type { HandlerCall } from "../call/handler-call.ts";
import type {
  BidiCall,
  ClientStreamCall,
  MessageStream,
  ReplyPromise,
  ReplyStream,
} from "../call/streams.ts";
import { method as makeMethod } from "../method.ts";
import type { AnyMethod, Idempotency } from "../method.ts";
import { serviceLite } from "../service.ts";
import type { Service } from "../service.ts";
import { reflectiveCodec } from "./reflective-codec.ts";
import { withDescriptor } from "./with-descriptor.ts";

type ClientFn<K, I extends Message, O> = K extends "unary"
  ? (request: Init<I>, options?: CallOptions) => ReplyPromise<O>
  : K extends "server_streaming"
    ? (request: Init<I>, options?: CallOptions) => ReplyStream<O>
    : K extends "client_streaming"
      ? {
          (options?: CallOptions): ClientStreamCall<I, O>;
          (requests: Messages<I>, options?: CallOptions): ReplyPromise<O>;
        }
      : {
          (options?: CallOptions): BidiCall<I, O>;
          (requests: Messages<I>, options?: CallOptions): ReplyStream<O>;
        };

type HandlerFn<K, I extends Message, O extends Message> = (
  request: K extends "unary" | "server_streaming" ? I : MessageStream<I>,
  call: HandlerCall,
) => K extends "unary" | "client_streaming" ? Awaitable<Init<O>> : AsyncIterable<Init<O>>;

type SafeName<N> = N extends "then" | "__proto__" ? `${N}$` : N;

/** The client of a service that only a protobuf-es descriptor describes. */
export type ClientOf<D extends DescService> = {
  readonly [N in keyof D["method"] as SafeName<N>]: ClientFn<
    D["method"][N]["methodKind"],
    MessageShape<D["method"][N]["input"]>,
    MessageShape<D["method"][N]["output"]>
  >;
};

/** The handlers of such a service. */
export type HandlersOf<D extends DescService> = {
  [N in keyof D["method"] as SafeName<N>]: HandlerFn<
    D["method"][N]["methodKind"],
    MessageShape<D["method"][N]["input"]>,
    MessageShape<D["method"][N]["output"]>
  >;
};

/** A service of a bare protobuf-es descriptor, types inferred: for descriptors out of a registry, and code without our plugin. */
export function fromDescriptor<D extends DescService>(descriptor: D): Service<ClientOf<D>, HandlersOf<D>> {
  const members: Record<string, AnyMethod> = {};
  for (const desc of descriptor.methods) {
    members[safeName(desc.localName)] = makeMethod(
      desc.methodKind,
      descriptor.typeName,
      desc.name,
      idempotencyOf(desc),
      reflectiveCodec(desc.input as GenMessage<Message>),
      reflectiveCodec(desc.output as GenMessage<Message>),
    ) as AnyMethod;
  }
  return withDescriptor(serviceLite(descriptor.typeName, members), descriptor);
}

/** A promise's `then`, and what would set an object's prototype, are no names for members. */
function safeName(localName: string): string {
  return localName === "then" || localName === "__proto__" ? `${localName}$` : localName;
}

function idempotencyOf(desc: DescMethod): Idempotency {
  switch (desc.idempotency) {
    case MethodOptions_IdempotencyLevel.NO_SIDE_EFFECTS:
      return "no_side_effects";
    case MethodOptions_IdempotencyLevel.IDEMPOTENT:
      return "idempotent";
    default:
      return "unknown";
  }
}
