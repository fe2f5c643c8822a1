import { toInt64, toUint64 } from "./read-varint.ts";
import { prematureEnd } from "./wire-reader.ts";
import type { WireReader } from "./wire-reader.ts";

const shared = /*@__PURE__*/ new DataView(/*@__PURE__*/ new ArrayBuffer(8));

export function readSfixed32(r: WireReader): number {
  const { buf, pos } = r;
  if (r.end - pos < 4) throw prematureEnd();
  r.pos = pos + 4;
  return wordAt(buf, pos);
}

/** The 32 bits that begin at `at`. */
function wordAt(buf: Uint8Array, at: number): number {
  return buf[at]! | (buf[at + 1]! << 8) | (buf[at + 2]! << 16) | (buf[at + 3]! << 24);
}

export function readFixed32(r: WireReader): number {
  return readSfixed32(r) >>> 0;
}

export function readFixed64(r: WireReader): bigint {
  const low = readSfixed32(r);
  return toUint64(low, readSfixed32(r));
}

export function readSfixed64(r: WireReader): bigint {
  const low = readSfixed32(r);
  return toInt64(low, readSfixed32(r));
}

export function readFloat(r: WireReader): number {
  shared.setInt32(0, readSfixed32(r), true);
  return shared.getFloat32(0, true);
}

export function readDouble(r: WireReader): number {
  const { buf, pos } = r;
  if (r.end - pos < 8) throw prematureEnd();
  r.pos = pos + 8;
  shared.setInt32(0, wordAt(buf, pos), true);
  shared.setInt32(4, wordAt(buf, pos + 4), true);
  return shared.getFloat64(0, true);
}
