import { checkedInt32, checkedUint32, checkedWords } from "./checked.ts";
import type { Holder } from "./checked.ts";
import type { WireWriter } from "./wire-writer.ts";

const shared = /*@__PURE__*/ new DataView(/*@__PURE__*/ new ArrayBuffer(8));

// Wherever a `tag` is asked for, 0 is none: for the values of packed lists.

/** A tag and a value of few bytes: a varint, a length, a short string with its length. */
const room = 48;

/** Writes a tag, with room for a value of 40 bytes behind it. */
export function writeTag(w: WireWriter, tag: number): void {
  if (w.end - w.pos < room) w.grow(room);
  if (tag === 0) return;
  if (tag < 0x80) w.buf[w.pos++] = tag;
  else writeVarint(w, tag);
}

/** Writes an int32, or a uint32; there must be room for it. */
export function writeVarint(w: { readonly buf: Uint8Array; pos: number }, value: number): void {
  const { buf } = w;
  let { pos } = w;
  if (value < 0) {
    // As 64 bits: the sign goes on to the tenth byte.
    for (let i = 0; i < 9; i++) {
      buf[pos++] = (value & 0x7f) | 0x80;
      value >>= 7;
    }
    value = 1;
  } else {
    for (; value > 0x7f; value >>>= 7) buf[pos++] = (value & 0x7f) | 0x80;
  }
  buf[pos++] = value;
  w.pos = pos;
}

export function writeInt32(w: WireWriter, tag: number, value: unknown, message: Holder, field: string): void {
  const int =
    typeof value === "number" && value === (value | 0) ? value : checkedInt32(value, message, field);
  writeTag(w, tag);
  writeVarint(w, int);
}

export function writeUint32(
  w: WireWriter,
  tag: number,
  value: unknown,
  message: Holder,
  field: string,
): void {
  const int =
    typeof value === "number" && value === value >>> 0 ? value : checkedUint32(value, message, field);
  writeTag(w, tag);
  writeVarint(w, int);
}

export function writeSint32(
  w: WireWriter,
  tag: number,
  value: unknown,
  message: Holder,
  field: string,
): void {
  const int =
    typeof value === "number" && value === (value | 0) ? value : checkedInt32(value, message, field);
  writeTag(w, tag);
  writeVarint(w, ((int << 1) ^ (int >> 31)) >>> 0);
}

export function writeBool(w: WireWriter, tag: number, value: unknown): void {
  writeTag(w, tag);
  w.buf[w.pos++] = value ? 1 : 0;
}

/** `implicit`: whether zero is left out. */
export function writeInt64(
  w: WireWriter,
  tag: number,
  value: unknown,
  message: Holder,
  field: string,
  implicit?: boolean,
): void {
  if (typeof value === "bigint" && BigInt.asIntN(64, value) === value) shared.setBigInt64(0, value, true);
  else checkedWords(shared, value, true, message, field);
  writeWords(w, tag, shared.getInt32(0, true), shared.getInt32(4, true), implicit);
}

/** `implicit`: whether zero is left out. */
export function writeUint64(
  w: WireWriter,
  tag: number,
  value: unknown,
  message: Holder,
  field: string,
  implicit?: boolean,
): void {
  if (typeof value === "bigint" && BigInt.asUintN(64, value) === value) shared.setBigUint64(0, value, true);
  else checkedWords(shared, value, false, message, field);
  writeWords(w, tag, shared.getInt32(0, true), shared.getInt32(4, true), implicit);
}

/** `implicit`: whether zero is left out. */
export function writeSint64(
  w: WireWriter,
  tag: number,
  value: unknown,
  message: Holder,
  field: string,
  implicit?: boolean,
): void {
  if (typeof value === "bigint" && BigInt.asIntN(64, value) === value) shared.setBigInt64(0, value, true);
  else checkedWords(shared, value, true, message, field);
  const low = shared.getInt32(0, true);
  const high = shared.getInt32(4, true);
  const sign = high >> 31;
  writeWords(w, tag, (low << 1) ^ sign, ((high << 1) | (low >>> 31)) ^ sign, implicit);
}

function writeWords(
  w: WireWriter,
  tag: number,
  low: number,
  high: number,
  implicit: boolean | undefined,
): void {
  if (implicit === true && (low | high) === 0) return;
  writeTag(w, tag);
  while (high !== 0) {
    w.buf[w.pos++] = (low & 0x7f) | 0x80;
    low = (low >>> 7) | (high << 25);
    high >>>= 7;
  }
  writeVarint(w, low >>> 0);
}
