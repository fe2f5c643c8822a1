import type { DescMessage, MessageInitShape, MessageShape } from "@bufbuild/protobuf";
import { anyUnpack } from "@bufbuild/protobuf/wkt";
import type { Any } from "@bufbuild/protobuf/wkt";
import { RpcError } from "@millrace/core";
import type { Code as CodeName, ErrorDetail, Metadata, Protocol as ProtocolName } from "@millrace/core";
import {
  Code,
  Codec,
  Compression,
  HTTPVersion,
  Protocol,
} from "./gen/connectrpc/conformance/v1/config_pb.ts";
import type {
  Error as ErrorMessage,
  ErrorSchema,
  Header,
  HeaderSchema,
} from "./gen/connectrpc/conformance/v1/service_pb.ts";

/** The suite's headers as metadata takes them. */
export function fromHeaders(headers: readonly Header[]): (readonly [string, string])[] {
  return headers.flatMap(({ name, value }) => value.map((one) => [name, one] as const));
}

/** Metadata as the suite has them: one entry a name, its values in order, binary ones as base64. */
export function toHeaders(metadata: Metadata): MessageInitShape<typeof HeaderSchema>[] {
  const names = new Set(Array.from(metadata, ([name]) => name));
  return Array.from(names, (name) => ({ name, value: metadata.getAll(name) }));
}

/** The error that a response definition asks for, with more details behind its own. */
export function fromErrorMessage(error: ErrorMessage, more: readonly ErrorDetail[]): RpcError {
  const details = error.details.map(({ typeUrl, value }) => ({
    type: typeUrl.slice(typeUrl.lastIndexOf("/") + 1),
    value,
  }));
  return new RpcError(codeName(error.code), error.message ?? "", { details: [...details, ...more] });
}

/** A call's error as it is reported. */
export function toErrorMessage(error: RpcError): MessageInitShape<typeof ErrorSchema> {
  return {
    code: Code[error.code.toUpperCase() as Uppercase<CodeName>],
    message: error.message,
    details: error.details.map(({ type, value }) => ({ typeUrl: `type.googleapis.com/${type}`, value })),
  };
}

/** A request message of a test case. */
export function unpack<D extends DescMessage>(any: Any | undefined, schema: D): MessageShape<D> {
  const message = any === undefined ? undefined : anyUnpack(any, schema);
  if (message === undefined) {
    throw new Error(`the test case has ${any?.typeUrl ?? "nothing"} where a ${schema.typeName} belongs`);
  }
  return message;
}

function codeName(code: Code): CodeName {
  const name = Object.entries(Code).find(([, value]) => value === code)?.[0];
  return name === undefined || name === "UNSPECIFIED" ? "unknown" : (name.toLowerCase() as CodeName);
}

export function protocolName(protocol: Protocol): ProtocolName {
  switch (protocol) {
    case Protocol.CONNECT:
      return "connect";
    case Protocol.GRPC:
      return "grpc";
    case Protocol.GRPC_WEB:
      return "grpc-web";
    default:
      throw new Error(`protocol ${protocol} is not supported`);
  }
}

export function codecName(codec: Codec): "proto" | "json" {
  switch (codec) {
    case Codec.PROTO:
      return "proto";
    case Codec.JSON:
      return "json";
    default:
      throw new Error(`codec ${codec} is not supported`);
  }
}

export function httpVersionName(version: HTTPVersion): "1.1" | "2" {
  switch (version) {
    case HTTPVersion.HTTP_VERSION_1:
      return "1.1";
    case HTTPVersion.HTTP_VERSION_2:
      return "2";
    default:
      throw new Error(`HTTP version ${version} is not supported`);
  }
}

/** The algorithm's name on the wire; undefined for none. */
export function compressionName(compression: Compression): string | undefined {
  switch (compression) {
    case Compression.UNSPECIFIED:
    case Compression.IDENTITY:
      return undefined;
    case Compression.GZIP:
      return "gzip";
    case Compression.BR:
      return "br";
    case Compression.ZSTD:
      return "zstd";
    case Compression.DEFLATE:
      return "deflate";
    default:
      throw new Error(`compression ${compression} is not supported`);
  }
}
