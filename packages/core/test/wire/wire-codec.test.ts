import {
  clearField,
  create,
  equals,
  fromBinary,
  getExtension,
  isFieldSet,
  setExtension,
  toBinary,
  toJson,
} from "@bufbuild/protobuf";
import type { Message } from "@bufbuild/protobuf";
import { WireType } from "@bufbuild/protobuf/wire";
import { reflectiveCodec } from "@millrace/core/reflect";
import type { WireCodec } from "@millrace/core/wire";
import { describe, expect, test } from "vitest";
import { Delimited$codec, Features$codec } from "../../../../gen/millrace/codec/v1/edition2023_millrace.ts";
import { FeaturesSchema } from "../../../../gen/millrace/codec/v1/edition2023_pb.ts";
import { Extended$codec, Presence$codec } from "../../../../gen/millrace/codec/v1/proto2_millrace.ts";
import {
  ExtendedSchema,
  PresenceSchema,
  presence,
  text,
} from "../../../../gen/millrace/codec/v1/proto2_pb.ts";
import {
  Elsewhere$codec,
  Maps$codec,
  Nothing$codec,
  Scalars$codec,
  Tree$codec,
  Uncovered$codec,
} from "../../../../gen/millrace/codec/v1/proto3_millrace.ts";
import {
  ElsewhereSchema,
  MapsSchema,
  ScalarsSchema,
  TreeSchema,
  UncoveredSchema,
} from "../../../../gen/millrace/codec/v1/proto3_pb.ts";
import { encoded } from "./beside-protobuf-es.ts";

function decode<T extends Message>(codec: WireCodec<T>, ...bytes: number[]): T {
  return codec.decode(Uint8Array.from(bytes), 0, bytes.length, true);
}

describe("an object that was read is one of protobuf-es's own", () => {
  const bytes = toBinary(PresenceSchema, create(PresenceSchema, { int32: -7, string: "", message: {} }));
  const message = Presence$codec.decode(bytes, 0, bytes.length, true);

  test("presence, defaults and clearing", () => {
    expect([message.int32, message.uint64, message.closed]).toEqual([-7, 18446744073709551615n, 9]);
    expect(isFieldSet(message, PresenceSchema.field.int32)).toBe(true);
    expect(isFieldSet(message, PresenceSchema.field.uint64)).toBe(false);
    const other = Presence$codec.decode(bytes, 0, bytes.length, true);
    clearField(other, PresenceSchema.field.string);
    expect(other.string).toBe('d"e\\fäult');
    expect(toBinary(PresenceSchema, other)).toHaveLength(bytes.length - 2);
  });

  test("equality and JSON", () => {
    const expected = fromBinary(PresenceSchema, bytes);
    expect(equals(PresenceSchema, message, expected)).toBe(true);
    expect(toJson(PresenceSchema, message)).toEqual(toJson(PresenceSchema, expected));
  });

  test("extensions are among what is unknown, can be had and set, and are written", () => {
    const given = create(ExtendedSchema, { own: "o" });
    setExtension(given, text, "hi");
    const wire = toBinary(ExtendedSchema, given);
    const extended = Extended$codec.decode(wire, 0, wire.length, false);
    expect(getExtension(extended, text)).toBe("hi");
    setExtension(extended, presence, create(PresenceSchema, { int32: 3 }));
    const again = fromBinary(ExtendedSchema, encoded(Extended$codec as never, extended));
    expect(getExtension(again, presence).int32).toBe(3);
    expect(getExtension(again, text)).toBe("hi");
  });

  test("an enum's number that is none of its closed ones is kept beside unknown fields", () => {
    // closed = 4, field 1000 = 1, closed = 3
    const input = [0x80, 0x01, 0x04, 0xc0, 0x3e, 0x01, 0x80, 0x01, 0x03];
    const read = decode(Presence$codec, ...input);
    expect(read.closed).toBe(3);
    expect(read.$unknown).toEqual([
      { no: 16, wireType: 0, data: Uint8Array.of(4) },
      { no: 1000, wireType: 0, data: Uint8Array.of(1) },
    ]);
  });
});

describe("bytes that are lent", () => {
  const message = create(ScalarsSchema, { string: "s", bytes: new Uint8Array(80).fill(5) });
  message.$unknown = [{ no: 500, wireType: WireType.LengthDelimited, data: Uint8Array.of(2, 9, 9) }];
  const wire = toBinary(ScalarsSchema, message);

  test("are not kept: neither in fields nor in what is unknown", () => {
    const buf = Buffer.from(wire);
    const read = Scalars$codec.decode(buf, 0, buf.length, false);
    buf.fill(0);
    expect(read.bytes).toEqual(message.bytes);
    expect(read.$unknown).toEqual(message.$unknown);
  });

  test("may be kept if they are the message's own", () => {
    const buf = wire.slice();
    expect(Scalars$codec.decode(buf, 0, buf.length, true).bytes.buffer).toBe(buf.buffer);
  });
});

