import { ScalarType } from "@bufbuild/protobuf";
import type { DescField, DescMessage } from "@bufbuild/protobuf";
import { isWrapperDesc } from "@bufbuild/protobuf/wkt";
import * as fc from "fast-check";

/** How deep messages lie within each other. */
const deepest = 3;

/** What create() takes for a message of this type: every kind of value that its fields can have. */
export function initOf(desc: DescMessage, depth = 0): fc.Arbitrary<Record<string, unknown>> {
  const members: Record<string, fc.Arbitrary<unknown>> = {};
  for (const member of desc.members) {
    if (member.kind === "oneof") {
      const cases = member.fields
        .filter((field) => depth < deepest || field.message === undefined)
        .map((field) => single(field, depth).map((value) => ({ case: field.localName, value })));
      members[member.localName] = fc.oneof(fc.constant({ case: undefined }), ...cases);
    } else if (member.message !== undefined && depth >= deepest && !isRequired(member)) continue;
    else if (isRequired(member)) members[member.localName] = single(member, depth);
    else members[member.localName] = fc.option(field(member, depth), { nil: undefined, freq: 2 });
  }
  return fc.record(members).map(withoutUndefined);
}

function isRequired(field: DescField): boolean {
  return (field.presence as number) === 3;
}

function field(desc: DescField, depth: number): fc.Arbitrary<unknown> {
  const value = single(desc, depth);
  switch (desc.fieldKind) {
    case "list":
      return fc.array(value, { maxLength: 4 });
    case "map":
      return fc.dictionary(key(desc.mapKey), value, { maxKeys: 4, noNullPrototype: true });
    default:
      return value;
  }
}

function single(desc: DescField, depth: number): fc.Arbitrary<unknown> {
  if (desc.message !== undefined) {
    const { message } = desc;
    if (message.typeName === "google.protobuf.Struct" && desc.parent?.typeName !== "google.protobuf.Value")
      return fc.dictionary(name, json, { maxKeys: 3, noNullPrototype: true });
    if (desc.fieldKind === "message" && desc.oneof === undefined && isWrapperDesc(message))
      return scalar((message.fields[0] as { scalar: ScalarType }).scalar);
    return initOf(message, depth + 1);
  }
  if (desc.enum !== undefined) {
    const known = fc.constantFrom(...desc.enum.values.map(({ number }) => number));
    return desc.enum.open ? fc.oneof(known, fc.integer()) : known;
  }
  return scalar(desc.scalar);
}

const name = fc.oneof(fc.string({ maxLength: 12 }), fc.constantFrom("__proto__", "10", "9", "a", "b"));
const json = fc.jsonValue({ maxDepth: 2 });
const signed = fc.oneof(
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  fc.bigInt({ min: -300n, max: 300n }),
);
const unsigned = fc.oneof(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), fc.bigInt({ min: 0n, max: 300n }));
const int32 = fc.oneof(fc.integer(), fc.integer({ min: -300, max: 300 }));
const uint32 = fc.oneof(fc.nat({ max: 0xffffffff }), fc.nat({ max: 300 }));
const text = fc.oneof(
  fc.string({ maxLength: 50 }),
  fc.string({ unit: "binary", maxLength: 50 }),
  fc.string({ maxLength: 200, minLength: 120 }),
);

function scalar(type: ScalarType): fc.Arbitrary<unknown> {
  switch (type) {
    case ScalarType.DOUBLE:
      return fc.double();
    case ScalarType.FLOAT:
      return fc.float();
    case ScalarType.BOOL:
      return fc.boolean();
    case ScalarType.STRING:
      return text;
    case ScalarType.BYTES:
      return fc.uint8Array({ maxLength: 150 });
    case ScalarType.INT32:
    case ScalarType.SINT32:
    case ScalarType.SFIXED32:
      return int32;
    case ScalarType.UINT32:
    case ScalarType.FIXED32:
      return uint32;
    case ScalarType.UINT64:
    case ScalarType.FIXED64:
      return unsigned;
    default:
      return signed;
  }
}

function key(type: ScalarType): fc.Arbitrary<string> {
  return type === ScalarType.STRING ? name : scalar(type).map(String);
}

/** A field that is not there is not the same as one that is undefined. */
function withoutUndefined(members: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined));
}
