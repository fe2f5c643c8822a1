/**
 * A base URL as an error may quote it, which goes into logs: in quotation marks, without credentials and without what
 * stands in a query or a fragment. It need not be a URL: in what cannot be parsed, an "@" ends credentials all the same.
 */
export function shownUrl(value: unknown): string {
  const [, scheme = "", rest = ""] = /^([a-z][a-z\d+.-]*:\/\/)?(.*)$/is.exec(String(value)) ?? [];
  const [, place = "", mark = "", hidden = ""] = /^([^?#]*)([?#]?)(.*)$/s.exec(rest) ?? [];
  // A "?" or "#" may be a password's.
  const host = hidden.includes("@") ? "…" : place.replace(/^.*@/s, "…@");
  return JSON.stringify(`${scheme}${host}${mark}${hidden === "" ? "" : "…"}`);
}
