import { firstField } from "@millrace/exchange";
import type { RequestHead } from "@millrace/exchange";

/** The target's path and query, split at the first question mark. */
interface Target {
  readonly path: string;
  readonly query: string;
}

function splitTarget(target: string): Target {
  const mark = target.indexOf("?");
  if (mark < 0) return { path: target, query: "" };
  return { path: target.slice(0, mark), query: target.slice(mark + 1) };
}

/** The head of an HTTP/1.1 request (RFC 9112 section 3): its target may be in absolute form. */
export function http1RequestHead(
  method: string,
  target: string,
  rawHeaders: readonly string[],
  encrypted: boolean,
): RequestHead {
  const fields = lowerCaseNames(rawHeaders);
  let scheme = encrypted ? "https" : "http";
  let authority = firstField(fields, "host") ?? "";
  let rest = target;
  const absolute = target.startsWith("/") ? -1 : target.indexOf("://");
  if (absolute > 0) {
    scheme = target.slice(0, absolute).toLowerCase();
    const start = absolute + 3;
    const end = target.slice(start).search(/[/?]/);
    authority = end < 0 ? target.slice(start) : target.slice(start, start + end);
    rest = end < 0 ? "/" : target.slice(start + end);
    if (rest.startsWith("?")) rest = `/${rest}`;
  }
  return { method, scheme, authority, ...splitTarget(rest), fields, memo: undefined };
}

/** RFC 9112 section 3.2: what is wrong with the host fields of an HTTP/1.1 request, if anything is. */
export function hostFault(version: string, rawHeaders: readonly string[]): string | undefined {
  let hosts = 0;
  for (let i = 0; i < rawHeaders.length; i += 2) if (/^host$/i.test(rawHeaders[i] as string)) hosts++;
  if (hosts === 0 && version === "1.1") return "the host field is missing";
  return hosts > 1 ? "there is more than one host field" : undefined;
}

/** The head of an HTTP/2 request (RFC 9113 section 8.3.1), out of its raw list of fields. */
export function http2RequestHead(rawHeaders: readonly string[]): RequestHead {
  let method = "";
  let scheme = "";
  let target = "";
  let authority: string | undefined;
  const fields: string[] = [];
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    const name = rawHeaders[i] as string;
    const value = rawHeaders[i + 1] as string;
    if (name.charCodeAt(0) !== 0x3a) fields.push(name, value);
    else if (name === ":method") method = value;
    else if (name === ":scheme") scheme = value;
    else if (name === ":path") target = value;
    else if (name === ":authority") authority = value;
  }
  authority ??= firstField(fields, "host") ?? "";
  return { method, scheme, authority, ...splitTarget(target), fields, memo: undefined };
}

/** A list of fields as it came off an HTTP/1.1 wire, with lower-case names. */
export function lowerCaseNames(raw: readonly string[]): string[] {
  const fields = raw.slice();
  for (let i = 0; i < fields.length; i += 2) fields[i] = (fields[i] as string).toLowerCase();
  return fields;
}
