// The codec that the plugin prints, as calls use it: it writes into a slab, and reads bytes that belong to the message.
import assert from "node:assert/strict";
import { create, equals, toBinary } from "@bufbuild/protobuf";
import { Record$codec } from "../../gen/millrace/bench/v1/record_millrace.ts";
import { RecordSchema } from "../../gen/millrace/bench/v1/record_pb.ts";
import type { Record as RecordMessage } from "../../gen/millrace/bench/v1/record_pb.ts";
import { ChunkWriter } from "../../packages/core/src/call/chunk-writer.ts";
import { contend, samples } from "./work.ts";

contend((sample) => {
  const message = create(RecordSchema, samples[sample]);
  const bytes = Buffer.from(toBinary(RecordSchema, message));
  const writer = new ChunkWriter();
  const encode = (): Uint8Array => {
    writer.begin(0);
    Record$codec.encode(message, writer, false);
    return writer.cut();
  };
  const decode = (): RecordMessage => Record$codec.decode(bytes, 0, bytes.length, true);
  return {
    encode,
    decode,
    check() {
      assert.ok(bytes.equals(encode()));
      assert.ok(equals(RecordSchema, decode(), message));
    },
  };
});
