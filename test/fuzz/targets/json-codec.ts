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
import { everything } from "./everything.ts";
import { jsonTokens } from "./shapes.ts";

const schemas: readonly DescMessage[] = [
  ...[GreetRequestSchema, GreetReplySchema, StructSchema, AnySchema],
  ...[DurationSchema, TimestampSchema, FieldMaskSchema, TypeSchema, everything],
];
const codecs: readonly Codec<Message>[] = schemas.map((schema) => jsonCodec(schema, {}));

const members = [
  ..."name mood level city place tags places greeting @type value fields options syntax kind".split(" "),
  ..."f1 f2 f3 f8 f9 f10 f16 f17 f18 f19 o9 o16 o18 r1 r10 r16 r18 m1 m10 m16 m17 m18 m19 __proto__".split(
    " ",
  ),
];

/** A number that is, or may be rounded to, a zero below zero. */
const negativeZero = /-(?:0|\d*\.?\d*[eE]-)/;

/** A message in JSON, of types that have between them every special form. */
export const jsonCodecs: Target = {
  words: [
    ...members.map((name) => `"${name}":`),
    ..."null true 5 -0 1e999 1.5 NaN 4294967296 18446744073709551616 [ ] { } ,".split(" "),
    ...['"NaN"', '"-Infinity"', '"5"', '"1.5s"', '"315576000000.999999999s"', '"2026-01-01T00:00:00.5Z"'],
    ...[
      '"a.b,cD"',
      '"AQ=="',
      '"\\ud800"',
      '"\\u0000"',
      '"f17":{"a":{"b":null}}',
      '"m16":{"a":{}}',
      '"f18":null',
    ],
    ...['"@type":"type.googleapis.com/google.protobuf.Duration"', '"fields":[{"kind":"TYPE_ENUM"}]'],
  ],
  shape: jsonTokens,
  run: (input) =>
    codecs
      .map((codec) => {
        const message = decodeOrNull(codec, input, false);
        if (message === null) return "none";
        const bytes = encodedOrNull(codec, message);
        if (bytes === null) {
          // Half of a surrogate pair can be read, and not be written; as, in a Struct, a number beyond the largest.
          assert.match(Buffer.from(input).toString("latin1"), /\\u[dD][89a-fA-F]|[eE]\+?\d{3}|\d{309}/);
          return "not to be written";
        }
        const again = encoded(codec, codec.decode(bytes, 0, bytes.length, false));
        // A zero below zero is written as 0, as JSON.stringify() has it; read again it is what proto3 leaves out.
        if (negativeZero.test(Buffer.from(input).toString("latin1")))
          assert.deepEqual(encoded(codec, codec.decode(again, 0, again.length, false)), again);
        else assert.deepEqual(again, bytes);
        return bytes.length > 2 ? "some" : "empty";
      })
      .join(" "),
};
