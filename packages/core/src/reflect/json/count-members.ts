import { beyond } from "./beyond.ts";

/** Deeper than this is left to protobuf-es, which counts levels. */
const deepest = 10;

/** How many members the objects of a JSON value have, at any depth. */
export function membersOf(json: unknown, depth = 0): number {
  if (typeof json !== "object" || json === null) return 0;
  if (depth > deepest) throw beyond;
  let count = 0;
  if (Array.isArray(json)) {
    for (const value of json) count += membersOf(value, depth + 1);
    return count;
  }
  for (const value of Object.values(json)) count += 1 + membersOf(value, depth + 1);
  return count;
}

/**
 * How many members are written in a JSON text. Of two with the same name JSON.parse() keeps one: then there are more of
 * them than the value has.
 */
export function membersWritten(text: Uint8Array, start: number, end: number): number {
  let count = 0;
  for (let at = start; at < end; at++) {
    const byte = text[at]!;
    if (byte === 0x3a) count++;
    else if (byte === 0x22) {
      for (at++; text[at] !== 0x22; at++) if (text[at] === 0x5c) at++;
    }
  }
  return count;
}
