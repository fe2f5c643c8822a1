import type { DescField, DescMessage } from "@bufbuild/protobuf";
import { ScalarType } from "@bufbuild/protobuf";
import type { FileContext } from "../file-context.ts";
import type { Printable } from "../printable.ts";
import { byNumber, formOf, hasPrototype, isImplicit, isRequired, member } from "./fields.ts";
import { isWide, scalarOf } from "./scalars.ts";
import { wire, wkt } from "./wire-import.ts";

const lengthDelimited = 2;
const startGroup = 3;
const endGroup = 4;

/** Prints the function that writes a message's fields. */
export function printWrite(context: FileContext, message: DescMessage): void {
  const { f } = context;
  f.print("  write(m, w) {");
  const fields = byNumber(message);
  if (fields[0] !== undefined) {
    const names = [f.string(message.typeName), ", ", f.string(fields[0].name)];
    f.print("    ", wire("expectType"), "(m, ", names, ");");
  }
  for (const field of fields) printField(context, field, hasPrototype(message));
  f.print("    ", wire("writeUnknown"), "(w, m);");
  f.print("  },");
}

function printField(context: FileContext, field: DescField, usesPrototype: boolean): void {
  const { f } = context;
  const value = `m${member(field.localName)}`;
  switch (field.fieldKind) {
    case "list":
      printList(context, field, value);
      return;
    case "map":
      printMap(context, field, value);
      return;
    default: {
      const isWritten = condition(f, field, value, usesPrototype);
      const from = field.oneof === undefined ? value : `m${member(field.oneof.localName)}.value`;
      const implicit = field.oneof === undefined && isImplicit(field);
      const statements = singular(context, field, from, implicit);
      f.print("    ", isWritten === undefined ? statements : [`if (`, isWritten, ") ", statements]);
      if (isRequired(field))
        f.print("    else throw ", wire("requiredField"), "(m, ", f.string(field.name), ");");
    }
  }
}

/** When a field with one value is written; undefined if its writer knows. */
function condition(
  f: FileContext["f"],
  field: DescField & { fieldKind: "scalar" | "enum" | "message" },
  value: string,
  usesPrototype: boolean,
): Printable | undefined {
  if (field.oneof !== undefined)
    return [`m${member(field.oneof.localName)}.case === `, f.string(field.localName)];
  if (field.fieldKind === "message") return `${value} !== undefined`;
  if (!isImplicit(field)) {
    return usesPrototype
      ? [`${value} !== undefined && Object.hasOwn(m, `, f.string(field.localName), ")"]
      : `${value} !== undefined`;
  }
  if (field.fieldKind === "enum") return `${value} !== ${field.enum.values[0]!.number}`;
  if (isWide(field.scalar)) return undefined;
  switch (field.scalar) {
    case ScalarType.BOOL:
      return `${value} !== false`;
    case ScalarType.STRING:
      return `${value} !== ""`;
    case ScalarType.BYTES:
      return `${value}?.byteLength !== 0`;
    case ScalarType.DOUBLE:
    case ScalarType.FLOAT:
      return `!Object.is(${value}, 0)`;
    default:
      // Text that says zero is zero too.
      return `${value} != 0`;
  }
}

function singular(
  context: FileContext,
  field: DescField & { fieldKind: "scalar" | "enum" | "message" },
  value: string,
  implicit: boolean,
): Printable {
  if (field.fieldKind === "message") return writeMessage(context, field, field.message, value);
  const { wireType } = scalarOf(field.scalar);
  const flag = implicit && isWide(field.scalar) ? ", true" : "";
  return [writeScalar(context.f, field, field.scalar, tag(field.number, wireType), value, flag), ";"];
}

function writeScalar(
  f: FileContext["f"],
  field: DescField,
  type: ScalarType | undefined,
  tagNumber: number,
  value: Printable,
  flag = "",
): Printable {
  const { writer, checked } = scalarOf(type);
  const where: Printable = checked ? [", m, ", f.string(field.name)] : "";
  return [wire(writer), `(w, ${tagNumber}, `, value, where, flag, ")"];
}

/** A block that writes a message with its tag, and its length or the tag at its end. */
function writeMessage(
  { f, codecs }: FileContext,
  field: DescField & { readonly delimitedEncoding?: boolean },
  message: DescMessage,
  value: Printable,
  number = field.number,
): Printable {
  const codec = codecs.symbol(f, message);
  const write: Printable = [codec, ".write(", asMessage(field, message, codec, value), ", w); "];
  if (field.delimitedEncoding === true) {
    const [start, end] = [tag(number, startGroup), tag(number, endGroup)];
    return ["{ ", wire("writeTag"), `(w, ${start}); `, write, wire("writeTag"), `(w, ${end}); }`];
  }
  const mark = number === field.number ? "at" : "valueAt";
  return [
    `{ const ${mark} = `,
    wire("open"),
    `(w, ${tag(number, lengthDelimited)}); `,
    write,
    wire("close"),
    `(w, ${mark}); }`,
  ];
}

function asMessage(field: DescField, message: DescMessage, codec: Printable, value: Printable): Printable {
  switch (formOf(field, message)) {
    case "message":
      return value;
    case "wrapped":
      return [wire("wrapped"), "(", codec, ", ", value, ")"];
    case "json":
      return [wkt("structOf"), "(", value, ")"];
  }
}

function printList(context: FileContext, field: DescField & { fieldKind: "list" }, value: string): void {
  const { f } = context;
  const each = `for (const v of ${value}) `;
  if (field.message !== undefined) {
    f.print("    ", each, writeMessage(context, field, field.message, "v"));
    return;
  }
  const { wireType } = scalarOf(field.scalar);
  if (!field.packed) {
    f.print("    ", each, writeScalar(f, field, field.scalar, tag(field.number, wireType), "v"), ";");
    return;
  }
  f.print(`    if (${value}.length > 0) {`);
  f.print("      const at = ", wire("open"), `(w, ${tag(field.number, lengthDelimited)});`);
  f.print("      ", each, writeScalar(f, field, field.scalar, 0, "v"), ";");
  f.print("      ", wire("close"), "(w, at);");
  f.print("    }");
}

function printMap(context: FileContext, field: DescField & { fieldKind: "map" }, value: string): void {
  const { f } = context;
  f.print("    for (const k of ", wire("keysOf"), `(w, ${value})) {`);
  f.print("      const at = ", wire("open"), `(w, ${tag(field.number, lengthDelimited)});`);
  const keyTag = tag(1, scalarOf(field.mapKey).wireType);
  f.print("      ", writeScalar(f, field, field.mapKey, keyTag, keyOf(field.mapKey)), ";");
  if (field.message !== undefined) {
    f.print("      ", writeMessage(context, field, field.message, `${value}[k]`, 2));
  } else {
    const valueTag = tag(2, scalarOf(field.scalar).wireType);
    f.print("      ", writeScalar(f, field, field.scalar, valueTag, `${value}[k]`), ";");
  }
  f.print("      ", wire("close"), "(w, at);");
  f.print("    }");
}

/** An object's key as what the writer of keys takes. */
function keyOf(type: ScalarType): Printable {
  if (type === ScalarType.STRING || isWide(type)) return "k";
  return [wire(type === ScalarType.BOOL ? "boolKey" : "intKey"), "(k)"];
}

function tag(number: number, wireType: number): number {
  return ((number << 3) | wireType) >>> 0;
}
