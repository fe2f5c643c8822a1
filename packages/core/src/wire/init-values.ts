import { setEntry } from "./maps.ts";

/** Bytes of an init shape, which may be an array of numbers. */
export function initBytes(value: unknown): unknown {
  return Array.isArray(value) ? new Uint8Array(value as number[]) : value;
}

/** A list of an init shape, each value made by `of`. */
export function initList(values: unknown, of: (value: unknown) => unknown): unknown {
  return Array.isArray(values) ? values.map((value) => of(value)) : values;
}

/** A map of an init shape, each value made by `of`. */
export function initMap(entries: unknown, of: (value: unknown) => unknown): unknown {
  if (typeof entries !== "object" || entries === null || Array.isArray(entries)) return entries;
  const map = {};
  for (const [key, value] of Object.entries(entries)) setEntry(map, key, of(value));
  return map;
}
