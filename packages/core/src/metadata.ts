import type { Fields } from "@millrace/exchange";
import { decodeBase64, encodeBase64 } from "./base64.ts";
import { isReservedName } from "./reserved-name.ts";

/** What metadata can be made of: Headers, Metadata, pairs or a record. Undefined values are skipped. */
export type MetadataInit =
  | Iterable<readonly [string, string | Uint8Array]>
  | { readonly [name: string]: string | Uint8Array | readonly string[] | undefined };

/**
 * Headers or trailers of a call: ordered, names lower case, duplicates kept. Names that end in `-bin` carry bytes, all
 * others ASCII text (0x20 to 0x7E). Names that belong to HTTP or to the protocols are not in it and cannot be set.
 *
 * Writing throws {@link InvalidMetadata} for a bad or reserved name, a bad value, and once the metadata have left.
 */
export interface Metadata extends Iterable<readonly [string, string | Uint8Array]> {
  /** All values of a name, joined by `, `, and of `cookie` by `; `; undefined if there is none. Of a `-bin` name: the base64 text. */
  get(name: string): string | undefined;
  /** The values of a name one by one, in order. */
  getAll(name: string): string[];
  /**
   * The first value of a `-bin` name. Throws {@link InvalidMetadata} if it is not base64, as iteration does, also where one
   * field lists more than 512 values; in a handler that lets it pass, the call fails with `invalid_argument`: the client
   * sent it.
   */
  getBinary(name: `${string}-bin`): Uint8Array | undefined;
  has(name: string): boolean;
  /** Replaces all values of a name by one. */
  set(name: string, value: string | Uint8Array): this;
  /** Adds a value behind those that are there. */
  append(name: string, value: string | Uint8Array): this;
  /** Removes all values of a name; whether there was one. */
  delete(name: string): boolean;
}

/** Metadata that cannot be written, sent or read: a bad or reserved name, a bad value, or too late. */
export class InvalidMetadata extends TypeError {
  override readonly name = "InvalidMetadata";
}

/** Names that are shown where metadata are inspected: as many as consoles show of an array. */
const mostShown = 100;

/** Values in one list of a `-bin` name. A few octets of HPACK can say tens of thousands, and each would be an array of its own. */
const mostParts = 512;

/** A client sent what its server's user reads in vain: the client's fault, and nobody else's. */
export class UnreadableRequest extends InvalidMetadata {}

/** Metadata over the fields as they travel. */
export class FieldMetadata implements Metadata {
  #fields: string[];
  #ofRequest = false;
  #closed: string | undefined;

  static {
    // What console.log shows in Node, Deno and Bun.
    Object.defineProperty(this.prototype, Symbol.for("nodejs.util.inspect.custom"), {
      value(this: FieldMetadata) {
        const byName = this.#byName();
        const shown = Object.fromEntries([...byName].slice(0, mostShown));
        const more = byName.size - mostShown;
        return more > 0 ? { ...shown, "…": `${more} more names` } : shown;
      },
    });
  }

  /** `fields` are the wire's, without reserved names; the list is taken over. */
  constructor(fields: string[] = []) {
    this.#fields = fields;
  }

  /** The metadata among received fields: those that are not reserved. */
  static received(fields: Fields): FieldMetadata {
    const own: string[] = [];
    for (let i = 0; i < fields.length; i += 2) {
      if (!isReservedName(fields[i]!)) own.push(fields[i]!, fields[i + 1]!);
    }
    return new FieldMetadata(own);
  }

  /** The same, of a request that a server received. */
  static ofRequest(fields: Fields): FieldMetadata {
    const metadata = FieldMetadata.received(fields);
    metadata.#ofRequest = true;
    return metadata;
  }

  /** A new list of what a user gave. Throws {@link InvalidMetadata}. */
  static of(init: MetadataInit | undefined): FieldMetadata {
    const metadata = new FieldMetadata();
    if (init !== undefined) metadata.add(init);
    return metadata;
  }

