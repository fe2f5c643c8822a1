import type { DescEnum, DescField, DescMessage } from "@bufbuild/protobuf";
import { ScalarType } from "@bufbuild/protobuf";
import type { FileContext } from "../file-context.ts";
import type { Printable } from "../printable.ts";
import { byNumber, formOf, member } from "./fields.ts";
import { isWide, scalarOf } from "./scalars.ts";
import { wire, wkt } from "./wire-import.ts";

/** Prints the function that reads a message's fields. */
export function printRead(context: FileContext, message: DescMessage): void {
  const { f } = context;
  f.print("  read(m, r, end, group) {");
  f.print("    ", wire("enter"), "(r, m);");
  f.print("    for (let field; (field = ", wire("nextField"), "(r, end, group)) !== 0; ) {");
  if (message.fields.length === 0) f.print("      ", wire("readUnknown"), "(r, m, field);");
  else {
    f.print("      switch (field) {");
    for (const field of byNumber(message)) printCase(context, field);
    f.print("        default:");
    f.print("          ", wire("readUnknown"), "(r, m, field);");
    f.print("      }");
  }
  f.print("    }");
  f.print("    return ", wire("leave"), "(r, m);");
  f.print("  },");
}

function printCase(context: FileContext, field: DescField): void {
  const { f } = context;
  const to = `m${member(field.localName)}`;
  const print = (...statement: Printable[]): void => f.print("          ", ...statement);
  const isBlock = field.fieldKind === "map" || (field.fieldKind === "enum" && !field.enum.open);
  f.print(`        case ${field.number}:`, isBlock ? " {" : "");
  switch (field.fieldKind) {
    case "list":
      if (field.message !== undefined)
        print(to, ".push(", readMessage(context, field, field.message, "undefined"), ");");
      else if (field.scalar === ScalarType.STRING || field.scalar === ScalarType.BYTES)
        print(to, ".push(", readScalar(field, field.scalar), ");");
      else
        print(
          "for (const e = ",
          wire("readListEnd"),
          `(r); r.pos < e; ) ${to}.push(`,
          readScalar(field, field.scalar),
          ");",
        );
      break;
    case "map":
      printMap(context, field, to, print);
      break;
    case "message": {
      const { oneof } = field;
      const before = oneof === undefined ? to : `m${member(oneof.localName)}`;
      const existing: Printable =
        oneof === undefined
          ? to
          : [`(${before}.case === `, f.string(field.localName), ` ? ${before}.value : undefined)`];
      print(assign(f, field, readMessage(context, field, field.message, existing)));
      break;
    }
    case "enum":
      if (field.enum.open) print(assign(f, field, readScalar(field, undefined)));
      else {
        print("const v = ", readScalar(field, undefined), ";");
        print("if (", isKnown(field.enum), ") ", assign(f, field, "v"));
        print("else ", wire("keepEnum"), `(r, m, ${field.number}, v);`);
      }
      break;
    case "scalar":
      print(assign(f, field, readScalar(field, field.scalar)));
      break;
  }
  print("break;");
  if (isBlock) f.print("        }");
}

function assign(f: FileContext["f"], field: DescField, value: Printable): Printable {
  if (field.oneof === undefined) return [`m${member(field.localName)} = `, value, ";"];
  return [
    `m${member(field.oneof.localName)} = { case: `,
    f.string(field.localName),
    ", value: ",
    value,
    " };",
  ];
}

function readScalar(field: DescField, type: ScalarType | undefined): Printable {
  const { reader } = scalarOf(type);
  const lenient = type === ScalarType.STRING && !field.utf8Validation;
  const value: Printable = [wire(lenient ? "readLenientString" : reader), "(r)"];
  const asText = isWide(type) && "longAsString" in field && field.longAsString;
  return asText ? ["String(", value, ")"] : value;
}

/** The value of a field of a message type: what is read is merged into the one there is. */
function readMessage(
  { f, codecs }: FileContext,
  field: DescField & { readonly delimitedEncoding?: boolean },
  message: DescMessage,
  existing: Printable,
): Printable {
  const codec = codecs.symbol(f, message);
  const until: Printable =
    field.delimitedEncoding === true ? `r, r.end, ${field.number})` : ["r, ", wire("readEnd"), "(r), 0)"];
  const isNew = existing === "undefined";
  switch (formOf(field, message)) {
    case "message":
      return [codec, ".read(", isNew ? "" : [existing, " ?? "], codec, ".empty(), ", until];
    case "wrapped":
      return [codec, ".read(", wire("wrapped"), "(", codec, ", ", existing, "), ", until, ".value"];
    case "json":
      return [wkt("jsonOf"), "(", codec, ".read(", wkt("structOf"), "(", existing, "), ", until, ")"];
  }
}

function printMap(
  { f, codecs }: FileContext,
  field: DescField & { fieldKind: "map" },
  to: string,
  print: (...statement: Printable[]) => void,
): void {
  let initial: Printable;
  let read: Printable;
  let value: Printable = "v";
  if (field.message === undefined) {
    initial =
      field.scalar === ScalarType.BYTES
        ? wire("noBytes")
        : field.enum === undefined
          ? scalarOf(field.scalar).zero
          : String(field.enum.values[0]!.number);
    read = ["v = ", readScalar(field, field.scalar)];
  } else {
    const codec = codecs.symbol(f, field.message);
    const isJson = formOf(field, field.message) === "json";
    initial = isJson ? [wkt("structOf"), "(undefined)"] : [codec, ".empty()"];
    read = [codec, ".read(v, r, ", wire("readEnd"), "(r), 0)"];
    if (isJson) value = [wkt("jsonOf"), "(v)"];
  }
  const isFixed = field.message !== undefined;
  print("let k = ", scalarOf(field.mapKey).zero, ";");
  print(isFixed ? "const" : "let", " v = ", initial, ";");
  print("const e = ", wire("readEnd"), "(r);");
  print("for (let part; (part = ", wire("nextField"), "(r, e, 0)) !== 0; ) {");
  print("  if (part === 1) k = ", readScalar(field, field.mapKey), ";");
  print("  else if (part === 2) ", read, ";");
  print("  else ", wire("skipField"), "(r, part);");
  print("}");
  print(wire("setEntry"), `(${to}, k, `, value, ");");
}

/** A test whether the enum has the number `v`. */
function isKnown(desc: DescEnum): string {
  const numbers = [...new Set(desc.values.map(({ number }) => number))].toSorted((a, b) => a - b);
  const ranges: [first: number, last: number][] = [];
  for (const number of numbers) {
    const last = ranges.at(-1);
    if (last !== undefined && last[1] + 1 === number) last[1] = number;
    else ranges.push([number, number]);
  }
  return ranges
    .map(([first, last]) => (first === last ? `v === ${first}` : `(v >= ${first} && v <= ${last})`))
    .join(" || ");
}
