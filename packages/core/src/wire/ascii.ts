/** So many bytes at most are decoded here; beyond, TextDecoder is faster. */
export const longestAscii = 40;

const text = String.fromCharCode;

/** Null if there are bytes that are not ASCII. */
export function decodeAscii(buf: Uint8Array, start: number, size: number): string | null {
  const end = start + size;
  let bits = 0;
  for (let i = start; i < end; i++) bits |= buf[i]!;
  if (bits > 0x7f) return null;
  let result = "";
  let at = start;
  for (; end - at > 16; at += 16) result += decodeFew(buf, at, 16);
  return at === start ? decodeFew(buf, at, size) : result + decodeFew(buf, at, end - at);
}

/** 16 at most, all of them at once: to put strings together takes longer than to make them. */
function decodeFew(buf: Uint8Array, at: number, size: number): string {
  if (size === 0) return "";
  const a = buf[at]!;
  if (size === 1) return text(a);
  const b = buf[at + 1]!;
  if (size === 2) return text(a, b);
  const c = buf[at + 2]!;
  if (size === 3) return text(a, b, c);
  const d = buf[at + 3]!;
  if (size === 4) return text(a, b, c, d);
  const e = buf[at + 4]!;
  if (size === 5) return text(a, b, c, d, e);
  const f = buf[at + 5]!;
  if (size === 6) return text(a, b, c, d, e, f);
  const g = buf[at + 6]!;
  if (size === 7) return text(a, b, c, d, e, f, g);
  const h = buf[at + 7]!;
  if (size === 8) return text(a, b, c, d, e, f, g, h);
  const i = buf[at + 8]!;
  if (size === 9) return text(a, b, c, d, e, f, g, h, i);
  const j = buf[at + 9]!;
  if (size === 10) return text(a, b, c, d, e, f, g, h, i, j);
  const k = buf[at + 10]!;
  if (size === 11) return text(a, b, c, d, e, f, g, h, i, j, k);
  const l = buf[at + 11]!;
  if (size === 12) return text(a, b, c, d, e, f, g, h, i, j, k, l);
  const m = buf[at + 12]!;
  if (size === 13) return text(a, b, c, d, e, f, g, h, i, j, k, l, m);
  const n = buf[at + 13]!;
  if (size === 14) return text(a, b, c, d, e, f, g, h, i, j, k, l, m, n);
  const o = buf[at + 14]!;
  if (size === 15) return text(a, b, c, d, e, f, g, h, i, j, k, l, m, n, o);
  const p = buf[at + 15]!;
  return text(a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p);
}
