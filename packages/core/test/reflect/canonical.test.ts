import { create, toBinary } from "@bufbuild/protobuf";
import { FieldMaskSchema, ListValueSchema, StructSchema, ValueSchema } from "@bufbuild/protobuf/wkt";
import type { FieldMask, Struct } from "@bufbuild/protobuf/wkt";
import { expect, test } from "vitest";
import { ChunkWriter } from "../../src/call/chunk-writer.ts";
import type { Codec } from "../../src/method.ts";
import { jsonCodec } from "../../src/reflect/json-codec.ts";
import { reflectiveCodec } from "../../src/reflect/reflective-codec.ts";

function encoded(codec: Codec<never>, message: unknown, deterministic: boolean): Uint8Array {
  const writer = new ChunkWriter();
  writer.begin(0);
  codec.encode(message as never, writer, deterministic);
  return writer.cut();
}

const string = (text: string) => create(ValueSchema, { kind: { case: "stringValue", value: text } });
const struct = (names: string[]) => ({
  fields: Object.fromEntries(
    names.map((name) => [
      name,
      create(ValueSchema, {
        kind: {
          case: "listValue",
          value: create(ListValueSchema, {
            values: [
              create(ValueSchema, {
                kind: {
                  case: "structValue",
                  value: create(StructSchema, {
                    fields: Object.fromEntries(names.map((inner) => [inner, string(inner)])),
                  }),
                },
              }),
            ],
          }),
        },
      }),
    ]),
  ),
});
const one = create(StructSchema, struct(["b", "a", "c"]));
const other = create(StructSchema, struct(["c", "b", "a"]));

test("Connect GET: equal messages give equal bytes, whatever the order of their maps, however deep", () => {
  for (const codec of [reflectiveCodec(StructSchema), jsonCodec(StructSchema, {})] as Codec<never>[]) {
    expect(encoded(codec, one, true)).toEqual(encoded(codec, other, true));
    expect(encoded(codec, one, false)).not.toEqual(encoded(codec, other, false));
  }
});

test("a deterministic encoding leaves the message that was given as it is", () => {
  encoded(reflectiveCodec(StructSchema) as Codec<Struct> as Codec<never>, one, true);
  expect(Object.keys(one.fields)).toEqual(["b", "a", "c"]);
});

test("without maps a deterministic encoding is the ordinary one", () => {
  const mask = create(FieldMaskSchema, { paths: ["b", "a"] });
  expect(encoded(reflectiveCodec(FieldMaskSchema) as Codec<FieldMask> as Codec<never>, mask, true)).toEqual(
    toBinary(FieldMaskSchema, mask),
  );
});
