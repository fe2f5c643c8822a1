import type { Head } from "@millrace/exchange";
import type { HeaderBlock } from "../hpack/header-block.ts";
import { contentLength } from "./content-length.ts";
import { Malformed } from "./malformed.ts";
import { fieldFault } from "./regular-field.ts";

/** What a response's header block says, interim or final. */
export interface Response {
  readonly status: number;
  readonly head: Head;
  /** -1 if nothing promises a length. */
  readonly contentLength: number;
}

const threeDigits = /^[1-9][0-9]{2}$/;

/** Reads a response's header block (RFC 9113 section 8.3.2). Once for each block, whatever repeats it. */
export function readResponse(block: HeaderBlock): Response | Malformed {
  block.memo ??= parse(block);
  return block.memo as Response | Malformed;
}

function parse({ fields: all, isValid }: HeaderBlock): Response | Malformed {
  if (!isValid) return new Malformed("a field's name or value has what it may not have");
  const fields: string[] = [];
  let status: string | undefined;
  for (let i = 0; i < all.length; i += 2) {
    const name = all[i]!;
    const value = all[i + 1]!;
    if (name.charCodeAt(0) === 0x3a) {
      if (fields.length > 0)
        return new Malformed(`"${name}" comes behind a field that is no pseudo-header field`);
      if (name !== ":status") return new Malformed(`"${name}" is no pseudo-header field of a response`);
      if (status !== undefined) return new Malformed('":status" comes twice');
      status = value;
      continue;
    }
    const fault = fieldFault(name, value);
    if (fault !== null) return new Malformed(fault);
    fields.push(name, value);
  }
  if (status === undefined || !threeDigits.test(status))
    return new Malformed('":status" is missing, or none');
  if (status === "101") return new Malformed("101 (Switching Protocols) is not of HTTP/2");
  const length = contentLength(fields);
  if (length instanceof Malformed) return length;
  return { status: Number(status), head: { fields, memo: undefined }, contentLength: length };
}
