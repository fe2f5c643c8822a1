import { invalidField } from "./checked.ts";
import type { Holder } from "./checked.ts";
import type { WireWriter } from "./wire-writer.ts";
import { writeTag, writeVarint } from "./write-varint.ts";

const encoder = /*@__PURE__*/ new TextEncoder();
/** So many characters at most are encoded here, if they are ASCII; beyond, TextEncoder is faster. writeTag() makes room for them. */
const shortest = 32;

export function writeString(w: WireWriter, tag: number, value: unknown): void {
  const text = typeof value === "string" ? value : String(value);
  const { length } = text;
  writeTag(w, tag);
  if (length > shortest) {
    encode(w, text);
    return;
  }
  const { buf } = w;
  let { pos } = w;
  buf[pos++] = length;
  for (let i = 0; i < length; i++) {
    const unit = text.charCodeAt(i);
    if (unit > 0x7f) {
      encode(w, text);
      return;
    }
    buf[pos++] = unit;
  }
  w.pos = pos;
}

/** Length and text. Room is made for as many bytes as characters first: most text is ASCII. */
function encode(w: WireWriter, text: string): void {
  const guessed = sizeOf(text.length);
  if (w.end - w.pos < guessed + text.length) w.grow(guessed + text.length);
  const mark = w.pos - w.moved;
  w.pos += guessed;
  for (let rest = text; ;) {
    const { read, written } = encoder.encodeInto(rest, w.buf.subarray(w.pos, w.end));
    w.pos += written;
    if (read === rest.length) break;
    rest = rest.slice(read);
    // A UTF-16 unit is three bytes at most.
    w.grow(rest.length * 3);
  }
  closeWith(w, mark, guessed);
}

export function writeBytes(w: WireWriter, tag: number, value: unknown, message: Holder, field: string): void {
  const size = (value as Uint8Array | null | undefined)?.byteLength;
  if (size === undefined) throw invalidField(message, field, `invalid bytes: ${typeof value}`);
  writeTag(w, tag);
  writeVarint(w, size);
  if (w.end - w.pos < size) w.grow(size);
  w.buf.set(value as Uint8Array, w.pos);
  w.pos += size;
}

/** Begins what has its length in front, with one byte left for it. Gives a mark for close(). */
export function open(w: WireWriter, tag: number): number {
  writeTag(w, tag);
  return w.pos++ - w.moved;
}

/** Ends what open() began: puts in the length, and moves what was written if it takes more bytes. */
export function close(w: WireWriter, mark: number): void {
  const at = mark + w.moved;
  const size = w.pos - at - 1;
  if (size < 0x80) w.buf[at] = size;
  else closeWith(w, mark, 1);
}

/** Puts in the length in front of which `left` bytes were left for it. */
function closeWith(w: WireWriter, mark: number, left: number): void {
  const size = w.pos - (mark + w.moved) - left;
  const needed = sizeOf(size);
  if (needed > left && w.end - w.pos < needed - left) w.grow(needed - left);
  const at = mark + w.moved;
  if (needed !== left) w.buf.copyWithin(at + needed, at + left, w.pos);
  w.pos = at;
  writeVarint(w, size);
  w.pos += size;
}

/** How many bytes a varint takes. */
function sizeOf(value: number): number {
  let size = 1;
  for (; value > 0x7f; value >>>= 7) size++;
  return size;
}
