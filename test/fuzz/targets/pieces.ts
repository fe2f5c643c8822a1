/** An input in pieces, up to a dozen: the same ones for the same bytes. */
export function pieces(input: Uint8Array): Uint8Array[] {
  let hash = 0x811c9dc5;
  for (const byte of input) hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
  const cuts = Array.from(
    { length: hash % 12 },
    (_, n) => (Math.imul(hash, n + 1) >>> 7) % (input.length + 1),
  );
  // Half of the time near one another: it is small pieces that readers have to put together.
  const near = cuts.map((cut) => (hash & 1 ? cut : ((hash >>> 7) % (input.length + 1)) + (cut % 16)));
  const ends = [...new Set([...near, input.length])].toSorted((a, b) => a - b);
  return ends.map((end, at) => input.slice(ends[at - 1] ?? 0, end)).filter(({ length }) => length > 0);
}

/** An input in pieces, and byte by byte if it is short. */
export function splits(input: Uint8Array): Uint8Array[][] {
  return input.length > 100
    ? [pieces(input)]
    : [pieces(input), Array.from(input, (byte) => Uint8Array.of(byte))];
}
