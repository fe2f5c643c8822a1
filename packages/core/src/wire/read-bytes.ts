import { decodeUtf8, decodeUtf8Lenient } from "../protocol/utf8.ts";
import { decodeAscii, longestAscii } from "./ascii.ts";
import { readUint32 } from "./read-varint.ts";
import { prematureEnd } from "./wire-reader.ts";
import type { WireReader } from "./wire-reader.ts";

/** A string that has to be UTF-8. Throws TypeError if it is not. */
export function readString(r: WireReader): string {
  const size = readSize(r);
  const start = r.pos - size;
  if (size <= longestAscii) {
    const text = decodeAscii(r.buf, start, size);
    if (text !== null) return text;
  }
  return decodeUtf8(r.buf.subarray(start, r.pos));
}

/** A string of a field without `utf8_validation`: U+FFFD stands for what is not UTF-8. */
export function readLenientString(r: WireReader): string {
  const size = readSize(r);
  const start = r.pos - size;
  if (size <= longestAscii) {
    const text = decodeAscii(r.buf, start, size);
    if (text !== null) return text;
  }
  return decodeUtf8Lenient(r.buf.subarray(start, r.pos));
}

export function readBytes(r: WireReader): Uint8Array {
  const size = readSize(r);
  return bytesBetween(r, r.pos - size, r.pos);
}

/** A view if the buffer is the message's own, else a copy. */
export function bytesBetween(r: WireReader, start: number, end: number): Uint8Array {
  const view = r.buf.subarray(start, end);
  // A Buffer's slice() would be a view.
  return r.owned ? view : new Uint8Array(view);
}

/** Reads a length and goes past what is that long. */
function readSize(r: WireReader): number {
  const size = readUint32(r);
  r.pos += size;
  if (r.pos > r.end) throw prematureEnd();
  return size;
}
