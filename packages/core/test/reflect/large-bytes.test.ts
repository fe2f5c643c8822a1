import { create, createFileRegistry, equals, fromBinary, fromJson, toBinary } from "@bufbuild/protobuf";
import type { JsonObject, Message } from "@bufbuild/protobuf";
import type { GenMessage } from "@bufbuild/protobuf/codegenv2";
import { FileDescriptorProtoSchema } from "@bufbuild/protobuf/wkt";
import { describe, expect, test, vi } from "vitest";
import { ChunkWriter } from "../../src/call/chunk-writer.ts";
import { reflectiveCodec } from "../../src/reflect/reflective-codec.ts";

type Fields = Message & Record<string, unknown>;

const optional = { label: "LABEL_OPTIONAL", type: "TYPE_BYTES" };
const proto3 = schemaOf("proto3", {
  field: [
    { name: "plain", number: 1, ...optional },
    { name: "text", number: 2, label: "LABEL_OPTIONAL", type: "TYPE_STRING" },
    { name: "many", number: 3, label: "LABEL_REPEATED", type: "TYPE_BYTES" },
    { name: "chosen", number: 4, ...optional, oneofIndex: 0 },
    { name: "other", number: 5, label: "LABEL_OPTIONAL", type: "TYPE_STRING", oneofIndex: 0 },
    { name: "present", number: 6, ...optional, oneofIndex: 1, proto3Optional: true },
    { name: "inner", number: 7, label: "LABEL_OPTIONAL", type: "TYPE_MESSAGE", typeName: ".test.Holder" },
    { name: "far", number: 536_870_911, ...optional },
  ],
  oneofDecl: [{ name: "choice" }, { name: "_present" }],
});
const proto2 = schemaOf("proto2", {
  field: [
    { name: "must", number: 1, label: "LABEL_REQUIRED", type: "TYPE_BYTES" },
    { name: "may", number: 2, ...optional, defaultValue: "abc" },
  ],
});

function schemaOf(syntax: string, message: JsonObject): GenMessage<Fields> {
  const file = { name: "test.proto", package: "test", syntax, messageType: [{ name: "Holder", ...message }] };
  const registry = createFileRegistry(fromJson(FileDescriptorProtoSchema, file), () => undefined);
  return registry.getMessage("test.Holder") as GenMessage<Fields>;
}

function encoded(schema: GenMessage<Fields>, message: Fields, deterministic = false): Uint8Array {
  const writer = new ChunkWriter();
  writer.begin(5);
  reflectiveCodec(schema).encode(message, writer, deterministic);
  return writer.cut().slice(5);
}

const large = (fill: number): Uint8Array => new Uint8Array(100_000).fill(fill);

describe("a message with large bytes is read as what was written", () => {
  const unknown = [{ no: 99, wireType: 0, data: new Uint8Array([7]) }];
  test.each<[string, GenMessage<Fields>, object]>([
    ["a plain field", proto3, { plain: large(1), text: "beside it" }],
    ["a field with presence", proto3, { present: large(2), text: "beside it" }],
    ["a member of a oneof", proto3, { choice: { case: "chosen", value: large(3) }, plain: large(4) }],
    ["another member of that oneof", proto3, { choice: { case: "other", value: "text" }, plain: large(5) }],
    ["a list", proto3, { many: [large(6), large(7)], plain: large(8) }],
    ["a message inside it", proto3, { inner: create(proto3, { plain: large(9) }), plain: large(10) }],
    ["the largest number", proto3, { far: large(11) }],
    ["unknown fields", proto3, { plain: large(12), $unknown: unknown }],
    ["a required field", proto2, { must: large(13), may: large(14) }],
    ["a default", proto2, { must: large(15) }],
  ])("%s", (_, schema, init) => {
    const message = Object.assign(create(schema, init), init);
    const before = toBinary(schema, message);
    const read = fromBinary(schema, encoded(schema, message));
    expect(equals(schema, read, fromBinary(schema, before))).toBe(true);
    expect(read.$unknown?.length).toBe(message.$unknown?.length);
    // The message that was given is as it was.
    expect(toBinary(schema, message)).toEqual(before);
  });
});

test("large bytes are copied once, to where they go", () => {
  const message = create(proto3, { plain: large(1) });
  const set = vi.spyOn(Uint8Array.prototype, "set");
  encoded(proto3, message);
  const copied = set.mock.calls.reduce((bytes, [from]) => bytes + from.length, 0);
  set.mockRestore();
  expect(copied).toBeLessThan(100_100);
});

test("small bytes, and all bytes of a deterministic encoding, are written in the order of their numbers", () => {
  const small = create(proto3, { plain: new Uint8Array(100), text: "behind it" });
  expect(encoded(proto3, small)).toEqual(toBinary(proto3, small));
  const message = create(proto3, { plain: large(1), text: "behind it" });
  expect(encoded(proto3, message, true)).toEqual(toBinary(proto3, message));
});

test("what is no bytes is refused as ever", () => {
  const message = create(proto3, { plain: large(1) });
  message["plain"] = "x".repeat(20_000);
  expect(() => encoded(proto3, message)).toThrow(/plain/);
  expect(() => encoded(proto2, create(proto2, { may: large(1) }))).toThrow(/required/);
});
