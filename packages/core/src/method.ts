import type { Message, Registry } from "@bufbuild/protobuf";
import type { MessageCodec } from "./codec.ts";
import type { Init } from "./init.ts";

/** The four kinds of RPC. */
export type Kind = "unary" | "server_streaming" | "client_streaming" | "bidi_streaming";

/** `google.protobuf.MethodOptions.idempotency_level`. */
export type Idempotency = "unknown" | "no_side_effects" | "idempotent";

/** How the runtime reaches a message type of a method. */
export type Codec<T extends Message> = MessageCodec<T, Init<T>>;

/** How messages are read from and written to JSON. */
export interface JsonOptions {
  /**
   * Types for `google.protobuf.Any` and extensions, beside the service's own files and the well-known types, which are
   * always there.
   */
  readonly registry?: Registry | undefined;
  /** Whether unknown fields in JSON from a peer are ignored. Default true; false refuses them. */
  readonly ignoreUnknownFields?: boolean | undefined;
  /** Whether fields without presence are written when they hold their default. Default false. */
  readonly alwaysEmitImplicit?: boolean | undefined;
  /** Whether enums are written as numbers. Default false. */
  readonly enumAsInteger?: boolean | undefined;
  /** Whether fields are written by their name in the .proto file. Default false: lowerCamelCase. */
  readonly useProtoFieldName?: boolean | undefined;
}

/** What a method of a full service carries for JSON: codecs, made on request. */
export type JsonCodecs<I extends Message, O extends Message> = (options: JsonOptions) => {
  readonly input: Codec<I>;
  readonly output: Codec<O>;
};

/** One RPC, as data: compare it, route on it, call it alone. Carries no descriptor. */
export interface Method<K extends Kind = Kind, I extends Message = Message, O extends Message = Message> {
  readonly kind: K;
  /** As in the .proto file: `Greet`. */
  readonly name: string;
  /** The service's fully qualified name: `greet.v1.GreetService`. */
  readonly service: string;
  /** `/greet.v1.GreetService/Greet`. */
  readonly path: string;
  readonly idempotency: Idempotency;
  /** The binary codec of the request. */
  readonly input: Codec<I>;
  /** The binary codec of the response. */
  readonly output: Codec<O>;
  /** Present on the methods of a full service alone. */
  readonly "~json": JsonCodecs<I, O> | undefined;
}

/** A method of one of the four kinds: `method.kind` tells which. */
export type AnyMethod = { [K in Kind]: Method<K> }[Kind];

/** Makes a method. Generated code calls it. */
export function method<K extends Kind, I extends Message, O extends Message>(
  kind: K,
  service: string,
  name: string,
  idempotency: Idempotency,
  input: Codec<I>,
  output: Codec<O>,
): Method<K, I, O> {
  return {
    kind,
    name,
    service,
    path: `/${service}/${name}`,
    idempotency,
    input,
    output,
    "~json": undefined,
  };
}
