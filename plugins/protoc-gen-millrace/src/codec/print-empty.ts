import type { DescField, DescMessage } from "@bufbuild/protobuf";
import { ScalarType } from "@bufbuild/protobuf";
import type { FileContext } from "../file-context.ts";
import type { Printable } from "../printable.ts";
import { hasPrototype, isImplicit, key, member } from "./fields.ts";
import { isWide, scalarOf } from "./scalars.ts";
import { wire } from "./wire-import.ts";

/** Prints the function that makes a message with no field set. */
export function printEmpty({ f }: FileContext, message: DescMessage, defaults: string): void {
  const usesPrototype = hasPrototype(message);
  const typeName = f.string(message.typeName);
  const values: { name: string; value: Printable }[] = [];
  for (const one of message.members) {
    const { localName: name } = one;
    if (one.kind === "oneof") values.push({ name, value: "{ case: undefined }" });
    else if (one.fieldKind === "list") values.push({ name, value: "[]" });
    else if (one.fieldKind === "map") values.push({ name, value: "{}" });
    else if (one.fieldKind !== "message" && isImplicit(one)) values.push({ name, value: defaultOf(one) });
  }
  if (usesPrototype) {
    f.print("  empty() {");
    f.print("    const m = Object.create(", defaults, ");");
    f.print("    m.$typeName = ", typeName, ";");
    for (const { name, value } of values) f.print("    m", member(name), " = ", value, ";");
    f.print("    return m;");
    f.print("  },");
    return;
  }
  const members = values.map(({ name, value }): Printable => [", ", key(name), ": ", value]);
  f.print("  empty() {");
  f.print("    return { $typeName: ", typeName, members, " };");
  f.print("  },");
}

/** Prints what the prototype has of a message whose unset fields it tells. */
export function printDefaults({ f }: FileContext, message: DescMessage, name: string): void {
  if (!hasPrototype(message)) return;
  const entries: Printable[] = [];
  for (const field of message.fields) {
    if (field.oneof !== undefined || (field.fieldKind !== "scalar" && field.fieldKind !== "enum")) continue;
    if (entries.length > 0) entries.push(", ");
    entries.push(key(field.localName), ": ", defaultOf(field));
  }
  f.print("const ", name, " = ", entries.length === 0 ? "{}" : ["{ ", entries, " }"], ";");
  f.print();
}

function defaultOf(field: DescField): Printable {
  if (field.fieldKind === "enum") return String(field.getDefaultValue() ?? field.enum.values[0]!.number);
  if (field.fieldKind !== "scalar") throw new Error(`${field.toString()} has no default`);
  const value = field.getDefaultValue();
  if (isWide(field.scalar)) {
    const digits = String(value ?? 0);
    return field.longAsString ? `"${digits}"` : `${digits}n`;
  }
  if (value === undefined) {
    return field.scalar === ScalarType.BYTES ? wire("noBytes") : scalarOf(field.scalar).zero;
  }
  if (value instanceof Uint8Array) return `/*@__PURE__*/ new Uint8Array([${value.join(", ")}])`;
  if (typeof value === "number") return Object.is(value, -0) ? "-0" : String(value);
  return JSON.stringify(value);
}
