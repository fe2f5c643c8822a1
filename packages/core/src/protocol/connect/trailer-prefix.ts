import type { Fields } from "@millrace/exchange";

const prefix = "trailer-";

/** Connect "Unary-Trailers": trailers travel among the headers, with a prefix. */
export function prefixTrailers(trailers: Fields): string[] {
  return trailers.map((text, index) => (index % 2 === 0 ? prefix + text : text));
}

/** The trailers among a unary response's headers, without their prefix. */
export function prefixedTrailers(fields: Fields): string[] {
  const trailers: string[] = [];
  for (let i = 0; i < fields.length; i += 2) {
    if (fields[i]!.startsWith(prefix)) trailers.push(fields[i]!.slice(prefix.length), fields[i + 1]!);
  }
  return trailers;
}
