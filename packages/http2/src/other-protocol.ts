/** RFC 8446 section 5.1: records of alerts and of handshakes; both begin with 3 as the version. */
const tlsRecords: ReadonlySet<number | undefined> = new Set([0x15, 0x16]);
/** Of what is shown of a greeting. */
const mostShown = 40;

/**
 * What is wrong with a server's first bytes, if they are no frame's: SETTINGS, which come first (RFC 9113 section 3.4), begin
 * with a length below 65,536, and so with 0.
 */
export function otherProtocol(chunk: Uint8Array, start: number, end: number): string | undefined {
  if (start === end || chunk[start] === 0) return undefined;
  if (tlsRecords.has(chunk[start]) && chunk[start + 1] === 3)
    return "it answers in TLS: write https: if it speaks HTTP/2";
  return `it began with ${greeting(chunk.subarray(start, end))}, which is no frame`;
}

/** For people: the first line of what a peer said that speaks something else, quoted and cut to 40 characters of ASCII. */
export function greeting(octets: Uint8Array): string {
  const text = String.fromCharCode(...octets.subarray(0, mostShown + 1)).replace(/[\r\n][^]*/, "");
  const shown = text.slice(0, mostShown).replaceAll(/[^ -~]/g, "?");
  return `"${shown}${text.length > mostShown ? "..." : ""}"`;
}
