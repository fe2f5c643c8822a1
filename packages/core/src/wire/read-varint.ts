import { prematureEnd } from "./wire-reader.ts";
import type { WireReader } from "./wire-reader.ts";

/** The most bytes that a varint may have. */
const longest = 10;
const shared = /*@__PURE__*/ new DataView(/*@__PURE__*/ new ArrayBuffer(8));

/** The low 32 bits of a varint. */
export function readUint32(r: WireReader): number {
  const { pos } = r;
  if (pos < r.end) {
    const byte = r.buf[pos]!;
    if (byte < 0x80) {
      r.pos = pos + 1;
      return byte;
    }
  }
  return readLongUint32(r);
}

function readLongUint32(r: WireReader): number {
  const { buf, end } = r;
  let { pos } = r;
  let value = 0;
  for (let i = 0; i < longest; i++) {
    if (pos >= end) throw prematureEnd();
    const byte = buf[pos++]!;
    if (i < 5) value |= (byte & 0x7f) << (7 * i);
    if (byte < 0x80) {
      r.pos = pos;
      return value >>> 0;
    }
  }
  throw new Error("invalid varint");
}

export function readInt32(r: WireReader): number {
  return readUint32(r) | 0;
}

export function readSint32(r: WireReader): number {
  const zigzag = readUint32(r);
  return (zigzag >>> 1) ^ -(zigzag & 1);
}

export function readBool(r: WireReader): boolean {
  const { pos } = r;
  if (pos < r.end) {
    const byte = r.buf[pos]!;
    if (byte < 0x80) {
      r.pos = pos + 1;
      return byte !== 0;
    }
  }
  readVarint64(r);
  return (r.low | r.high) !== 0;
}

export function readInt64(r: WireReader): bigint {
  readVarint64(r);
  return toInt64(r.low, r.high);
}

export function readUint64(r: WireReader): bigint {
  readVarint64(r);
  return toUint64(r.low, r.high);
}

export function readSint64(r: WireReader): bigint {
  readVarint64(r);
  const { low, high } = r;
  const sign = -(low & 1);
  return toInt64(((low >>> 1) | (high << 31)) ^ sign, (high >>> 1) ^ sign);
}

export function toInt64(low: number, high: number): bigint {
  shared.setInt32(0, low, true);
  shared.setInt32(4, high, true);
  return shared.getBigInt64(0, true);
}

export function toUint64(low: number, high: number): bigint {
  shared.setInt32(0, low, true);
  shared.setInt32(4, high, true);
  return shared.getBigUint64(0, true);
}

/** Leaves the halves on the reader. */
function readVarint64(r: WireReader): void {
  const { buf, pos, end } = r;
  r.high = 0;
  if (end - pos >= 4) {
    let low = buf[pos]!;
    let size = 1;
    if (low > 0x7f) {
      size = 2;
      let byte = buf[pos + 1]!;
      low = (low & 0x7f) | (byte << 7);
      if (byte > 0x7f) {
        size = 3;
        byte = buf[pos + 2]!;
        low = (low & 0x3fff) | (byte << 14);
        if (byte > 0x7f) {
          readLongVarint64(r);
          return;
        }
      }
    }
    r.pos = pos + size;
    r.low = low;
    return;
  }
  readLongVarint64(r);
}

function readLongVarint64(r: WireReader): void {
  const { buf, end } = r;
  let { pos } = r;
  let low = 0;
  let high = 0;
  for (let i = 0; i < longest; i++) {
    if (pos >= end) throw prematureEnd();
    const byte = buf[pos++]!;
    const bits = byte & 0x7f;
    if (i < 5) low |= bits << (7 * i);
    if (i === 4) high = bits >> 4;
    else if (i > 4) high |= bits << (7 * i - 32);
    if (byte < 0x80) {
      r.pos = pos;
      r.low = low;
      r.high = high;
      return;
    }
  }
  throw new Error("invalid varint");
}
