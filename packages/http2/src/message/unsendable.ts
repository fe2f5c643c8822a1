import { ErrorCode, type Fault, type Fields } from "@millrace/exchange";
import { isFieldName, isFieldValue } from "../hpack/field-syntax.ts";
import { fieldFault } from "./regular-field.ts";

/** Names that have been looked at, and are well: a program has few. */
const wellNamed = new Set<string>();
const mostNames = 1000;

/** What is wrong with fields that are to be sent (RFC 9113 section 8.2); null if nothing is. */
export function unsendable(fields: Fields): string | null {
  for (let i = 0; i < fields.length; i += 2) {
    const name = fields[i]!;
    const value = fields[i + 1]!;
    if (!wellNamed.has(name)) {
      if (!isFieldName(name) || name.startsWith(":"))
        return `${JSON.stringify(name)} is no field name in lower case`;
      const fault = fieldFault(name, value);
      if (fault !== null) return fault;
      if (name !== "te" && wellNamed.size < mostNames) wellNamed.add(name);
    }
    if (!isFieldValue(value)) return `the value of "${name}" has a line break, NUL, or a space at an end`;
  }
  return null;
}

/** The fault of a message whose fields nobody sends. */
export function unsendableFault(
  part: "head" | "trailers",
  wrong: string,
  processed: "never" | "maybe",
): Fault {
  const text = `the ${part} cannot be sent: ${wrong}`;
  const h2 = processed === "never" ? -1 : ErrorCode.INTERNAL_ERROR;
  return { by: "local", kind: "protocol", h2, processed, text };
}
