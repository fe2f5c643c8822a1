// The program under test: for each request on stdin a response on stdout, each with its length in front.
import { readSync, writeSync } from "node:fs";
import { create, createRegistry } from "@bufbuild/protobuf";
import type { Message } from "@bufbuild/protobuf";
import type { Writer } from "@millrace/core";
import type { WireCodec } from "@millrace/core/wire";
import { jsonCodec } from "../../packages/core/src/reflect/json-codec.ts";
import {
  ConformanceRequest$codec,
  ConformanceResponse$codec,
} from "./gen/conformance/conformance_millrace.ts";
import { ConformanceResponseSchema, TestCategory, WireFormat } from "./gen/conformance/conformance_pb.ts";
import type { ConformanceRequest, ConformanceResponse } from "./gen/conformance/conformance_pb.ts";
import * as editionCodecs from "./gen/google/protobuf/test_messages_edition2023_millrace.ts";
import * as edition from "./gen/google/protobuf/test_messages_edition2023_pb.ts";
import * as proto2Codecs from "./gen/google/protobuf/test_messages_proto2_millrace.ts";
import * as proto2 from "./gen/google/protobuf/test_messages_proto2_pb.ts";
import * as proto2EditionsCodecs from "./gen/google/protobuf/test_messages_proto2_editions_millrace.ts";
import * as proto2Editions from "./gen/google/protobuf/test_messages_proto2_editions_pb.ts";
import * as proto3Codecs from "./gen/google/protobuf/test_messages_proto3_millrace.ts";
import * as proto3 from "./gen/google/protobuf/test_messages_proto3_pb.ts";
import * as proto3EditionsCodecs from "./gen/google/protobuf/test_messages_proto3_editions_millrace.ts";
import * as proto3Editions from "./gen/google/protobuf/test_messages_proto3_editions_pb.ts";

type Result = ConformanceResponse["result"];

const registry = createRegistry(
  edition.file_google_protobuf_test_messages_edition2023,
  proto2.file_google_protobuf_test_messages_proto2,
  proto2Editions.file_google_protobuf_test_messages_proto2_editions,
  proto3.file_google_protobuf_test_messages_proto3,
  proto3Editions.file_google_protobuf_test_messages_proto3_editions,
);

const codecs = new Map<string, WireCodec<Message>>(
  [editionCodecs, proto2Codecs, proto2EditionsCodecs, proto3Codecs, proto3EditionsCodecs]
    .flatMap((module) => Object.entries(module))
    .filter(([name]) => name.endsWith("$codec"))
    .map(([, codec]) => codec as unknown as WireCodec<Message>)
    .map((codec) => [codec.typeName, codec]),
);

for (let request = readFrame(); request !== null; request = readFrame()) {
  const response = answer(ConformanceRequest$codec.decode(request, 0, request.length, true));
  writeFrame(encode(ConformanceResponse$codec, response));
}

function answer(request: ConformanceRequest): ConformanceResponse {
  return create(ConformanceResponseSchema, { result: resultOf(request) });
}

function resultOf(request: ConformanceRequest): Result {
  const codec = codecs.get(request.messageType);
  const desc = registry.getMessage(request.messageType);
  if (codec === undefined || desc === undefined)
    return { case: "runtimeError", value: `unknown message type ${request.messageType}` };
  const json = jsonCodec(desc, {
    registry,
    ignoreUnknownFields: request.testCategory === TestCategory.JSON_IGNORE_UNKNOWN_PARSING_TEST,
  });
  let message: Message;
  try {
    switch (request.payload.case) {
      case "protobufPayload":
        message = read(codec, request.payload.value);
        break;
      case "jsonPayload":
        message = read(json, new TextEncoder().encode(request.payload.value));
        break;
      default:
        return { case: "skipped", value: `${request.payload.case} is not read` };
    }
  } catch (error) {
    return { case: "parseError", value: String(error) };
  }
  try {
    switch (request.requestedOutputFormat) {
      case WireFormat.PROTOBUF:
        return { case: "protobufPayload", value: encode(codec, message) };
      case WireFormat.JSON:
        return { case: "jsonPayload", value: new TextDecoder().decode(encode(json, message)) };
      default:
        return { case: "skipped", value: "this format is not written" };
    }
  } catch (error) {
    return { case: "serializeError", value: String(error) };
  }
}

type AnyCodec = Pick<WireCodec<Message>, "encode" | "decode">;

function read(codec: AnyCodec, bytes: Uint8Array): Message {
  return codec.decode(bytes, 0, bytes.length, false);
}

function encode<T extends Message>(codec: Pick<WireCodec<T>, "encode">, message: T): Uint8Array {
  const writer: Writer = {
    buf: new Uint8Array(64),
    pos: 0,
    end: 64,
    grow(bytes) {
      const buf = new Uint8Array(2 * (this.pos + bytes));
      buf.set(this.buf.subarray(0, this.pos));
      this.buf = buf;
      this.end = buf.length;
    },
  };
  codec.encode(message, writer, false);
  return writer.buf.subarray(0, writer.pos);
}

function readFrame(): Uint8Array | null {
  const head = readBytes(4);
  return head === null ? null : readBytes(new DataView(head.buffer).getUint32(0, true));
}

/** Null at the end of stdin. */
function readBytes(size: number): Uint8Array<ArrayBuffer> | null {
  const bytes = new Uint8Array(size);
  for (let at = 0; at < size;) {
    const count = readSync(0, bytes, at, size - at, null);
    if (count === 0) return null;
    at += count;
  }
  return bytes;
}

function writeFrame(bytes: Uint8Array): void {
  const frame = new Uint8Array(4 + bytes.length);
  new DataView(frame.buffer).setUint32(0, bytes.length, true);
  frame.set(bytes, 4);
  for (let at = 0; at < frame.length;) at += writeSync(1, frame, at);
}
