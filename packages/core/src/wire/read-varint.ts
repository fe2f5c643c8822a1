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
  const low = readLow(r);
  return (low | r.high) !== 0;
}

export function readInt64(r: WireReader): bigint {
  const low = readLow(r);
  return toInt64(low, r.high);
}

export function readUint64(r: WireReader): bigint {
  const low = readLow(r);
  return toUint64(low, r.high);
}

export function readSint64(r: WireReader): bigint {
  const low = readLow(r);
  const { high } = r;
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

/** The low half of a varint; leaves the high one on the reader. */
function readLow(r: WireReader): number {
  const { buf, pos } = r;
  if (r.end - pos < 3) return readLongLow(r);
  r.high = 0;
  const first = buf[pos]!;
  if (first < 0x80) {
    r.pos = pos + 1;
    return first;
  }
  const second = buf[pos + 1]!;
  if (second < 0x80) {
    r.pos = pos + 2;
    return (first & 0x7f) | (second << 7);
  }
  const third = buf[pos + 2]!;
  if (third < 0x80) {
    r.pos = pos + 3;
    return (first & 0x7f) | ((second & 0x7f) << 7) | (third << 14);
  }
  return readLongLow(r);
}

function readLongLow(r: WireReader): number {
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
      r.high = high;
      return low;
    }
  }
  throw new Error("invalid varint");
}
