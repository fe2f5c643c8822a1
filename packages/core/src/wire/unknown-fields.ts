import { bytesBetween } from "./read-bytes.ts";
import { skipField } from "./read-message.ts";
import type { WireReader } from "./wire-reader.ts";
import type { WireWriter } from "./wire-writer.ts";
import { writeTag, writeVarint } from "./write-varint.ts";

/** A field that the schema does not know, as protobuf-es keeps it. */
interface UnknownField {
  readonly no: number;
  readonly wireType: number;
  readonly data: Uint8Array;
}

interface Holder {
  $unknown?: UnknownField[] | undefined;
}

/** Keeps a field that the message's type does not know. */
export function readUnknown(r: WireReader, message: Holder, no: number): void {
  const { pos, wireType } = r;
  skipField(r, no);
  (message.$unknown ??= []).push({ no, wireType, data: bytesBetween(r, pos, r.pos) });
}

/** Keeps a value that a closed enum does not know. */
export function keepEnum(r: WireReader, message: Holder, no: number, value: number): void {
  const w = { buf: new Uint8Array(10), pos: 0 };
  writeVarint(w, value);
  const data = w.buf.slice(0, w.pos);
  (message.$unknown ??= []).push({ no, wireType: r.wireType, data });
}

/** Writes what was kept. */
export function writeUnknown(w: WireWriter, message: Holder): void {
  if (message.$unknown !== undefined) writeFields(w, message.$unknown);
}

function writeFields(w: WireWriter, fields: readonly UnknownField[]): void {
  for (const { no, wireType, data } of fields) {
    writeTag(w, ((no << 3) | wireType) >>> 0);
    if (w.end - w.pos < data.length) w.grow(data.length);
    w.buf.set(data, w.pos);
    w.pos += data.length;
  }
}
