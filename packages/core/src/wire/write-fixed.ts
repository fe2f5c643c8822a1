import { checkedFloat, checkedInt32, checkedUint32, checkedWords, invalidField } from "./checked.ts";
import type { Holder } from "./checked.ts";
import type { WireWriter } from "./wire-writer.ts";
import { writeTag } from "./write-varint.ts";

const shared = /*@__PURE__*/ new DataView(/*@__PURE__*/ new ArrayBuffer(8));

export function writeFixed32(
  w: WireWriter,
  tag: number,
  value: unknown,
  message: Holder,
  field: string,
): void {
  const int =
    typeof value === "number" && value === value >>> 0 ? value : checkedUint32(value, message, field);
  writeTag(w, tag);
  writeWord(w, int);
}

export function writeSfixed32(
  w: WireWriter,
  tag: number,
  value: unknown,
  message: Holder,
  field: string,
): void {
  const int =
    typeof value === "number" && value === (value | 0) ? value : checkedInt32(value, message, field);
  writeTag(w, tag);
  writeWord(w, int);
}

/** `implicit`: whether zero is left out. */
export function writeFixed64(
  w: WireWriter,
  tag: number,
  value: unknown,
  message: Holder,
  field: string,
  implicit?: boolean,
): void {
  checkedWords(shared, value, false, message, field);
  writeWords(w, tag, implicit);
}

/** `implicit`: whether zero is left out. */
export function writeSfixed64(
  w: WireWriter,
  tag: number,
  value: unknown,
  message: Holder,
  field: string,
  implicit?: boolean,
): void {
  checkedWords(shared, value, true, message, field);
  writeWords(w, tag, implicit);
}

export function writeFloat(w: WireWriter, tag: number, value: unknown, message: Holder, field: string): void {
  shared.setFloat32(0, checkedFloat(value, message, field), true);
  writeTag(w, tag);
  writeWord(w, shared.getInt32(0, true));
}

export function writeDouble(
  w: WireWriter,
  tag: number,
  value: unknown,
  message: Holder,
  field: string,
): void {
  if (typeof value === "number") shared.setFloat64(0, value, true);
  else setDouble(value, message, field);
  writeWords(w, tag, undefined);
}

/** What is no number is made one, as far as JavaScript does that by itself. */
function setDouble(value: unknown, message: Holder, field: string): void {
  try {
    shared.setFloat64(0, value as number, true);
  } catch (cause) {
    throw invalidField(message, field, (cause as Error).message);
  }
}

function writeWords(w: WireWriter, tag: number, implicit: boolean | undefined): void {
  const low = shared.getInt32(0, true);
  const high = shared.getInt32(4, true);
  if (implicit === true && (low | high) === 0) return;
  writeTag(w, tag);
  writeWord(w, low);
  writeWord(w, high);
}

/** There must be room for it. */
function writeWord(w: WireWriter, word: number): void {
  const { buf, pos } = w;
  buf[pos] = word;
  buf[pos + 1] = word >>> 8;
  buf[pos + 2] = word >>> 16;
  buf[pos + 3] = word >>> 24;
  w.pos = pos + 4;
}
