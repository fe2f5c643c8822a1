/** The largest prime below 2^16 (RFC 1950 section 9). */
const modulus = 65_521;
/** So many bytes can be summed before the sums outgrow 32 bits (as in zlib). */
const run = 5552;

/** The Adler-32 checksum of the zlib format (RFC 1950 section 8.2). */
export function adler32(bytes: Uint8Array): number {
  let a = 1;
  let b = 0;
  for (let start = 0; start < bytes.length; start += run) {
    const end = Math.min(start + run, bytes.length);
    for (let i = start; i < end; i++) {
      a += bytes[i]!;
      b += a;
    }
    a %= modulus;
    b %= modulus;
  }
  return ((b << 16) | a) >>> 0;
}
