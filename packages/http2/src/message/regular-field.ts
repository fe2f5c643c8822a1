/** RFC 9113 section 8.2.2: they say something of a connection, and have no place in HTTP/2. */
const connectionSpecific: ReadonlySet<string> = new Set([
  "connection",
  "keep-alive",
  "proxy-connection",
  "transfer-encoding",
  "upgrade",
]);

/** What is wrong with a field that is no pseudo-header field, in HTTP/2; null if nothing is. */
export function fieldFault(name: string, value: string): string | null {
  if (connectionSpecific.has(name)) return `the field "${name}" is of a connection`;
  if (name === "te" && value !== "trailers") return 'the field "te" says something else than "trailers"';
  return null;
}
