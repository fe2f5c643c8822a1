/** So many bytes at most are decoded here; beyond, TextDecoder is faster. */
export const longestAscii = 40;

const text = String.fromCharCode;

/** Null if there are bytes that are not ASCII. */
export function decodeAscii(buf: Uint8Array, start: number, size: number): string | null {
  if (size <= 16) return decodeFew(buf, start, size);
  const first = decodeFew(buf, start, 16);
  const rest = decodeAscii(buf, start + 16, size - 16);
  return first === null || rest === null ? null : first + rest;
}

/** 16 bytes at most, all of them at once: to put strings together takes longer than to make them. */
function decodeFew(buf: Uint8Array, at: number, size: number): string | null {
  if (size === 0) return "";
  const a = buf[at]!;
  if (size === 1) return a > 0x7f ? null : text(a);
  const b = buf[at + 1]!;
  let bits = a | b;
  if (size === 2) return bits > 0x7f ? null : text(a, b);
  const c = buf[at + 2]!;
  bits |= c;
  if (size === 3) return bits > 0x7f ? null : text(a, b, c);
  const d = buf[at + 3]!;
  bits |= d;
  if (size === 4) return bits > 0x7f ? null : text(a, b, c, d);
  const e = buf[at + 4]!;
  bits |= e;
  if (size === 5) return bits > 0x7f ? null : text(a, b, c, d, e);
  const f = buf[at + 5]!;
  bits |= f;
  if (size === 6) return bits > 0x7f ? null : text(a, b, c, d, e, f);
  const g = buf[at + 6]!;
  bits |= g;
  if (size === 7) return bits > 0x7f ? null : text(a, b, c, d, e, f, g);
  const h = buf[at + 7]!;
  bits |= h;
  if (size === 8) return bits > 0x7f ? null : text(a, b, c, d, e, f, g, h);
  const i = buf[at + 8]!;
  bits |= i;
  if (size === 9) return bits > 0x7f ? null : text(a, b, c, d, e, f, g, h, i);
  const j = buf[at + 9]!;
  bits |= j;
  if (size === 10) return bits > 0x7f ? null : text(a, b, c, d, e, f, g, h, i, j);
  const k = buf[at + 10]!;
  bits |= k;
  if (size === 11) return bits > 0x7f ? null : text(a, b, c, d, e, f, g, h, i, j, k);
  const l = buf[at + 11]!;
  bits |= l;
  if (size === 12) return bits > 0x7f ? null : text(a, b, c, d, e, f, g, h, i, j, k, l);
  const m = buf[at + 12]!;
  bits |= m;
  if (size === 13) return bits > 0x7f ? null : text(a, b, c, d, e, f, g, h, i, j, k, l, m);
  const n = buf[at + 13]!;
  bits |= n;
  if (size === 14) return bits > 0x7f ? null : text(a, b, c, d, e, f, g, h, i, j, k, l, m, n);
  const o = buf[at + 14]!;
  bits |= o;
  if (size === 15) return bits > 0x7f ? null : text(a, b, c, d, e, f, g, h, i, j, k, l, m, n, o);
  const p = buf[at + 15]!;
  bits |= p;
  return bits > 0x7f ? null : text(a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p);
}
