import { create, createFileRegistry } from "@bufbuild/protobuf";
import type { DescMessage, MessageInitShape } from "@bufbuild/protobuf";
import {
  FieldDescriptorProto_Label as Label,
  FieldDescriptorProto_Type as Type,
  FileDescriptorProtoSchema,
  FileDescriptorSetSchema,
  file_google_protobuf_struct,
  file_google_protobuf_wrappers,
} from "@bufbuild/protobuf/wkt";
import type { FieldDescriptorProto, FieldDescriptorProtoSchema } from "@bufbuild/protobuf/wkt";

const scalars: readonly Type[] = [
  ...[Type.DOUBLE, Type.FLOAT, Type.INT64, Type.UINT64, Type.INT32, Type.FIXED64, Type.FIXED32, Type.BOOL],
  ...[Type.STRING, Type.BYTES, Type.UINT32, Type.SFIXED32, Type.SFIXED64, Type.SINT32, Type.SINT64],
];
const messages = [
  ".fuzz.Everything",
  ".google.protobuf.Struct",
  ".google.protobuf.Value",
  ".google.protobuf.BytesValue",
];

type Kind = Pick<FieldDescriptorProto, "type" | "typeName">;
const kinds: readonly Kind[] = [
  ...scalars.map((type) => ({ type, typeName: "" })),
  ...messages.map((typeName) => ({ type: Type.MESSAGE, typeName })),
];

const known = [file_google_protobuf_struct, file_google_protobuf_wrappers].map(({ proto }) => proto);

/**
 * A message with fields of every scalar type, of its own type, and of those well-known types that are something else in
 * memory: for each a singular one (1 to 19), one in a oneof (101 to 119), a repeated one (201 to 219), and a map of strings
 * to it (301 to 319).
 */
export const everything: DescMessage = build();

function build(): DescMessage {
  const file = create(FileDescriptorProtoSchema, {
    name: "everything.proto",
    package: "fuzz",
    syntax: "proto3",
    dependency: known.map(({ name }) => name),
    messageType: [
      {
        name: "Everything",
        oneofDecl: [{ name: "one" }],
        field: kinds.flatMap((kind, at) => [
          field(kind, `f${at + 1}`, at + 1, Label.OPTIONAL),
          { ...field(kind, `o${at + 1}`, at + 101, Label.OPTIONAL), oneofIndex: 0 },
          field(kind, `r${at + 1}`, at + 201, Label.REPEATED),
          field(entryKind(at), `m${at + 1}`, at + 301, Label.REPEATED),
        ]),
        nestedType: kinds.map((kind, at) => ({
          name: `M${at + 1}Entry`,
          options: { mapEntry: true },
          field: [
            field({ type: Type.STRING, typeName: "" }, "key", 1, Label.OPTIONAL),
            field(kind, "value", 2, Label.OPTIONAL),
          ],
        })),
      },
    ],
  });
  const all = create(FileDescriptorSetSchema, { file: [...known, file] });
  return createFileRegistry(all).getMessage("fuzz.Everything")!;
}

function field(
  kind: Kind,
  name: string,
  number: number,
  label: Label,
): MessageInitShape<typeof FieldDescriptorProtoSchema> {
  return { ...kind, name, jsonName: name, number, label };
}

function entryKind(at: number): Kind {
  return { type: Type.MESSAGE, typeName: `.fuzz.Everything.M${at + 1}Entry` };
}
