/** What Node, Deno and Bun have for this, and what is faster for long strings: a method of Buffer that takes any Uint8Array. */
type Latin1Slice = (this: Uint8Array, start: number, end: number) => string;
const engine = globalThis as {
  Buffer?: { prototype: { latin1Slice?: Latin1Slice | undefined } } | undefined;
};
const slice: Latin1Slice = engine.Buffer?.prototype.latin1Slice ?? portableSlice;

/** More arguments than this may be too many for a call. */
const mostArguments = 4096;

const of = String.fromCharCode;

/** The octets as characters of ISO-8859-1. */
export function latin1(b: Uint8Array, start: number, end: number): string {
  const i = start;
  // A call into the engine costs more than making a short string.
  switch (end - start) {
    case 0:
      return "";
    case 1:
      return of(b[i]!);
    case 2:
      return of(b[i]!, b[i + 1]!);
    case 3:
      return of(b[i]!, b[i + 1]!, b[i + 2]!);
    case 4:
      return of(b[i]!, b[i + 1]!, b[i + 2]!, b[i + 3]!);
    case 5:
      return of(b[i]!, b[i + 1]!, b[i + 2]!, b[i + 3]!, b[i + 4]!);
    case 6:
      return of(b[i]!, b[i + 1]!, b[i + 2]!, b[i + 3]!, b[i + 4]!, b[i + 5]!);
    case 7:
      return of(b[i]!, b[i + 1]!, b[i + 2]!, b[i + 3]!, b[i + 4]!, b[i + 5]!, b[i + 6]!);
    case 8:
      return of(b[i]!, b[i + 1]!, b[i + 2]!, b[i + 3]!, b[i + 4]!, b[i + 5]!, b[i + 6]!, b[i + 7]!);
    default:
      return slice.call(b, start, end);
  }
}

/** For engines without a Buffer. TextDecoder's `latin1` is Windows-1252, which is another encoding. */
function portableSlice(this: Uint8Array, start: number, end: number): string {
  let text = "";
  for (let i = start; i < end; i += mostArguments)
    text += of(...this.subarray(i, Math.min(i + mostArguments, end)));
  return text;
}
