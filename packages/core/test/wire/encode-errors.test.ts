import { create, toBinary } from "@bufbuild/protobuf";
import type { Message } from "@bufbuild/protobuf";
import { describe, expect, test } from "vitest";
import { Features$codec } from "../../../../gen/millrace/codec/v1/edition2023_millrace.ts";
import { Groups$codec, Required$codec } from "../../../../gen/millrace/codec/v1/proto2_millrace.ts";
import { FeaturesSchema } from "../../../../gen/millrace/codec/v1/edition2023_pb.ts";
import { GroupsSchema, RequiredSchema } from "../../../../gen/millrace/codec/v1/proto2_pb.ts";
import { encodeBoth, encoded } from "./beside-protobuf-es.ts";
import { subjects } from "./generated-codecs.ts";
import type { Subject } from "./generated-codecs.ts";

function subject(name: string): Subject {
  return subjects.find((one) => one.name === `millrace.codec.v1.${name}`)!;
}

/** What is no value of any number, or one that does not fit. */
const wrong: readonly unknown[] = [
  ...[1.5, -1, 2 ** 31, 2 ** 32, 2 ** 53, -(2 ** 31) - 1, NaN, Infinity, 3.5e38, 1e300, -0],
  ...["", "5", "-7", "x", "NaN", "Infinity", "1.5", true, 5n, -5n, 2n ** 63n, 2n ** 64n, -(2n ** 63n) - 1n],
  ...[{}, [], null, undefined],
];

const fieldsOf = (of: Subject): string[] =>
  of.schema.fields
    .filter(
      ({ fieldKind, scalar }) =>
        fieldKind === "enum" || (fieldKind === "scalar" && ![8, 9, 12].includes(scalar)),
    )
    .map(({ localName }) => localName);

describe.each(["Scalars", "Optionals", "Presence", "Features"])("a value that no %s can have", (name) => {
  const of = subject(name);
  test.each(fieldsOf(of))("in %s: the error, or the bytes, of protobuf-es", (field) => {
    for (const value of wrong) {
      const message = of.codec.empty() as Message & Record<string, unknown>;
      if (name === "Features") message["required"] = 1;
      message[field] = value;
      encodeBoth(of, message);
    }
  });
});

test("a list, a map and a oneof name their field too", () => {
  const lists = subject("Lists").codec.empty() as Message & Record<string, unknown>;
  lists["sint32"] = [1, 2.5];
  encodeBoth(subject("Lists"), lists);
  const maps = subject("Maps").codec.empty() as Message & Record<string, unknown>;
  for (const key of ["x", "", "1.5", "99999999999", "true"]) {
    maps["int32"] = { [key]: "v" };
    encodeBoth(subject("Maps"), maps);
    maps["int32"] = {};
    maps["uint64"] = { [key]: 1 };
    encodeBoth(subject("Maps"), maps);
    maps["uint64"] = {};
  }
  const oneofs = subject("Oneofs").codec.empty() as Message & Record<string, unknown>;
  oneofs["kind"] = { case: "int64", value: "y" };
  encodeBoth(subject("Oneofs"), oneofs);
  expect(() => encoded(subject("Oneofs").codec as never, oneofs)).toThrow(
    "cannot encode field millrace.codec.v1.Oneofs.int64 to binary: Cannot convert y to a BigInt",
  );
});

test("a required field that is not set, whatever its kind", () => {
  const whole = {
    int32: 1,
    string: "",
    message: {},
    closed: 1,
    inner: { bool: false },
  } as const;
  for (const missing of Object.keys(whole)) {
    const { [missing]: _, ...rest } = whole as Record<string, unknown>;
    const message = create(RequiredSchema, rest);
    expect(encodeBoth({ name: "", codec: Required$codec, schema: RequiredSchema }, message)).toBe(null);
    expect(() => encoded(Required$codec as never, rest)).toThrow("required field not set");
  }
  expect(encoded(Required$codec as never, whole)).toHaveLength(
    toBinary(RequiredSchema, create(RequiredSchema, whole)).length,
  );
});

test("a message of another type, at any place", () => {
  const features = create(FeaturesSchema, { required: 1 });
  const message = create(GroupsSchema, { one: {} });
  Object.assign(message.one!, { groups: features });
  encodeBoth({ name: "", codec: Groups$codec, schema: GroupsSchema }, message);
  expect(() => encoded(Groups$codec as never, message)).toThrow(
    "cannot use field millrace.codec.v1.Groups.one with message millrace.codec.v1.Features",
  );
  // Outermost it is an init shape, as for create().
  expect(encoded(Features$codec as never, { ...create(GroupsSchema), required: 3 })).toHaveLength(2);
});
