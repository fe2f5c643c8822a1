// What goes the fast path and what goes through protobuf-es cannot be told apart.
import { create, createRegistry, fromJsonString, toJsonString } from "@bufbuild/protobuf";
import type { Message } from "@bufbuild/protobuf";
import type { GenMessage } from "@bufbuild/protobuf/codegenv2";
import { WireType } from "@bufbuild/protobuf/wire";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { LargeSchema, ScalarsSchema, TreeSchema } from "../../../../gen/millrace/codec/v1/proto3_pb.ts";
import { jsonCodec } from "../../src/reflect/json-codec.ts";
import { initOf } from "../wire/arbitrary-message.ts";
import { assertSame, encoded, outcome } from "../wire/beside-protobuf-es.ts";
import { MovingWriter } from "../wire/moving-writer.ts";
import { subjects } from "../wire/generated-codecs.ts";

const numRuns = 80;
const endOnFailure = true;
const utf8 = new TextEncoder();

/** Writes with both: the same text, or the same error. */
function writeBoth(schema: GenMessage<Message>, message: Message, options: object): string | null {
  const registry = createRegistry(schema.file, ...schema.file.dependencies);
  const codec = jsonCodec(schema, options);
  const expected = outcome(() => toJsonString(schema, message, { registry, ...options }));
  const found = outcome(() => new TextDecoder().decode(encoded(codec as never, message)));
  assertSame(found, expected);
  return "value" in expected ? expected.value : null;
}

/** Reads with both: the same message, or the same error. */
function readBoth(schema: GenMessage<Message>, given: string, options: object = {}): void {
  // What was cut in the middle of a character is no UTF-8.
  const text = given.toWellFormed();
  const registry = createRegistry(schema.file, ...schema.file.dependencies);
  const codec = jsonCodec(schema, options);
  const expected = outcome(() =>
    fromJsonString(schema, text, { registry, ignoreUnknownFields: true, ...options }),
  );
  const bytes = utf8.encode(`[${text}]`);
  assertSame(
    outcome(() => codec.decode(bytes, 1, bytes.length - 1, false)),
    expected,
  );
}

describe.each(subjects)("$name as JSON", ({ schema }) => {
  const options = fc.record(
    {
      alwaysEmitImplicit: fc.boolean(),
      enumAsInteger: fc.boolean(),
      useProtoFieldName: fc.boolean(),
    },
    { requiredKeys: [] },
  );

  test("is written and read as protobuf-es does it, also if the text is damaged", () => {
    const given = fc.tuple(
      initOf(schema),
      options,
      fc.nat(),
      fc.constantFrom(...'"\\{}[]:, 0-.eEx\u00e9'.split("")),
    );
    fc.assert(
      fc.property(given, ([init, chosen, at, wrong]) => {
        const codec = jsonCodec(schema, {});
        const text = writeBoth(schema, codec.create(init), chosen);
        if (text === null) return;
        readBoth(schema, text);
        readBoth(schema, JSON.stringify(JSON.parse(text), null, 2), { ignoreUnknownFields: false });
        const place = at % text.length;
        readBoth(schema, text.slice(0, place) + wrong + text.slice(place + 1));
        readBoth(schema, text.slice(0, place));
      }),
      { numRuns, endOnFailure },
    );
  });
});

