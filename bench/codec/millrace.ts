// The codec that the plugin prints, and the JSON codec, as calls use them: they write into a slab, and read bytes that belong
// to the message.
import assert from "node:assert/strict";
import { create, equals, toBinary, toJsonString } from "@bufbuild/protobuf";
import { Record$codec } from "../../gen/millrace/bench/v1/record_millrace.ts";
import { RecordSchema } from "../../gen/millrace/bench/v1/record_pb.ts";
import type { Record as RecordMessage } from "../../gen/millrace/bench/v1/record_pb.ts";
import { ChunkWriter } from "../../packages/core/src/call/chunk-writer.ts";
import { jsonCodec } from "../../packages/core/src/reflect/json-codec.ts";
import { contend, samples } from "./work.ts";

const json = jsonCodec(RecordSchema, {});

contend((sample) => {
  const message = create(RecordSchema, samples[sample]);
  const bytes = Buffer.from(toBinary(RecordSchema, message));
  const text = Buffer.from(toJsonString(RecordSchema, message));
  const writer = new ChunkWriter();
  const encode = (): Uint8Array => {
    writer.begin(0);
    Record$codec.encode(message, writer, false);
    return writer.cut();
  };
  const decode = (): RecordMessage => Record$codec.decode(bytes, 0, bytes.length, true);
  const encodeJson = (): Uint8Array => {
    writer.begin(0);
    json.encode(message, writer, false);
    return writer.cut();
  };
  const decodeJson = (): unknown => json.decode(text, 0, text.length, true);
  return {
    encode,
    decode,
    "encode JSON": encodeJson,
    "decode JSON": decodeJson,
    check() {
      assert.ok(text.equals(encodeJson()));
      assert.ok(equals(RecordSchema, decodeJson() as RecordMessage, message));
      assert.ok(bytes.equals(encode()));
      assert.ok(equals(RecordSchema, decode(), message));
    },
  };
});
