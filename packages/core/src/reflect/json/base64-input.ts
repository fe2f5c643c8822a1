import { base64Decode } from "@bufbuild/protobuf/wire";
import { decodeUtf8 } from "../../protocol/utf8.ts";
import { readQuoted } from "./json-input.ts";
import type { JsonInput } from "./json-input.ts";

/** By character, 64 for what is none of the standard alphabet. */
const values = /*@__PURE__*/ valuesOfCharacters();

function valuesOfCharacters(): Uint8Array {
  const table = new Uint8Array(256).fill(64);
  const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  for (let i = 0; i < 64; i++) table[alphabet.charCodeAt(i)] = i;
  return table;
}

/** Reads bytes in base64, in quotes. The standard form is read here, all others by protobuf-es. */
export function readBase64(input: JsonInput): Uint8Array {
  const start = readQuoted(input);
  const end = input.pos - 1;
  const { buf } = input;
  const size = end - start;
  const padding = size > 0 && buf[end - 1] === 0x3d ? (buf[end - 2] === 0x3d ? 2 : 1) : 0;
  const bytes = new Uint8Array((size >> 2) * 3 - padding > 0 ? (size >> 2) * 3 - padding : 0);
  let wrong = size & 3;
  let at = 0;
  const whole = end - (padding > 0 ? 4 : 0);
  let pos = start;
  for (; pos < whole; pos += 4) {
    const a = values[buf[pos]!]!;
    const b = values[buf[pos + 1]!]!;
    const c = values[buf[pos + 2]!]!;
    const d = values[buf[pos + 3]!]!;
    wrong |= (a | b | c | d) & 64;
    bytes[at++] = (a << 2) | (b >> 4);
    bytes[at++] = (b << 4) | (c >> 2);
    bytes[at++] = (c << 6) | d;
  }
  if (padding > 0) {
    const a = values[buf[pos]!]!;
    const b = values[buf[pos + 1]!]!;
    const c = padding === 1 ? values[buf[pos + 2]!]! : 0;
    wrong |= (a | b | c) & 64;
    bytes[at++] = (a << 2) | (b >> 4);
    if (padding === 1) bytes[at] = (b << 4) | (c >> 2);
  }
  return wrong === 0 ? bytes : base64Decode(decodeUtf8(buf.subarray(start, end)));
}
