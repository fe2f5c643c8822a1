/**
 * Writes an integer behind the bits of `pattern` (RFC 7541 section 5.1) and gives where it ends. `most` is what the
 * prefix holds with all its bits set: 31 for a prefix of five.
 */
export function writeInteger(
  out: Uint8Array,
  at: number,
  pattern: number,
  most: number,
  value: number,
): number {
  if (value < most) {
    out[at++] = pattern | value;
    return at;
  }
  out[at++] = pattern | most;
  let rest = value - most;
  for (; rest > 127; rest >>>= 7) out[at++] = rest | 128;
  out[at++] = rest;
  return at;
}
