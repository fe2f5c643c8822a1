/**
 * Header or trailer fields of an HTTP message: name, value, name, value, …
 *
 * Names are lower case, order is the wire's, duplicates are kept. A list is shared by whoever holds it and never
 * mutated. Pseudo-header fields do not appear here: they are members of the head.
 */
export type Fields = readonly string[];
