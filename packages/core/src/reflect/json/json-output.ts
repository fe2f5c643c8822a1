import type { WireWriter } from "../../wire/wire-writer.ts";

const encoder = /*@__PURE__*/ new TextEncoder();
/** So many characters at most are looked at one by one. */
const shortest = 64;
const quote = 0x22;
/** Integers below it are written digit by digit. */
const small = 1e9;
const alphabet = /*@__PURE__*/ encoder.encode(
  "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/",
);

/** Writes JSON that was made before. */
export function writeBytes(w: WireWriter, bytes: Uint8Array): void {
  const { length } = bytes;
  if (w.end - w.pos < length) w.grow(length);
  const { buf } = w;
  let { pos } = w;
  for (let i = 0; i < length; i++) buf[pos++] = bytes[i]!;
  w.pos = pos;
}

/** Writes text that is ASCII, and JSON as it is: numbers. */
export function writeAscii(w: WireWriter, text: string): void {
  const { length } = text;
  if (w.end - w.pos < length) w.grow(length);
  const { buf } = w;
  let { pos } = w;
  for (let i = 0; i < length; i++) buf[pos++] = text.charCodeAt(i);
  w.pos = pos;
}

/** Writes a finite number. */
export function writeNumber(w: WireWriter, value: number): void {
  if (value === value >>> 0 && value < small) writeDigits(w, value);
  else writeAscii(w, String(value));
}

/** Writes a 64-bit integer, which is a string in JSON. */
export function writeBigInt(w: WireWriter, value: bigint): void {
  const number = Number(value);
  writeByte(w, quote);
  if (number >= 0 && number < small) writeDigits(w, number);
  else writeAscii(w, String(value));
  writeByte(w, quote);
}

/** Writes an integer of ten digits at most. */
function writeDigits(w: WireWriter, value: number): void {
  let size = 1;
  for (let limit = 10; value >= limit; limit *= 10) size++;
  if (w.end - w.pos < size) w.grow(size);
  const { buf } = w;
  const start = w.pos;
  let rest = value | 0;
  for (let at = start + size - 1; at >= start; at--) {
    const tenth = (rest / 10) | 0;
    buf[at] = 0x30 + rest - tenth * 10;
    rest = tenth;
  }
  w.pos = start + size;
}

/** Writes one byte. */
export function writeByte(w: WireWriter, byte: number): void {
  if (w.pos === w.end) w.grow(1);
  w.buf[w.pos++] = byte;
}

/** Writes a string in quotes. */
export function writeQuoted(w: WireWriter, text: string): void {
  const { length } = text;
  if (length <= shortest) {
    if (w.end - w.pos < length + 2) w.grow(length + 2);
    const { buf } = w;
    let { pos } = w;
    buf[pos++] = quote;
    let i = 0;
    for (; i < length; i++) {
      const unit = text.charCodeAt(i);
      if (unit < 0x20 || unit > 0x7e || unit === quote || unit === 0x5c) break;
      buf[pos++] = unit;
    }
    if (i === length) {
      buf[pos++] = quote;
      w.pos = pos;
      return;
    }
  }
  writeText(w, JSON.stringify(text));
}

/** Writes JSON of any characters. */
export function writeText(w: WireWriter, text: string): void {
  for (let rest = text; ;) {
    const { read, written } = encoder.encodeInto(rest, w.buf.subarray(w.pos, w.end));
    w.pos += written;
    if (read === rest.length) return;
    rest = rest.slice(read);
    // A UTF-16 unit is three bytes at most.
    w.grow(rest.length * 3);
  }
}

/** Writes bytes as base64 in quotes, padded. */
export function writeBase64(w: WireWriter, bytes: Uint8Array): void {
  const { length } = bytes;
  const size = Math.ceil(length / 3) * 4 + 2;
  if (w.end - w.pos < size) w.grow(size);
  const { buf } = w;
  let { pos } = w;
  buf[pos++] = quote;
  let i = 0;
  for (; i + 2 < length; i += 3) {
    const bits = (bytes[i]! << 16) | (bytes[i + 1]! << 8) | bytes[i + 2]!;
    buf[pos] = alphabet[bits >> 18]!;
    buf[pos + 1] = alphabet[(bits >> 12) & 63]!;
    buf[pos + 2] = alphabet[(bits >> 6) & 63]!;
    buf[pos + 3] = alphabet[bits & 63]!;
    pos += 4;
  }
  if (i < length) {
    const bits = (bytes[i]! << 16) | ((bytes[i + 1] ?? 0) << 8);
    buf[pos++] = alphabet[bits >> 18]!;
    buf[pos++] = alphabet[(bits >> 12) & 63]!;
    buf[pos++] = i + 1 < length ? alphabet[(bits >> 6) & 63]! : 0x3d;
    buf[pos++] = 0x3d;
  }
  buf[pos++] = quote;
  w.pos = pos;
}

// What is in braces or brackets is written with a comma in front of each part: the first one turns into the brace.

/** Begins an object or a list. Gives a mark for end(). */
export function begin(w: WireWriter): number {
  return w.pos - w.moved;
}

/** Ends an object or a list, of which `first` and `last` are the outermost bytes. */
export function end(w: WireWriter, mark: number, first: number, last: number): void {
  const at = mark + w.moved;
  if (w.pos === at) writeByte(w, first);
  else w.buf[at] = first;
  writeByte(w, last);
}
