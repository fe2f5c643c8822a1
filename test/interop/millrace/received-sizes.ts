import type { Observer } from "@millrace/node";

/** Hears of every received message how many bytes it had on the wire: the one way to tell which were compressed. */
export function receivedSizes(): { readonly sizes: number[]; readonly observer: Observer } {
  const sizes: number[] = [];
  return { sizes, observer: () => ({ received: (bytes) => sizes.push(bytes) }) };
}
