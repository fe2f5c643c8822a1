import { ErrorCode, type Fault, type Fields, type RequestHead } from "@millrace/exchange";
import { isFieldName, isFieldValue } from "../hpack/field-syntax.ts";
import { CheckedTexts } from "./checked-texts.ts";
import { fieldFault } from "./regular-field.ts";
import { shown } from "../option-checks.ts";
import { token } from "./token.ts";

/** Names that have been looked at, and are well: a program has few. */
const wellNamed = new Set<string>();
const mostNames = 1000;
const methods = new CheckedTexts(token);
// RFC 9110 section 4.2, RFC 3986: no white space, no control, nothing that is not ASCII.
/** Without a user in it (RFC 9113 section 8.3.1). */
const authorities = new CheckedTexts(/^[^\0- /?#@\\\x7f-\uffff]*$/);
const paths = new CheckedTexts(/^\/[^\0- #\x7f-\uffff]*$/);
/** Queries differ from call to call. */
const queryText = /^[^\0- #\x7f-\uffff]*$/;

/** What is wrong with fields that are to be sent (RFC 9113 section 8.2); null if nothing is. */
export function unsendable(fields: Fields): string | null {
  if (fields.length % 2 !== 0)
    return `its fields are ${fields.length} texts: each name must be followed by its value`;
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
    if (!isFieldValue(value))
      return `the value of "${name}" has a line break, NUL, a space at an end, or a character above U+00FF`;
  }
  return null;
}

/** What is wrong with a request's head (RFC 9113 section 8.3.1); null if nothing is. */
export function unsendableRequest({
  method,
  scheme,
  authority,
  path,
  query,
  fields,
}: RequestHead): string | null {
  if (!methods.allows(method)) return `the method ${JSON.stringify(method)} is none`;
  if (method === "CONNECT") return "the method CONNECT is not supported";
  if (scheme !== "http" && scheme !== "https")
    return `the scheme ${JSON.stringify(scheme)} is neither "http" nor "https"`;
  if (!authorities.allows(authority))
    return `the authority ${JSON.stringify(authority)} is not a host and a port`;
  if (!paths.allows(path) && !(path === "*" && method === "OPTIONS"))
    return `the path ${JSON.stringify(path)} does not begin with "/", or has what a URL may not have`;
  if (query !== "" && !queryText.test(query)) return "the query has what a URL may not have";
  return unsendable(fields);
}

/** What is wrong with a response's head; null if nothing is. */
export function unsendableResponse(status: number, fields: Fields): string | null {
  if (!Number.isInteger(status) || status < 200 || status > 999)
    return `its status is ${status}: it must be from 200 to 999`;
  return unsendable(fields);
}

/** What is wrong with an interim response; null if nothing is. */
export function unsendableInterim(status: number, fields: Fields): string | null {
  if (!Number.isInteger(status) || status < 100 || status > 199 || status === 101)
    return `its status is ${status}: it must be from 100 to 199, and not 101, which is not of HTTP/2`;
  return unsendable(fields);
}

/** What is wrong with a body, or a piece of one; null if nothing is. A string would be sent as zeros. */
export function unsendableBody(body: unknown): string | null {
  if (ArrayBuffer.isView(body)) return null;
  return `it is ${typeof body === "string" ? "a string" : shown(body)}: it must be a Uint8Array`;
}

/** The fault of a message of which nobody sends a part. */
export function unsendableFault(
  part: "head" | "body" | "interim response" | "trailers",
  wrong: string,
  processed: "never" | "maybe",
): Fault {
  const text = `the ${part} cannot be sent: ${wrong}`;
  const h2 = processed === "never" ? -1 : ErrorCode.INTERNAL_ERROR;
  return { by: "local", kind: "protocol", h2, processed, text };
}
