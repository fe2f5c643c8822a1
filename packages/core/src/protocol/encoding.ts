import { firstField } from "@millrace/exchange";
import type { Fields } from "@millrace/exchange";
import { listField } from "./fields.ts";

/** The compression that a field or a parameter names, in lower case (RFC 9110 section 8.4.1); null for none. */
export function encodingNamed(value: string | undefined): string | null {
  const name = value?.toLowerCase();
  return name === undefined || name === "" || name === "identity" ? null : name;
}

/** The compressions that a client accepts, best first: those in the field `name`, or without it the one that it used. */
export function acceptedEncodings(fields: Fields, name: string, used: string | null): string[] {
  if (used !== null && firstField(fields, name) === undefined) return [used];
  return listField(fields, name);
}
