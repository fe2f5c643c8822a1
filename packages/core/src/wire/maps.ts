import type { WireWriter } from "./wire-writer.ts";

type Entries = Record<string, unknown>;

/** Sets an entry, whatever it is called. */
export function setEntry(map: Entries, key: string | number | bigint | boolean, value: unknown): void {
  const name = typeof key === "string" ? key : String(key);
  if (name !== "__proto__") map[name] = value;
  else Object.defineProperty(map, name, { value, writable: true, enumerable: true, configurable: true });
}

/** The keys of a map in the order in which its entries are written. */
export function keysOf(w: WireWriter, map: Entries): string[] {
  const keys = Object.keys(map);
  if (!w.deterministic) return keys;
  // An object's keys that are array indexes come first in any case.
  return Object.keys(Object.fromEntries(keys.sort().map((key) => [key, undefined])));
}

/** A key of integers as what its writer takes. */
export function intKey(key: string): number | string {
  const int = Number.parseInt(key, 10);
  return Number.isFinite(int) ? int : key;
}

/** A key that is true or false. */
export function boolKey(key: string): boolean {
  return key !== "false" && key !== "";
}
