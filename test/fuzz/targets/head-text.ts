/** An input that is a head in lines, an empty line, and a body: so that a head can be read and written by hand. */
export interface HeadText {
  /** The first line, in words. */
  readonly first: readonly string[];
  /** The other lines that are fields: `name: value`. */
  readonly fields: readonly string[];
  /** Those whose name stands behind a `~`: trailers. Null: there are none. */
  readonly trailers: readonly string[] | null;
  readonly body: Uint8Array;
}

const field = /^(~?)([!#$%&'*+\-.^_`|~0-9A-Za-z]+): ?(.*)$/;

/** Reads what a carriage could hand up: it knows names and values that HTTP can carry, names in lower case. */
export function readHeadText(input: Uint8Array): HeadText {
  const text = Buffer.from(input).toString("latin1");
  const end = text.indexOf("\n\n");
  const [first = "", ...lines] = (end < 0 ? text : text.slice(0, end)).split("\n");
  const fields: string[] = [];
  const trailers: string[] = [];
  for (const line of lines) {
    const [, mark, name, value] = field.exec(line) ?? [];
    if (name === undefined || value === undefined || /[\0-\x08\x0a-\x1f\x7f]/.test(value)) continue;
    (mark === "~" ? trailers : fields).push(name.toLowerCase(), value.trim());
  }
  const body = end < 0 ? new Uint8Array(0) : input.slice(end + 2);
  return { first: first.split(" "), fields, trailers: trailers.length === 0 ? null : trailers, body };
}
