/** The places to cut an input at: few or many, and the same for the same bytes. */
export function pieces(input: Uint8Array): Uint8Array[] {
  let hash = 0x811c9dc5;
  for (const byte of input) hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
  const longest = 1 + (hash % (hash & 1 ? 7 : 97));
  return inPieces(input, (at) => 1 + ((Math.imul(hash, at + 1) >>> 7) % longest));
}

/** An input in pieces, and byte by byte if it is short. */
export function splits(input: Uint8Array): Uint8Array[][] {
  return input.length > 100 ? [pieces(input)] : [pieces(input), inPieces(input, () => 1)];
}

function inPieces(input: Uint8Array, length: (at: number) => number): Uint8Array[] {
  const parts: Uint8Array[] = [];
  for (let at = 0; at < input.length; at += parts.at(-1)!.length)
    parts.push(input.slice(at, at + length(at)));
  return parts;
}
