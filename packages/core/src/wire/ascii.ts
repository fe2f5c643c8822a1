/** So many bytes at most are decoded here; beyond, TextDecoder is faster. */
export const longestAscii = 40;

const text = String.fromCharCode;

/** Null if there are bytes that are not ASCII. */
export function decodeAscii(buf: Uint8Array, start: number, size: number): string | null {
  let result = "";
  let at = start;
  const end = start + size;
  for (; end - at >= 8; at += 8) {
    const [a, b, c, d] = [buf[at]!, buf[at + 1]!, buf[at + 2]!, buf[at + 3]!];
    const [e, f, g, h] = [buf[at + 4]!, buf[at + 5]!, buf[at + 6]!, buf[at + 7]!];
    if ((a | b | c | d | e | f | g | h) > 0x7f) return null;
    result += text(a, b, c, d, e, f, g, h);
  }
  if (end - at >= 4) {
    const [a, b, c, d] = [buf[at]!, buf[at + 1]!, buf[at + 2]!, buf[at + 3]!];
    if ((a | b | c | d) > 0x7f) return null;
    result += text(a, b, c, d);
    at += 4;
  }
  switch (end - at) {
    case 0:
      return result;
    case 1: {
      const a = buf[at]!;
      return a > 0x7f ? null : result + text(a);
    }
    case 2: {
      const [a, b] = [buf[at]!, buf[at + 1]!];
      return (a | b) > 0x7f ? null : result + text(a, b);
    }
    default: {
      const [a, b, c] = [buf[at]!, buf[at + 1]!, buf[at + 2]!];
      return (a | b | c) > 0x7f ? null : result + text(a, b, c);
    }
  }
}
