import type { Fields } from "@millrace/exchange";
import type { HeaderBlock } from "../hpack/header-block.ts";
import { Malformed } from "./malformed.ts";
import { fieldFault } from "./regular-field.ts";

/** Reads the header block that ends a message (RFC 9113 section 8.1). */
export function readTrailers({ fields, isValid }: HeaderBlock): Fields | Malformed {
  if (!isValid) return new Malformed("a trailer field's name or value has what it may not have");
  for (let i = 0; i < fields.length; i += 2) {
    const name = fields[i]!;
    if (name.charCodeAt(0) === 0x3a) return new Malformed(`"${name}" is no trailer field`);
    const fault = fieldFault(name, fields[i + 1]!);
    if (fault !== null) return new Malformed(fault);
  }
  return fields;
}
