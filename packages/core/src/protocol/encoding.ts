import type { Fields } from "@millrace/exchange";
import { listField } from "./fields.ts";

/** The compression that a field or a parameter names; null for none. */
export function encodingNamed(value: string | undefined): string | null {
  return value === undefined || value === "" || value === "identity" ? null : value;
}

/** The compressions that a client accepts: those in the field `name`, or without it the one that it used itself. */
export function acceptedEncodings(fields: Fields, name: string, used: string | null): string[] {
  const listed = listField(fields, name);
  return listed.length === 0 && used !== null ? [used] : listed;
}
