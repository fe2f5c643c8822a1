/** The prefix of an enveloped message: one byte of flags, four of length, big-endian. */
export const prefixLength = 5;

/** Bit 0: the message is compressed. */
export const flagCompressed = 0b0000_0001;

/** Writes a prefix at `at`. */
export function writePrefix(buf: Uint8Array, at: number, flags: number, length: number): void {
  buf[at] = flags;
  buf[at + 1] = length >>> 24;
  buf[at + 2] = length >>> 16;
  buf[at + 3] = length >>> 8;
  buf[at + 4] = length;
}

/** A payload behind its prefix, in bytes of their own. */
export function envelop(flags: number, payload: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(prefixLength + payload.length);
  writePrefix(bytes, 0, flags, payload.length);
  bytes.set(payload, prefixLength);
  return bytes;
}
