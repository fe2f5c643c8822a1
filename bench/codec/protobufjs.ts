// The code that protobufjs makes of a schema. It has numbers for 64-bit integers, as nothing else is installed.
import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { create, toBinary } from "@bufbuild/protobuf";
import protobuf from "protobufjs";
import { RecordSchema } from "../../gen/millrace/bench/v1/record_pb.ts";
import { contend, samples } from "./work.ts";

const file = fileURLToPath(new URL("../../test/proto/millrace/bench/v1/record.proto", import.meta.url));
const type = protobuf.loadSync(file).lookupType("millrace.bench.v1.Record");

contend((sample) => {
  const bytes = Buffer.from(toBinary(RecordSchema, create(RecordSchema, samples[sample])));
  const message = type.decode(bytes);
  const encode = (): Uint8Array => type.encode(message).finish();
  const decode = (): unknown => type.decode(bytes);
  return { encode, decode, check: () => assert.ok(bytes.equals(encode())) };
});
