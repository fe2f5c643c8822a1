const http1 = Uint8Array.from("HTTP/1.", (character) => character.charCodeAt(0));
/** RFC 8446 section 5.1: records of alerts and of handshakes; both begin with 3 as the version. */
const tlsRecords: ReadonlySet<number | undefined> = new Set([0x15, 0x16]);

/** What a server speaks whose first bytes are no frame's: SETTINGS never begin so (RFC 9113 section 3.4). */
export function otherProtocol(chunk: Uint8Array, start: number, end: number): string | undefined {
  if (end - start < http1.length) return undefined;
  if (http1.every((byte, at) => chunk[start + at] === byte))
    return "it answers in HTTP/1, and does not speak HTTP/2 here";
  // A frame that begins so is longer than SETTINGS are, and has 4 as its type.
  if (tlsRecords.has(chunk[start]) && chunk[start + 1] === 3 && chunk[start + 3] !== 4)
    return "it answers in TLS: write https: if it speaks HTTP/2";
  return undefined;
}