  /** As they travel. Not to be changed. */
  get fields(): Fields {
    return this.#fields;
  }

  /** From now on a write throws, saying why. */
  close(reason: string): void {
    this.#closed = reason;
  }

  /**
   * Appends each entry of `init`. Of metadata that came from a peer what may not be sent is left out: the body of a
   * response can bring line ends and the like, and whoever passes them on would break the next wire.
   */
  add(init: MetadataInit): this {
    if (init instanceof FieldMetadata) {
      this.#open();
      const fields = init.#fields;
      for (let i = 0; i < fields.length; i += 2) {
        if (token.test(fields[i]!) && printable.test(fields[i + 1]!))
          this.#fields.push(fields[i]!, fields[i + 1]!);
      }
      return this;
    }
    for (const [name, value] of entries(init)) this.append(name, value);
    return this;
  }

  /** Puts each entry of `init` in place of what had its name. */
  replace(init: MetadataInit): this {
    if (init === this) return this;
    this.#open();
    const given = FieldMetadata.of(init).#fields;
    const names = new Set(given.filter((_, index) => index % 2 === 0));
    const kept: string[] = [];
    for (let i = 0; i < this.#fields.length; i += 2) {
      if (!names.has(this.#fields[i]!)) kept.push(this.#fields[i]!, this.#fields[i + 1]!);
    }
    this.#fields = kept.concat(given);
    return this;
  }

  /** As replace(), unless the metadata have left: then it changes nothing. */
  replaceIfOpen(init: MetadataInit): void {
    if (this.#closed === undefined) this.replace(init);
  }

  /** Takes these fields in place of all that it had; open or closed. */
  assign(fields: Fields): void {
    this.#fields = [...fields];
  }

  get(name: string): string | undefined {
    const key = name.toLowerCase();
    // HTTP/2 may split it (RFC 9113 section 8.2.3).
    const between = key === "cookie" ? "; " : ", ";
    let found: string | undefined;
    for (let i = 0; i < this.#fields.length; i += 2) {
      if (this.#fields[i] !== key) continue;
      found = found === undefined ? this.#fields[i + 1]! : `${found}${between}${this.#fields[i + 1]!}`;
    }
    return found;
  }

  getAll(name: string): string[] {
    const key = name.toLowerCase();
    const values: string[] = [];
    for (let i = 0; i < this.#fields.length; i += 2) {
      if (this.#fields[i] === key) values.push(this.#fields[i + 1]!);
    }
    return values;
  }

  getBinary(name: `${string}-bin`): Uint8Array | undefined {
    const [text] = this.getAll(name);
    if (text === undefined) return undefined;
    const comma = text.indexOf(",");
    return this.#decode(name, comma < 0 ? text : text.slice(0, comma));
  }

  has(name: string): boolean {
    const key = name.toLowerCase();
    for (let i = 0; i < this.#fields.length; i += 2) if (this.#fields[i] === key) return true;
    return false;
  }

  set(name: string, value: string | Uint8Array): this {
    this.#open();
    const key = checkName(name);
    const text = checkValue(key, value);
    this.delete(key);
    this.#fields.push(key, text);
    return this;
  }

  append(name: string, value: string | Uint8Array): this {
    this.#open();
    const key = checkName(name);
    this.#fields.push(key, checkValue(key, value));
    return this;
  }

  delete(name: string): boolean {
    this.#open();
    const key = name.toLowerCase();
    const kept: string[] = [];
    for (let i = 0; i < this.#fields.length; i += 2) {
      if (this.#fields[i] !== key) kept.push(this.#fields[i]!, this.#fields[i + 1]!);
    }
    const found = kept.length < this.#fields.length;
    if (found) this.#fields = kept;
    return found;
  }

  /** For logs and JSON: a name's value, or its values. `-bin` values as they travel. */
  toJSON(): Record<string, string | string[]> {
    // Not by assignment: a name may be "__proto__".
    return Object.fromEntries(this.#byName());
  }

  #byName(): Map<string, string | string[]> {
    const byName = new Map<string, string | string[]>();
    for (let i = 0; i < this.#fields.length; i += 2) {
      const name = this.#fields[i]!;
      const value = this.#fields[i + 1]!;
      const before = byName.get(name);
      if (before === undefined) byName.set(name, value);
      else if (typeof before === "string") byName.set(name, [before, value]);
      else before.push(value);
    }
    return byName;
  }

  *[Symbol.iterator](): IterableIterator<readonly [string, string | Uint8Array]> {
    for (let i = 0; i < this.#fields.length; i += 2) {
      const name = this.#fields[i]!;
      const text = this.#fields[i + 1]!;
      if (!name.endsWith("-bin")) yield [name, text];
      else for (const part of this.#parts(name, text)) yield [name, this.#decode(name, part)];
    }
  }

  /** A carriage that joins duplicates has made one list of them. */
  #parts(name: string, list: string): string[] {
    const parts = list.split(",", mostParts + 1);
    if (parts.length > mostParts)
      throw this.#unreadable(
        `metadata "${name}" is a list of more than ${mostParts} values, the most that is read`,
      );
    return parts;
  }

  #decode(name: string, text: string): Uint8Array {
    const bytes = decodeBase64(text.trim());
    if (bytes !== null) return bytes;
    throw this.#unreadable(`metadata "${name}" is not base64: ${JSON.stringify(text.slice(0, 64))}`);
  }

  #unreadable(why: string): InvalidMetadata {
    return this.#ofRequest ? new UnreadableRequest(why) : new InvalidMetadata(why);
  }

  #open(): void {
    if (this.#closed !== undefined) throw new InvalidMetadata(this.#closed);
  }
}

function* entries(init: MetadataInit): Iterable<readonly [string, string | Uint8Array]> {
  if (typeof init !== "object" || init === null) {
    const given = init === null || init === undefined ? String(init) : `a ${typeof init}`;
    throw new InvalidMetadata(
      `metadata (headers, trailers) cannot be made of ${given}: give a record, pairs, Headers or Metadata`,
    );
  }
  if (Symbol.iterator in init) {
    yield* init as Iterable<readonly [string, string | Uint8Array]>;
    return;
  }
  for (const [name, value] of Object.entries(init)) {
    if (value === undefined) continue;
    if (Array.isArray(value)) for (const one of value as readonly (string | Uint8Array)[]) yield [name, one];
    else yield [name, value as string | Uint8Array];
  }
}

const token = /^[!#$%&'*+\-.^_`|~0-9a-z]+$/;
const printable = /^[\x20-\x7e]*$/;

function checkName(name: string): string {
  const key = typeof name === "string" ? name.toLowerCase() : "";
  if (isReservedName(key)) {
    throw new InvalidMetadata(`metadata name "${name}" is reserved for HTTP or the protocol: choose another`);
  }
  if (!token.test(key)) {
    throw new InvalidMetadata(
      `metadata name ${JSON.stringify(name)} is not a token (RFC 9110 section 5.6.2): use letters, digits and "-"`,
    );
  }
  return key;
}

function checkValue(name: string, value: string | Uint8Array): string {
  if (value instanceof Uint8Array) {
    if (name.endsWith("-bin")) return encodeBase64(value);
    throw new InvalidMetadata(
      `metadata "${name}" is given bytes, which only names that end in "-bin" carry: name it "${name}-bin", or give text`,
    );
  }
  if (typeof value !== "string") {
    throw new InvalidMetadata(`metadata "${name}" must be a string or bytes, not ${typeof value}`);
  }
  if (name.endsWith("-bin")) {
    if (decodeBase64(value) !== null) return value;
    throw new InvalidMetadata(
      `metadata "${name}" is given text that is not base64, but a name that ends in "-bin" carries bytes: give new TextEncoder().encode(text), or choose a name without "-bin"`,
    );
  }
  if (printable.test(value)) return value;
  throw new InvalidMetadata(
    `metadata "${name}" has a character outside printable ASCII: send such values as bytes in "${name}-bin"`,
  );
}
