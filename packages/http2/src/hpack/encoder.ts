import type { Fields } from "@millrace/exchange";
import { initialTableOctets } from "./dynamic-table.ts";
import { EncodedLists } from "./encoded-lists.ts";
import { EncoderTable } from "./encoder-table.ts";
import type { KnownName } from "./encoder-table.ts";
import { entryOverhead } from "./entry.ts";
import { defaultIndexingPolicy } from "./indexing-policy.ts";
import type { IndexingPolicy } from "./indexing-policy.ts";
import { writeInteger } from "./integer.ts";
import { nameRules } from "./name-rule.ts";
import type { Indexing } from "./name-rule.ts";
import { writeString } from "./string-literal.ts";

/** A greater table than the protocol's first is not used, whatever the peer would allow. */
const mostTableOctets = initialTableOctets;

/** More than an index or the length of a string ever takes. */
const integerOctets = 8;

const noFields: Fields = [];

/** The most that a block of these lists can have. */
export function blockBound(first: Fields, second: Fields = noFields, third: Fields = noFields): number {
  return 2 * integerOctets + listBound(first) + listBound(second) + listBound(third);
}

function listBound(fields: Fields): number {
  let octets = 0;
  for (let i = 0; i < fields.length; i++) octets += integerOctets + fields[i]!.length;
  return octets;
}

/**
 * Encodes the header blocks of one direction of a connection (RFC 7541). A block is `begin()`, then `write()` for each of
 * its lists; what was encoded has to be sent, in that order.
 *
 * Names are in lower case. Characters beyond ISO-8859-1 become question marks: who sends has refused them before.
 */
export class Encoder {
  readonly #table: EncoderTable;
  readonly #lists = new EncodedLists();
  /** The size that the next block has to tell, and the least that was to be told since the last one. */
  #update: { readonly least: number; readonly last: number } | undefined;
  /** The list that is being written has needed nothing but indices so far. */
  #isOnlyIndices = true;

  constructor(policy: IndexingPolicy = defaultIndexingPolicy) {
    this.#table = new EncoderTable(nameRules(policy));
  }

  /** The peer's SETTINGS_HEADER_TABLE_SIZE: 4,096 octets until it says otherwise. No more than that is used. */
  setMaxTableOctets(octets: number): void {
    const last = Math.min(octets, mostTableOctets);
    if (this.#update !== undefined) this.#update = { least: Math.min(this.#update.least, last), last };
    else if (last !== this.#table.maxOctets) this.#update = { least: last, last };
  }

  /** Starts a block at `at`, with the updates of the table's size that are due (section 4.2). Gives where it ends. */
  begin(out: Uint8Array, at: number): number {
    if (this.#update === undefined) return at;
    const { least, last } = this.#update;
    this.#update = undefined;
    if (least < last) at = this.#resize(least, out, at);
    return this.#resize(last, out, at);
  }

  /**
   * Appends a list to the block and gives where it ends. `out` has room for the `blockBound()` of the block's lists.
   * `neverIndexed` are the places of the fields that have to be never-indexed literals, as a decoder told them.
   */
  write(fields: Fields, out: Uint8Array, at: number, neverIndexed?: readonly number[]): number {
    if (neverIndexed === undefined) {
      const known = this.#lists.find(fields, this.#table.generation);
      if (known !== undefined) return copy(known, out, at);
    }
    const start = at;
    this.#isOnlyIndices = true;
    for (let i = 0; i < fields.length; i += 2) {
      const isSecret = neverIndexed !== undefined && neverIndexed.includes(i >> 1);
      at = this.#writeField(fields[i]!, fields[i + 1]!, isSecret, out, at);
    }
    if (this.#isOnlyIndices) this.#lists.add(fields, out, start, at, this.#table.generation);
    return at;
  }

  #writeField(name: string, value: string, isSecret: boolean, out: Uint8Array, at: number): number {
    const table = this.#table;
    const known = table.find(name);
    const indexing = isSecret ? "never" : known === undefined ? "always" : indexingOf(known, name, value);
    if (known !== undefined && indexing !== "never") {
      const position = table.positionOf(known, value);
      if (position !== undefined) return writeInteger(out, at, 0x80, 0x7f, table.indexOf(position));
    }
    this.#isOnlyIndices = false;
    const nameIndex = known === undefined || known.position === 0 ? 0 : table.indexOf(known.position);
    if (indexing === "always" && name.length + value.length + entryOverhead <= table.maxOctets / 2) {
      table.insert(name, value);
      at = writeInteger(out, at, 0x40, 0x3f, nameIndex);
    } else at = writeInteger(out, at, indexing === "never" ? 0x10 : 0, 0x0f, nameIndex);
    if (nameIndex === 0) {
      const literal = known?.rule?.literal;
      at = literal === undefined ? writeString(name, out, at) : copy(literal, out, at);
    }
    return writeString(value, out, at);
  }

  #resize(octets: number, out: Uint8Array, at: number): number {
    this.#table.resize(octets);
    return writeInteger(out, at, 0x20, 0x1f, octets);
  }
}

/** Queries differ from call to call. */
function indexingOf({ rule }: KnownName, name: string, value: string): Indexing {
  const indexing = rule?.indexing ?? "always";
  return indexing === "always" && name === ":path" && value.includes("?") ? "per-request" : indexing;
}

/** Octets that are too few for `set()` to be faster. */
function copy(octets: Uint8Array, out: Uint8Array, at: number): number {
  for (let i = 0; i < octets.length; i++) out[at++] = octets[i]!;
  return at;
}
