import type { Fields } from "@millrace/exchange";
import { Malformed } from "./malformed.ts";

const digits = /^[0-9]{1,15}$/;

/** What content-length promises: -1 without one. The same one may stand there more than once (RFC 9110 section 8.6). */
export function contentLength(fields: Fields): number | Malformed {
  let text: string | undefined;
  for (let i = 0; i < fields.length; i += 2) {
    if (fields[i] !== "content-length") continue;
    const value = fields[i + 1]!;
    if (!digits.test(value) || (text !== undefined && text !== value))
      return new Malformed("content-length is not one whole number");
    text = value;
  }
  return text === undefined ? -1 : Number(text);
}
