/**
 * Header or trailer fields of an HTTP message: name, value, name, value, …
 *
 * Names are lower case, order is the wire's, duplicates are kept. A list is shared by whoever holds it and never
 * mutated. Pseudo-header fields do not appear here: they are members of the head.
 */
export type Fields = readonly string[];

/** The first value of a field; undefined if it is absent. `name` is lower case. */
export function firstField(fields: Fields, name: string): string | undefined {
  for (let i = 0; i < fields.length; i += 2) if (fields[i] === name) return fields[i + 1];
  return undefined;
}

/**
 * The same fields with one `cookie` at most, its parts joined by `; `: HTTP/2 may split what other versions may not (RFC 9113
 * section 8.2.3). It stands where the first one stood.
 */
export function withOneCookie(fields: Fields): Fields {
  const joined: string[] = [];
  let at = -1;
  for (let i = 0; i < fields.length; i += 2) {
    if (at >= 0 && fields[i] === "cookie") {
      joined[at] += `; ${fields[i + 1]!}`;
      continue;
    }
    joined.push(fields[i]!, fields[i + 1]!);
    if (fields[i] === "cookie") at = joined.length - 1;
  }
  return joined;
}
