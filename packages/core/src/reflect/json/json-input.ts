import { decodeUtf8 } from "../../protocol/utf8.ts";
import { decodeAscii, longestAscii } from "../../wire/ascii.ts";
import { beyond } from "./beyond.ts";

const quote = 0x22;
const backslash = 0x5c;
const minus = 0x2d;
const zero = 0x30;
const nine = 0x39;
/** Digits of which a number of 32 bits is made without a doubt. */
const fewDigits = 9;

/** Where JSON is read. */
export interface JsonInput {
  readonly buf: Uint8Array;
  pos: number;
  readonly end: number;
  /** Objects that are being read, one within the other. */
  depth: number;
}

/** The next byte that is no white space; it is not read yet. 0 at the end. */
export function peek(input: JsonInput): number {
  const { buf, end } = input;
  for (let { pos } = input; pos < end; pos++) {
    const byte = buf[pos]!;
    if (byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09) continue;
    input.pos = pos;
    return byte;
  }
  input.pos = end;
  return 0;
}

/** Reads a byte that has to come next. */
export function expect(input: JsonInput, byte: number): void {
  if (peek(input) !== byte) throw beyond;
  input.pos++;
}

/**
 * Whether another part of an object or a list follows, `last` being what ends it. Reads the comma in front of it, or what
 * ends it.
 */
export function follows(input: JsonInput, isFirst: boolean, last: number): boolean {
  const byte = peek(input);
  if (byte === last) {
    input.pos++;
    return false;
  }
  if (isFirst) return true;
  if (byte !== 0x2c) throw beyond;
  input.pos++;
  return true;
}

/** Reads a member's name, if it is this one. */
export function readName(input: JsonInput, name: Uint8Array): boolean {
  const { buf, pos } = input;
  const { length } = name;
  if (input.end - pos < length + 2 || buf[pos] !== quote || buf[pos + 1 + length] !== quote) return false;
  for (let i = 0; i < length; i++) if (buf[pos + 1 + i] !== name[i]) return false;
  input.pos = pos + length + 2;
  return true;
}

/** Reads a string. */
export function readText(input: JsonInput): string {
  const start = beginString(input);
  const end = endOfPlain(input, start);
  const { buf } = input;
  if (buf[end] === backslash) return readEscaped(input, start);
  input.pos = end + 1;
  if (end - start <= longestAscii) {
    const text = decodeAscii(buf, start, end - start);
    if (text !== null) return text;
  }
  return decodeUtf8(buf.subarray(start, end));
}

/** Reads a string that has no backslash in it. Gives where it starts, behind the quote. */
export function readQuoted(input: JsonInput): number {
  const start = beginString(input);
  const end = endOfPlain(input, start);
  if (input.buf[end] === backslash) throw beyond;
  input.pos = end + 1;
  return start;
}

function beginString(input: JsonInput): number {
  if (peek(input) !== quote) throw beyond;
  return input.pos + 1;
}

/** Where a string ends, or the first backslash of it is. */
function endOfPlain({ buf, end }: JsonInput, start: number): number {
  for (let pos = start; pos < end; pos++) {
    const byte = buf[pos]!;
    if (byte === quote || byte === backslash) return pos;
    // What has to be written as an escape.
    if (byte < 0x20) throw beyond;
  }
  throw beyond;
}

function readEscaped(input: JsonInput, start: number): string {
  const { buf, end } = input;
  let pos = start;
  while (pos < end && buf[pos] !== quote) pos += buf[pos] === backslash ? 2 : 1;
  if (pos >= end) throw beyond;
  input.pos = pos + 1;
  const text = JSON.parse(decodeUtf8(buf.subarray(start - 1, pos + 1))) as string;
  // Half of a surrogate pair is an error.
  if (!text.isWellFormed()) throw beyond;
  return text;
}

/** Reads a number. */
export function readNumber(input: JsonInput): number {
  const first = peek(input);
  const { buf, end } = input;
  const start = first === minus ? input.pos + 1 : input.pos;
  let pos = start;
  let value = 0;
  for (; pos < end && pos - start < fewDigits; pos++) {
    const digit = buf[pos]! - zero;
    if (digit < 0 || digit > 9) break;
    value = value * 10 + digit;
  }
  const next = pos < end ? buf[pos]! : 0;
  const isWhole = pos > start && !isOfNumber(next) && (value !== 0 ? buf[start] !== zero : pos - start === 1);
  // A zero below zero is no integer.
  if (isWhole && !(first === minus && value === 0)) {
    input.pos = pos;
    return first === minus ? -value : value;
  }
  return readLongNumber(input);
}

function readLongNumber(input: JsonInput): number {
  const { buf, pos: start, end } = input;
  let pos = start;
  while (pos < end && isOfNumber(buf[pos]!)) pos++;
  if (pos - start > longestAscii) throw beyond;
  const value: unknown = JSON.parse(decodeAscii(buf, start, pos - start) ?? "");
  if (typeof value !== "number") throw beyond;
  input.pos = pos;
  return value;
}

function isOfNumber(byte: number): boolean {
  return (
    (byte >= zero && byte <= nine) ||
    byte === 0x2e ||
    byte === minus ||
    byte === 0x2b ||
    (byte | 0x20) === 0x65
  );
}

/** Reads an integer in quotes, in decimal. */
export function readBigInt(input: JsonInput): bigint {
  const start = readQuoted(input);
  const end = input.pos - 1;
  const { buf } = input;
  const isNegative = buf[start] === minus;
  const digits = isNegative ? start + 1 : start;
  const count = end - digits;
  if (count < 1 || count > 20 || (buf[digits] === zero && (count > 1 || isNegative))) throw beyond;
  let value = 0;
  for (let pos = digits; pos < end; pos++) {
    const digit = buf[pos]! - zero;
    if (digit < 0 || digit > 9) throw beyond;
    value = value * 10 + digit;
  }
  // Up to there a number is exact.
  if (count <= 15) return BigInt(isNegative ? -value : value);
  return BigInt(decodeAscii(buf, start, end - start)!);
}

/** Reads a word: true, false. */
export function readWord(input: JsonInput, word: Uint8Array): void {
  const { buf, pos } = input;
  if (input.end - pos < word.length) throw beyond;
  for (let i = 0; i < word.length; i++) if (buf[pos + i] !== word[i]) throw beyond;
  input.pos = pos + word.length;
}
