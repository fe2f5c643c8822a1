import type { DescField, DescMessage, DescOneof } from "@bufbuild/protobuf";
import { ScalarType } from "@bufbuild/protobuf";
import type { FileContext } from "../file-context.ts";
import type { Printable } from "../printable.ts";
import { formOf, member } from "./fields.ts";
import { wire } from "./wire-import.ts";

/** Prints the function that sets what an init shape has. */
export function printFill(context: FileContext, message: DescMessage): void {
  const { f } = context;
  if (message.members.length === 0) {
    f.print("  fill() {},");
    return;
  }
  f.print("  fill(m, init) {");
  for (const one of message.members) {
    if (one.kind === "oneof") printOneof(context, one);
    else {
      const name = member(one.localName);
      const value: Printable = `init${name}`;
      const convert = converter(context, one);
      f.print(
        "    if (init",
        name,
        " != null) m",
        name,
        " = ",
        convert === undefined ? value : collected(one, convert, value),
        ";",
      );
    }
  }
  f.print("  },");
}

function collected(field: DescField, convert: Printable, value: Printable): Printable {
  switch (field.fieldKind) {
    case "list":
      return [wire("initList"), "(", value, ", ", convert, ")"];
    case "map":
      return [wire("initMap"), "(", value, ", ", convert, ")"];
    default:
      return [convert, "(", value, ")"];
  }
}

/** What makes a value of the one in an init shape; undefined where that is the value itself. */
function converter({ f, codecs }: FileContext, field: DescField): Printable | undefined {
  if (field.scalar === ScalarType.BYTES) return wire("initBytes");
  if (field.message === undefined) return undefined;
  switch (formOf(field, field.message)) {
    case "json":
      return undefined;
    case "wrapped":
      return field.message.fields[0]!.scalar === ScalarType.BYTES ? wire("initBytes") : undefined;
    case "message":
      return [codecs.symbol(f, field.message), ".of"];
  }
}

function printOneof(context: FileContext, oneof: DescOneof): void {
  const { f } = context;
  const name = member(oneof.localName);
  f.print("    switch (init", name, "?.case) {");
  const plain = oneof.fields.filter((field) => converter(context, field) === undefined);
  for (const field of oneof.fields) {
    const convert = converter(context, field);
    if (convert === undefined) continue;
    const text = f.string(field.localName);
    f.print("      case ", text, ":");
    f.print("        m", name, " = { case: ", text, ", value: ", convert, "(init", name, ".value) };");
    f.print("        break;");
  }
  if (plain.length > 0) {
    for (const field of plain) f.print("      case ", f.string(field.localName), ":");
    f.print("        m", name, " = { case: init", name, ".case, value: init", name, ".value };");
    f.print("        break;");
  }
  f.print("    }");
}
