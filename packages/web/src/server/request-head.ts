import type { RequestHead } from "@millrace/exchange";

/** The control data of a Request (RFC 9112 section 3), whose URL is absolute and normal. */
export function requestHead({ method, url, headers }: Request): RequestHead {
  const hash = url.indexOf("#");
  const whole = hash < 0 ? url : url.slice(0, hash);
  const start = whole.indexOf("//") + 2;
  const slash = whole.indexOf("/", start);
  const question = whole.indexOf("?", start);
  const pathEnd = question < 0 ? whole.length : question;
  const fields: string[] = [];
  for (const [name, value] of headers) fields.push(name, value);
  return {
    method,
    scheme: whole.slice(0, start - 3),
    authority: whole.slice(start, slash),
    path: whole.slice(slash, pathEnd),
    query: whole.slice(pathEnd + 1),
    fields,
    memo: undefined,
  };
}
