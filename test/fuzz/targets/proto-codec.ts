import assert from "node:assert/strict";
import type { Message } from "@bufbuild/protobuf";
import type { GenMessage } from "@bufbuild/protobuf/codegenv2";
import { AnySchema, FileDescriptorProtoSchema, StructSchema } from "@bufbuild/protobuf/wkt";
import { reflectiveCodec } from "@millrace/core/reflect";
import { GreetReplySchema, GreetRequestSchema } from "../../../gen/greet/v1/greet_pb.ts";
import type { Target } from "../target.ts";
import { decodeOrNull, encoded } from "./codecs.ts";
import { everything } from "./everything.ts";

const codecs = [
  GreetRequestSchema,
  GreetReplySchema,
  StructSchema,
  AnySchema,
  FileDescriptorProtoSchema,
  everything,
].map((schema) => reflectiveCodec(schema as GenMessage<Message>));

/** A message in binary, of types that have between them every kind of field. */
export const protoCodec: Target = {
  words: [
    "\x0a\x03Ada",
    "\x12\x02\x08\x05",
    "\x1a\x00",
    "\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01",
    "\x0b",
    "\x0c",
    "\x0d",
    "\x09",
    "\xff\xff\xff\xff\x0f",
  ],
  run: (input) =>
    codecs
      .map((codec) => {
        const message = decodeOrNull(codec, input.slice(), true);
        // As a Buffer, which is what Node hands up.
        const lent = Buffer.from(input);
        const copy = decodeOrNull(codec, lent, false);
        // What was read from borrowed bytes has none of them in it.
        lent.fill(0xdb);
        assert.equal(copy === null, message === null);
        if (message === null || copy === null) return "none";
        const bytes = encoded(codec, message);
        assert.deepEqual(encoded(codec, copy), bytes);
        assert.deepEqual(encoded(codec, codec.decode(bytes, 0, bytes.length, true)), bytes);
        return bytes.length === 0 ? "empty" : message.$unknown === undefined ? "known" : "unknown";
      })
      .join(" "),
};