test("Connect GET: deterministic bytes are those of the reflective codec, whatever the order of maps", () => {
  const keys = ["b", "10", "a", "9", "é", "__proto__"];
  for (const order of [keys, keys.toReversed()]) {
    const named = Object.fromEntries(order.map((key) => [key, create(TreeSchema, { name: key })]));
    const message = create(MapsSchema, { string: named, int32: { "-1": "x", "3": "y" } });
    const expected = encoded(reflectiveCodec(MapsSchema) as never, message, true);
    expect(Buffer.from(encoded(Maps$codec as never, message, true))).toEqual(Buffer.from(expected));
  }
});

describe("how deep messages may lie in each other", () => {
  /** So many messages, each in the field 2 of the other. */
  function nested(depth: number): Uint8Array {
    let message = create(TreeSchema, {});
    for (let i = 1; i < depth; i++) message = create(TreeSchema, { left: message });
    return toBinary(TreeSchema, message);
  }

  test("100 levels, and no more", () => {
    const deepest = nested(100);
    expect(Tree$codec.decode(deepest, 0, deepest.length, true).$typeName).toBe("millrace.codec.v1.Tree");
    const tooDeep = nested(101);
    expect(() => Tree$codec.decode(tooDeep, 0, tooDeep.length, true)).toThrow(
      "cannot decode message millrace.codec.v1.Tree from binary: maximum recursion depth of 100 reached",
    );
  });

  test("groups count, also those that nobody knows", () => {
    const groups = (depth: number, start: number): number[] => [
      ...Array<number>(depth).fill(start),
      ...Array<number>(depth).fill(start + 1),
    ];
    expect(decode(Delimited$codec, ...groups(99, 0x0b)).self).toBeDefined();
    expect(() => decode(Delimited$codec, ...groups(100, 0x0b))).toThrow(
      "maximum recursion depth of 100 reached",
    );
    expect(decode(Nothing$codec, ...groups(99, 0x0b)).$unknown).toHaveLength(1);
    expect(() => decode(Nothing$codec, ...groups(100, 0x0b))).toThrow("maximum recursion depth reached");
    const million = new Uint8Array(1_000_000).fill(0x0b);
    expect(() => Delimited$codec.decode(million, 0, million.length, true)).toThrow("recursion depth");
  });

  test("what goes by its descriptor counts from where it lies", () => {
    const wire = nested(98);
    const inner = [0x0a, 0x80 | (wire.length & 0x7f), wire.length >> 7, ...wire];
    // Uncovered.tree, number 2, within the one message that is read.
    const message = decode(Uncovered$codec, 0x12, ...inner.slice(1));
    expect(message.tree?.left).toBeDefined();
  });
});

describe("a message whose codec is not printed", () => {
  test("is read and written within one whose is, and by itself", () => {
    const given = create(ElsewhereSchema, {
      file: { name: "x.proto", options: { javaPackage: "j" } },
      options: [{ deprecated: true }, {}],
      enums: { a: { allowAlias: true } },
    });
    const wire = toBinary(ElsewhereSchema, given);
    expect(Buffer.from(encoded(Elsewhere$codec as never, given))).toEqual(Buffer.from(wire));
    const read = Elsewhere$codec.decode(wire, 0, wire.length, false);
    expect(equals(ElsewhereSchema, read, given)).toBe(true);
    const init = { hasOwnProperty: "yes", tree: { name: "t" } } as never;
    const uncovered = fromBinary(UncoveredSchema, encoded(Uncovered$codec as never, init));
    expect([uncovered.hasOwnProperty, uncovered.tree?.name]).toEqual(["yes", "t"]);
  });

  test("is merged when it comes twice, and cut off where it ends", () => {
    // file { name: "a" }, file { package: "b" }
    const read = decode(Elsewhere$codec, 0x1a, 3, 0x0a, 1, 0x61, 0x1a, 3, 0x12, 1, 0x62);
    expect([read.file?.name, read.file?.package]).toEqual(["a", "b"]);
    expect(() => decode(Elsewhere$codec, 0x1a, 9, 0x0a, 1, 0x61)).toThrow(RangeError);
  });
});

test("text that is not UTF-8 is refused where the feature says so, and mended elsewhere", () => {
  expect(() => decode(Features$codec, 0x2a, 1, 0xff)).toThrow(TypeError);
  expect(decode(Features$codec, 0x22, 1, 0xff).lenient).toBe("\ufffd");
  expect(decode(Features$codec, 0x2a, 3, 0xef, 0xbb, 0xbf).strict).toBe("\ufeff");
  const long = [...Buffer.from("ü".repeat(60))];
  expect(decode(Features$codec, 0x2a, long.length, ...long).strict).toBe("ü".repeat(60));
  expect(FeaturesSchema.field.strict.utf8Validation).toBe(true);
});

test("init shapes are completed: arrays of numbers for bytes, plain objects for messages, undefined and null for nothing", () => {
  const init = { bytes: [1, 2], string: null, int32: undefined, unheardOf: 1 } as never;
  expect(Scalars$codec.create(init)).toStrictEqual(create(ScalarsSchema, { bytes: Uint8Array.of(1, 2) }));
  const whole = create(ScalarsSchema, { int32: 1 });
  expect(Scalars$codec.create(whole)).toBe(whole);
  expect(Tree$codec.create({ left: {}, children: [{ name: "c" }] })).toStrictEqual(
    create(TreeSchema, { left: {}, children: [{ name: "c" }] }),
  );
});
