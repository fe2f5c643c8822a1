import assert from "node:assert/strict";
import type { DescMessage, Message } from "@bufbuild/protobuf";
import {
  AnySchema,
  DurationSchema,
  FieldMaskSchema,
  StructSchema,
  TimestampSchema,
  TypeSchema,
} from "@bufbuild/protobuf/wkt";
import type { Codec } from "@millrace/core";
import { GreetReplySchema, GreetRequestSchema } from "../../../gen/greet/v1/greet_pb.ts";
import { jsonCodec } from "../../../packages/core/src/reflect/json-codec.ts";
import type { Target } from "../target.ts";
import { decodeOrNull, encoded, encodedOrNull } from "./codecs.ts";

const schemas: readonly DescMessage[] = [
  ...[GreetRequestSchema, GreetReplySchema, StructSchema, AnySchema],
  ...[DurationSchema, TimestampSchema, FieldMaskSchema, TypeSchema],
];
const codecs: readonly Codec<Message>[] = schemas.map((schema) => jsonCodec(schema, {}));

/** A message in JSON, of types that have between them every special form. */
export const jsonCodecs: Target = {
  words: [
    ...[
      '{"',
      '":',
      '",',
      "[",
      "]",
      "null",
      "true",
      "1e999",
      "-0",
      "1e400",
      "\\u0000",
      "\\ud800",
      '"__proto__":',
      "NaN",
      '"NaN"',
    ],
    ...[
      '"name":',
      '"mood":{"level":5}',
      '"city":',
      '"place":',
      '"tags":[',
      '"places":[',
      '"greeting":',
      '"@type":',
      '"value":',
    ],
    ...[
      '"type.googleapis.com/google.protobuf.Duration"',
      '"1.5s"',
      '"2026-01-01T00:00:00Z"',
      '"syntax":',
      '"SYNTAX_PROTO3"',
    ],
    ...[
      '"fields":[{"kind":"TYPE_ENUM","number":-1}]',
      '"options":',
      '"oneofs":',
      '"a.b,cD"',
      '"315576000000.999999999s"',
    ],
  ],
  run: (input) =>
    codecs
      .map((codec) => {
        const message = decodeOrNull(codec, input, false);
        if (message === null) return "none";
        const bytes = encodedOrNull(codec, message);
        if (bytes === null) return "not to be written";
        const again = codec.decode(bytes, 0, bytes.length, false);
        assert.deepEqual(encoded(codec, again), bytes);
        return bytes.length > 2 ? "some" : "empty";
      })
      .join(" "),
};
