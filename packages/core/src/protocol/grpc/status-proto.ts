import type { ErrorDetail } from "../../error-detail.ts";
import { decodeUtf8Lenient, encodeUtf8 } from "../utf8.ts";

/** `google.rpc.Status`, as far as the wire needs it. */
export interface StatusProto {
  readonly code: number;
  readonly message: string;
  readonly details: readonly ErrorDetail[];
}

const usualPrefix = "type.googleapis.com/";

/** Writes a `google.rpc.Status`. */
export function encodeStatus(status: StatusProto): Uint8Array {
  const out: number[] = [];
  out.push(0x08);
  pushVarint(out, status.code);
  if (status.message !== "") pushBytes(out, 0x12, encodeUtf8(status.message));
  for (const { type, value, typeUrlPrefix = usualPrefix } of status.details) {
    const any: number[] = [];
    pushBytes(any, 0x0a, encodeUtf8(typeUrlPrefix + type));
    if (value.length > 0) pushBytes(any, 0x12, value);
    pushBytes(out, 0x1a, any);
  }
  return Uint8Array.from(out);
}

/** Reads a `google.rpc.Status`. Null if the bytes are none. */
export function decodeStatus(bytes: Uint8Array): StatusProto | null {
  let code = 0;
  let message = "";
  const details: ErrorDetail[] = [];
  const complete = eachField(bytes, (number, value) => {
    if (number === 1 && typeof value === "number") code = value;
    else if (number === 2 && typeof value === "object") message = decodeUtf8Lenient(value);
    else if (number === 3 && typeof value === "object") {
      const detail = decodeAny(value);
      if (detail === null) return false;
      details.push(detail);
    }
    return true;
  });
  return complete ? { code, message, details } : null;
}

function decodeAny(bytes: Uint8Array): ErrorDetail | null {
  let typeUrl = "";
  let value: Uint8Array = new Uint8Array(0);
  const complete = eachField(bytes, (number, field) => {
    if (number === 1 && typeof field === "object") typeUrl = decodeUtf8Lenient(field);
    else if (number === 2 && typeof field === "object") value = new Uint8Array(field);
    return true;
  });
  if (!complete) return null;
  const at = typeUrl.lastIndexOf("/") + 1;
  const detail = { type: typeUrl.slice(at), value };
  const typeUrlPrefix = typeUrl.slice(0, at);
  return typeUrlPrefix === usualPrefix ? detail : { ...detail, typeUrlPrefix };
}

/** Walks the fields of a message; false if the bytes are none, or `visit` says so. */
function eachField(
  bytes: Uint8Array,
  visit: (number: number, value: number | Uint8Array) => boolean,
): boolean {
  let at = 0;
  const varint = (): number => {
    let value = 0;
    for (let shift = 0; shift < 70; shift += 7) {
      const byte = bytes[at++];
      if (byte === undefined) return -1;
      if (shift < 28) value |= (byte & 0x7f) << shift;
      else if (shift === 28) value = (value | ((byte & 0x0f) << 28)) >>> 0;
      if (byte < 0x80) return value;
    }
    return -1;
  };
  while (at < bytes.length) {
    const tag = varint();
    // Field numbers begin at 1.
    if (tag < 8) return false;
    switch (tag & 7) {
      case 0: {
        const value = varint();
        if (value < 0 || !visit(tag >>> 3, value | 0)) return false;
        break;
      }
      case 1:
        at += 8;
        break;
      case 2: {
        const length = varint();
        if (length < 0 || length > bytes.length - at) return false;
        if (!visit(tag >>> 3, bytes.subarray(at, at + length))) return false;
        at += length;
        break;
      }
      case 5:
        at += 4;
        break;
      default:
        return false;
    }
  }
  return at === bytes.length;
}

function pushVarint(out: number[], value: number): void {
  let rest = value >>> 0;
  while (rest > 0x7f) {
    out.push((rest & 0x7f) | 0x80);
    rest >>>= 7;
  }
  out.push(rest);
}

function pushBytes(out: number[], tag: number, bytes: ArrayLike<number>): void {
  out.push(tag);
  pushVarint(out, bytes.length);
  for (let i = 0; i < bytes.length; i++) out.push(bytes[i]!);
}
