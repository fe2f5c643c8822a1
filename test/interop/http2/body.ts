/**
 * A period that no power of two divides, so that bytes which lie elsewhere than they should are others. ASCII, so that what a
 * program prints of it can be read as text.
 */
const period = Uint8Array.from({ length: 65_521 }, (_, i) => (i * 7 + (i >> 8)) & 0x7f);

/** So many bytes, the same in every program here. */
export function bodyOf(length: number): Buffer {
  return Buffer.alloc(length, period);
}

/** Bodies that are sent and come back, by the name of their case. */
export const bodies: Readonly<Record<string, number>> = {
  post_empty: 0,
  post_byte: 1,
  post_kib: 2 ** 10,
  post_1mib: 2 ** 20,
  post_16mib: 2 ** 24,
};

/** Larger than a frame, so that CONTINUATION follows (RFC 9113 section 6.10). */
export const bigValue: string = "v".repeat(20_000);
