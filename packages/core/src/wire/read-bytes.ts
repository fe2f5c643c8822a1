import { decodeUtf8, decodeUtf8Lenient } from "../protocol/utf8.ts";
import { decodeAscii, longestAscii } from "./ascii.ts";
import { readUint32 } from "./read-varint.ts";
import { prematureEnd } from "./wire-reader.ts";
import type { WireReader } from "./wire-reader.ts";

/** So many bytes at most are copied one by one. */
const longestCopied = 48;

/** A string that has to be UTF-8. Throws TypeError if it is not. */
export function readString(r: WireReader): string {
  const size = readSize(r);
  const start = r.pos - size;
  if (size <= longestAscii) {
    const text = decodeAscii(r.buf, start, size);
    if (text !== null) return text;
  }
  return decodeUtf8(view(r, start, r.pos));
}

/** A string of a field without `utf8_validation`: U+FFFD stands for what is not UTF-8. */
export function readLenientString(r: WireReader): string {
  const size = readSize(r);
  const start = r.pos - size;
  if (size <= longestAscii) {
    const text = decodeAscii(r.buf, start, size);
    if (text !== null) return text;
  }
  return decodeUtf8Lenient(view(r, start, r.pos));
}

export function readBytes(r: WireReader): Uint8Array {
  const size = readSize(r);
  return bytesBetween(r, r.pos - size, r.pos);
}

/** A view if the buffer is the message's own, else a copy: in either case a Uint8Array and no Buffer. */
export function bytesBetween(r: WireReader, start: number, end: number): Uint8Array {
  if (r.owned) return view(r, start, end);
  const { buf } = r;
  const copy = new Uint8Array(end - start);
  if (copy.length > longestCopied) copy.set(view(r, start, end));
  else for (let i = 0; i < copy.length; i++) copy[i] = buf[start + i]!;
  return copy;
}

/** Faster than subarray(), which has to ask what to make. */
function view({ buf }: WireReader, start: number, end: number): Uint8Array {
  return new Uint8Array(buf.buffer, buf.byteOffset + start, end - start);
}

/** Reads a length and goes past what is that long. */
function readSize(r: WireReader): number {
  const size = readUint32(r);
  r.pos += size;
  if (r.pos > r.end) throw prematureEnd();
  return size;
}
