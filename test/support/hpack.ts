// HPACK by hand (RFC 7541): literals to write, everything to read.

/** A header block: every field a literal without indexing and without Huffman (section 6.2.2). */
export function block(...fields: string[]): Buffer {
  const parts: Buffer[] = [];
  for (let i = 0; i < fields.length; i += 2) {
    const name = Buffer.from(fields[i] as string, "latin1");
    const value = Buffer.from(fields[i + 1] as string, "latin1");
    parts.push(Buffer.from([0]), integer(name.length, 7), name, integer(value.length, 7), value);
  }
  return Buffer.concat(parts);
}

/** An integer behind a prefix of zeros (section 5.1). */
function integer(value: number, prefixBits: number): Buffer {
  const most = 2 ** prefixBits - 1;
  if (value < most) return Buffer.from([value]);
  const bytes = [most];
  let rest = value - most;
  for (; rest > 127; rest >>>= 7) bytes.push((rest & 127) | 128);
  bytes.push(rest);
  return Buffer.from(bytes);
}

/** Reads the header blocks of one direction of a connection, in their order. */
export class HpackReader {
  /** The newest entry first. */
  readonly #table: (readonly [name: string, value: string])[] = [];
  #tableBytes = 0;
  #mostBytes = 4096;
  #block: Buffer = Buffer.alloc(0);
  #at = 0;

  /** The fields, name and value by turns. */
  read(block: Buffer): string[] {
    this.#block = block;
    this.#at = 0;
    const fields: string[] = [];
    while (this.#at < block.length) {
      const first = block[this.#at] as number;
      if (first >= 0x80) fields.push(...this.#entry(this.#integer(7)));
      else if (first >= 0x40) fields.push(...this.#add(this.#literal(6)));
      else if (first >= 0x20) this.#resize(this.#integer(5));
      else fields.push(...this.#literal(4));
    }
    return fields;
  }

  #entry(index: number): readonly [string, string] {
    const found =
      index <= staticTable.length ? staticTable[index - 1] : this.#table[index - staticTable.length - 1];
    if (found === undefined) throw new Error(`there is no entry ${index}`);
    return found;
  }

  #literal(prefixBits: number): readonly [string, string] {
    const index = this.#integer(prefixBits);
    return [index === 0 ? this.#string() : this.#entry(index)[0], this.#string()];
  }

  #add(entry: readonly [string, string]): readonly [string, string] {
    this.#table.unshift(entry);
    this.#tableBytes += sizeOf(entry);
    this.#evict();
    return entry;
  }

  #resize(bytes: number): void {
    this.#mostBytes = bytes;
    this.#evict();
  }

  #evict(): void {
    while (this.#tableBytes > this.#mostBytes)
      this.#tableBytes -= sizeOf(this.#table.pop() as [string, string]);
  }

  #byte(): number {
    const byte = this.#block[this.#at++];
    if (byte === undefined) throw new Error("a header block is cut short");
    return byte;
  }

  #integer(prefixBits: number): number {
    const most = 2 ** prefixBits - 1;
    let value = this.#byte() & most;
    if (value < most) return value;
    for (let shift = 0; ; shift += 7) {
      const byte = this.#byte();
      value += (byte & 127) * 2 ** shift;
      if (byte < 128) return value;
    }
  }

  #string(): string {
    const isHuffman = (this.#block[this.#at] as number) >= 0x80;
    const length = this.#integer(7);
    const bytes = this.#block.subarray(this.#at, this.#at + length);
    if (bytes.length < length) throw new Error("a header block is cut short");
    this.#at += length;
    return (isHuffman ? fromHuffman(bytes) : bytes).toString("latin1");
  }
}

/** Section 4.1. */
function sizeOf([name, value]: readonly [string, string]): number {
  return name.length + value.length + 32;
}

/** Appendix A: name and value of each entry, from index 1. */
const staticTable = `:authority
:method GET
:method POST
:path /
:path /index.html
:scheme http
:scheme https
:status 200
:status 204
:status 206
:status 304
:status 400
:status 404
:status 500
accept-charset
accept-encoding gzip, deflate
accept-language
accept-ranges
accept
access-control-allow-origin
age
allow
authorization
cache-control
content-disposition
content-encoding
content-language
content-length
content-location
content-range
content-type
cookie
date
etag
expect
expires
from
host
if-match
if-modified-since
if-none-match
if-range
if-unmodified-since
last-modified
link
location
max-forwards
proxy-authenticate
proxy-authorization
range
referer
refresh
retry-after
server
set-cookie
strict-transport-security
transfer-encoding
user-agent
vary
via
www-authenticate`
  .split("\n")
  .map((line) => {
    const [name = "", ...value] = line.split(" ");
    return [name, value.join(" ")] as const;
  });

/** Appendix B: how many bits each byte has, and the end of a string. The codes are those of a canonical Huffman code. */
// prettier-ignore
const codeLengths = [
  13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28,
  28, 28, 28, 28, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 28,
  6, 10, 10, 12, 13, 6, 8, 11, 10, 10, 8, 11, 8, 6, 6, 6,
  5, 5, 5, 6, 6, 6, 6, 6, 6, 6, 7, 8, 15, 6, 12, 10,
  13, 6, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7,
  7, 7, 7, 7, 7, 7, 7, 7, 8, 7, 8, 13, 19, 13, 14, 6,
  15, 5, 6, 5, 6, 5, 6, 6, 6, 5, 7, 7, 6, 6, 6, 5,
  6, 7, 6, 5, 5, 6, 7, 7, 7, 7, 7, 15, 11, 14, 13, 28,
  20, 22, 20, 20, 22, 22, 22, 23, 22, 23, 23, 23, 23, 23, 24, 23,
  24, 24, 22, 23, 24, 23, 23, 23, 23, 21, 22, 23, 22, 23, 23, 24,
  22, 21, 20, 22, 22, 23, 23, 21, 23, 22, 22, 24, 21, 22, 23, 23,
  21, 21, 22, 21, 23, 22, 23, 23, 20, 22, 22, 22, 23, 22, 22, 23,
  26, 26, 20, 19, 22, 23, 22, 25, 26, 26, 26, 27, 27, 26, 24, 25,
  19, 21, 26, 27, 27, 26, 27, 24, 21, 21, 26, 26, 28, 27, 27, 27,
  20, 24, 20, 21, 22, 21, 21, 23, 22, 22, 25, 25, 24, 24, 26, 23,
  26, 27, 26, 26, 27, 27, 27, 27, 27, 28, 27, 27, 27, 27, 27, 26,
  30,
];

/** The symbol of each code, written as `length:code`. */
const symbols = new Map<string, number>();
{
  let code = 0;
  for (let length = 1; length <= 30; length++, code *= 2) {
    codeLengths.forEach((bits, symbol) => {
      if (bits === length) symbols.set(`${length}:${code++}`, symbol);
    });
  }
}

function fromHuffman(bytes: Buffer): Buffer {
  const text: number[] = [];
  let code = 0;
  let length = 0;
  for (const byte of bytes) {
    for (let bit = 7; bit >= 0; bit--) {
      code = code * 2 + ((byte >> bit) & 1);
      length++;
      const symbol = symbols.get(`${length}:${code}`);
      if (symbol === undefined) continue;
      text.push(symbol);
      code = 0;
      length = 0;
    }
  }
  // What is left is padding: the first bits of the end of a string, which are ones.
  if (length > 7 || code !== 2 ** length - 1) throw new Error("a Huffman string is padded wrongly");
  return Buffer.from(text);
}
