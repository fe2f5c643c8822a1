import { readUint32 } from "./read-varint.ts";
import { prematureEnd, recursionLimit } from "./wire-reader.ts";
import type { WireReader } from "./wire-reader.ts";

const endGroup = 4;
/** The highest wire type there is. */
const lastWireType = 5;

/** Where a message ends whose length comes next. It may be behind the end of what there is. */
export function readEnd(r: WireReader): number {
  const size = readUint32(r);
  return r.pos + size;
}

/** Where the values of a list end that may be packed. If they are not, one follows. */
export function readListEnd(r: WireReader): number {
  return r.wireType === 2 ? readEnd(r) : r.pos + 1;
}

/** Begins to read a message. */
export function enter(r: WireReader, message: { readonly $typeName: string }): void {
  if (++r.depth > recursionLimit) throwTooDeep(message.$typeName);
}

function throwTooDeep(typeName: string): never {
  throw new Error(
    `cannot decode message ${typeName} from binary: maximum recursion depth of ${recursionLimit} reached`,
  );
}

/** Ends it. */
export function leave<T>(r: WireReader, message: T): T {
  r.depth--;
  return message;
}

/**
 * The number of the next field of a message that ends at `end`, or, if `group` is not 0, with the end tag of that number.
 * 0 at the end.
 */
export function nextField(r: WireReader, end: number, group: number): number {
  const { pos } = r;
  if (pos >= end) return group === 0 ? 0 : withoutEnd();
  if (pos < r.end) {
    const tag = r.buf[pos]!;
    const wireType = tag & 7;
    // A tag of one byte, of a field whose value is no group.
    if (tag < 0x80 && tag > 7 && (wireType < 3 || wireType === 5)) {
      r.pos = pos + 1;
      r.wireType = wireType;
      return tag >>> 3;
    }
  }
  return nextOtherField(r, group);
}

function withoutEnd(): never {
  throw new Error("invalid end group tag");
}

function nextOtherField(r: WireReader, group: number): number {
  const tag = readTag(r);
  const number = tag >>> 3;
  const wireType = tag & 7;
  if (number === 0 || wireType > lastWireType) {
    throw new Error(`illegal tag: field no ${number} wire type ${wireType}`);
  }
  if (wireType === endGroup && group !== 0) {
    if (number !== group) withoutEnd();
    return 0;
  }
  r.wireType = wireType;
  return number;
}

function readTag(r: WireReader): number {
  const start = r.pos;
  const tag = readUint32(r);
  const size = r.pos - start;
  if (size > 5 || (size === 5 && r.buf[r.pos - 1]! > 0x0f)) {
    throw new Error("illegal tag: varint overflows uint32");
  }
  return tag;
}

/** Goes past the field that nextField() told. */
export function skipField(r: WireReader, number: number): void {
  skip(r, number, r.wireType, recursionLimit - r.depth);
}

function skip(r: WireReader, number: number, wireType: number, levels: number): void {
  switch (wireType) {
    case 0:
      while (r.pos < r.end && r.buf[r.pos]! > 0x7f) r.pos++;
      r.pos++;
      break;
    case 1:
      r.pos += 8;
      break;
    case 2:
      r.pos = readEnd(r);
      break;
    case 3:
      skipGroup(r, number, levels);
      break;
    case 5:
      r.pos += 4;
      break;
    default:
      throw new Error(`cant skip wire type ${wireType}`);
  }
  if (r.pos > r.end) throw prematureEnd();
}

function skipGroup(r: WireReader, group: number, levels: number): void {
  if (levels <= 0) throw new Error("maximum recursion depth reached");
  for (;;) {
    const number = nextField(r, Infinity, 0);
    if (r.wireType === endGroup) {
      if (number !== group) withoutEnd();
      return;
    }
    skip(r, number, r.wireType, levels - 1);
  }
}

/** Goes past a group, its end tag included. Gives where that tag begins. */
export function readGroupEnd(r: WireReader, group: number): number {
  for (;;) {
    const { pos } = r;
    const number = nextField(r, Infinity, 0);
    if (r.wireType === endGroup) {
      if (number !== group) withoutEnd();
      return pos;
    }
    skipField(r, number);
  }
}
