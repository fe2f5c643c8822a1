import assert from "node:assert/strict";
import { create, equals, fromBinary, fromJsonString, toBinary, toJsonString } from "@bufbuild/protobuf";
import { RecordSchema } from "../../gen/millrace/bench/v1/record_pb.ts";
import type { Record as RecordMessage } from "../../gen/millrace/bench/v1/record_pb.ts";
import { contend, samples } from "./work.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

contend((sample) => {
  const message = create(RecordSchema, samples[sample]);
  const bytes = Buffer.from(toBinary(RecordSchema, message));
  const encode = (): Uint8Array => toBinary(RecordSchema, message);
  const decode = (): RecordMessage => fromBinary(RecordSchema, bytes);
  const text = Buffer.from(toJsonString(RecordSchema, message));
  return {
    encode,
    decode,
    "encode JSON": () => encoder.encode(toJsonString(RecordSchema, message)),
    "decode JSON": () => fromJsonString(RecordSchema, decoder.decode(text)),
    check: () => assert.ok(equals(RecordSchema, decode(), message)),
  };
});