describe("forms of values", () => {
  const values = [
    ...[
      "null",
      "true",
      "false",
      "0",
      "-0",
      "1",
      "-1",
      "01",
      "1.0",
      "1.5",
      "1e3",
      "1E-2",
      "4294967295",
      "4294967296",
    ],
    ...[
      "2147483648",
      "-2147483648",
      "-2147483649",
      "1e400",
      "3.5e38",
      "123456789",
      "1234567890",
      "00",
      "-",
      "+1",
      ".5",
    ],
    ...[
      '""',
      '"0"',
      '"1"',
      '"-1"',
      '"-0"',
      '"00"',
      '"1.5"',
      '"NaN"',
      '"-Infinity"',
      '"9223372036854775807"',
      '" 1"',
    ],
    ...[
      '"9223372036854775808"',
      '"18446744073709551616"',
      '"-9223372036854775808"',
      '"999999999999999999999"',
    ],
    ...[
      '"AQ=="',
      '"AQ"',
      '"AQI="',
      '"AQID"',
      '"A-_/"',
      '"A"',
      '"AQ=="  ',
      '"A Q = ="',
      '"===="',
      '"\\u0041Q=="',
    ],
    ...[
      '"\\ud800"',
      '"\\n"',
      '"\n"',
      '"a\tb"',
      '"\u00e9"',
      '"OPEN_ONE"',
      '"OPEN_NONE"',
      "[]",
      "{}",
      "[1]",
      '{"a":1}',
      "nul",
      "tru",
    ],
  ];
  test.each(ScalarsSchema.fields.map((field) => [field.jsonName, field.name] as const))(
    "%s",
    (jsonName, name) => {
      for (const value of values) {
        for (const key of new Set([jsonName, name])) readBoth(ScalarsSchema, `{"${key}":${value}}`);
      }
      readBoth(ScalarsSchema, `{"${jsonName}":1,"${name}":1}`);
      readBoth(ScalarsSchema, `{"${jsonName}":"1","${jsonName}":"1"}`);
    },
  );

  test.each(["int32", "int64", "uint32", "uint64", "bool", "string", "sint64", "fixed32"])(
    "keys of %s",
    (name) => {
      for (const key of [
        "1",
        "01",
        "-1",
        "-0",
        "true",
        "x",
        "",
        "4294967296",
        "99999999999999999999",
        "1.0",
        "__proto__",
      ]) {
        readBoth(subjects.find((one) => one.name.endsWith(".Maps"))!.schema, `{"${name}":{"${key}":null}}`);
        const value = { int32: '"s"', int64: '"AQ=="', bool: "3", string: "{}" }[name] ?? "1";
        readBoth(
          subjects.find((one) => one.name.endsWith(".Maps"))!.schema,
          `{"${name}":{"${key}":${value}}}`,
        );
      }
    },
  );
});

test("members that come in another order, are unknown, or come twice", () => {
  for (const text of [
    '{"children":[{"name":"c"},{}],"name":"n"}',
    '{"name":"n","unheardOf":{"name":1,"name":2}}',
    '{"name":"n","unheardOf":[1,{"a":null}],"left":{}}',
    '{"left":{"name":"a","name":"b"}}',
    '{"named":{"a":{},"a":{}}}',
    '{"left":null,"children":null,"named":null,"name":null}',
    ' { "name" : "n" , "left" : { } } ',
    '{"name":"n"}x',
    '{"name":"n",}',
    "[]",
    "",
  ]) {
    readBoth(TreeSchema, text);
    readBoth(TreeSchema, text, { ignoreUnknownFields: false });
  }
});

test("messages in each other: 100 levels, and no more", () => {
  for (const depth of [100, 101])
    readBoth(TreeSchema, '{"left":'.repeat(depth - 1) + "{}" + "}".repeat(depth - 1));
});

test("a type of more fields than a number has bits", () => {
  const fields = LargeSchema.fields.map(({ jsonName }, i) => `"${jsonName}":${i + 1}`);
  readBoth(LargeSchema, `{${fields.join(",")}}`);
  readBoth(LargeSchema, `{${fields.toReversed().join(",")}}`);
  readBoth(LargeSchema, `{${fields.join(",")},${fields.at(-1)}}`);
});

test("what is beyond the fast path is written once, behind what was there", () => {
  const codec = jsonCodec(TreeSchema, {});
  const message = create(TreeSchema, { name: "n".repeat(300), left: {} });
  // It is met when the name has been written, and moved.
  message.left!.$unknown = [{ no: 777, wireType: WireType.Varint, data: Uint8Array.of(1) }];
  const writer = new MovingWriter();
  codec.encode(message, writer, false);
  expect(JSON.parse(new TextDecoder().decode(writer.written()))).toEqual({ name: message.name, left: {} });
});

test("JSON that is not UTF-8 is refused", () => {
  const codec = jsonCodec(TreeSchema, {});
  const bytes = Buffer.from('{"name":"\xff"}', "latin1");
  expect(() => codec.decode(bytes, 0, bytes.length, true)).toThrow(TypeError);
});
