import { firstField } from "@millrace/exchange";
import type { Fields } from "@millrace/exchange";
import { listField } from "./fields.ts";

/** The compression that a field or a parameter names; null for none. */
export function encodingNamed(value: string | undefined): string | null {
  return value === undefined || value === "" || value === "identity" ? null : value;
}

/** The compressions that a client accepts, best first: those in the field `name`, or without it the one that it used. */
export function acceptedEncodings(fields: Fields, name: string, used: string | null): string[] {
  if (used !== null && firstField(fields, name) === undefined) return [used];
  return listField(fields, name);
}
