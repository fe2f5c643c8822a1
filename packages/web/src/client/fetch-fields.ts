import { firstField, withOneCookie } from "@millrace/exchange";
import type { Fields } from "@millrace/exchange";
import { fetchAbilities } from "./capabilities.ts";

/** What every fetch unpacks by itself when it has asked for it. */
const askedFor: ReadonlySet<string> = new Set(["gzip", "br"]);
/** What some fetches unpack. Whichever they ask for, they do. */
const unpacked: ReadonlySet<string> = new Set(["gzip", "x-gzip", "br", "deflate", "zstd"]);

/**
 * A request's fields as fetch takes them. Throws TypeError for one that is malformed, or that a browser would drop without
 * a word.
 *
 * Fetch unpacks a response's content-encoding by itself, so that only what every fetch can unpack is asked for. In a browser
 * the field is the browser's own.
 */
export function requestHeaders(given: Fields): Headers {
  const headers = new Headers();
  const fields = withOneCookie(given);
  for (let i = 0; i < fields.length; i += 2) {
    if (fields[i] !== "accept-encoding") headers.append(fields[i]!, fields[i + 1]!);
  }
  if (fetchAbilities().guarded) checkForbidden(headers);
  else headers.set("accept-encoding", acceptable(firstField(fields, "accept-encoding") ?? ""));
  return headers;
}

function acceptable(encodings: string): string {
  const list = encodings.split(/, */).filter((one) => askedFor.has(one));
  return list.length === 0 ? "identity" : list.join(", ");
}

/** Fetch "forbidden request-header". */
function checkForbidden(headers: Headers): void {
  const kept = new Request("https://millrace.invalid/", { headers }).headers;
  for (const [name] of headers) {
    if (!kept.has(name))
      throw new TypeError(`browsers do not let programs set the header ${JSON.stringify(name)}`);
  }
}

/**
 * A response's fields. Its content-encoding is left out where fetch has taken the coding off the body, and kept on a
 * response that no fetch has received: one that a handler in this process has made.
 */
export function responseFields({ headers, url }: Response): Fields {
  const fields: string[] = [];
  const received = url !== "";
  for (const [name, value] of headers)
    if (!(received && name === "content-encoding" && isUnpacked(value))) fields.push(name, value);
  return fields;
}

function isUnpacked(codings: string): boolean {
  return codings.split(",").every((coding) => unpacked.has(coding.trim().toLowerCase()));
}
