import assert from "node:assert/strict";
import { create, equals, fromBinary, toBinary } from "@bufbuild/protobuf";
import { RecordSchema } from "../../gen/millrace/bench/v1/record_pb.ts";
import type { Record as RecordMessage } from "../../gen/millrace/bench/v1/record_pb.ts";
import { contend, samples } from "./work.ts";

contend((sample) => {
  const message = create(RecordSchema, samples[sample]);
  const bytes = Buffer.from(toBinary(RecordSchema, message));
  const encode = (): Uint8Array => toBinary(RecordSchema, message);
  const decode = (): RecordMessage => fromBinary(RecordSchema, bytes);
  return { encode, decode, check: () => assert.ok(equals(RecordSchema, decode(), message)) };
});
