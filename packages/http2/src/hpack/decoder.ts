import { ContentCache } from "./content-cache.ts";
import { DynamicTable, initialTableOctets } from "./dynamic-table.ts";
import { Entry, entryOverhead } from "./entry.ts";
import { HeaderBlock } from "./header-block.ts";
import { LiteralReader } from "./literal-reader.ts";
import { staticCount, staticTable } from "./static-table.ts";

/** What the names of pseudo-header fields start with. */
const colon = 0x3a;

/** What a header list may have. Past it the rest is decoded for the table's sake, and not kept. */
export interface HeaderListLimits {
  /** Octets of names and values, and 32 a field: SETTINGS_MAX_HEADER_LIST_SIZE (RFC 9113 section 6.5.2). */
  readonly maxOctets: number;
  readonly maxFields: number;
}

/** Longer blocks are seldom the same twice. */
const mostCachedOctets = 64;

/**
 * Decodes the header blocks of one direction of a connection (RFC 7541), each of them, in their order. It throws
 * nothing: what is wrong is told by the outcome.
 *
 * A block that left the table as it was and comes again, the table being the same, gives the same object again.
 */
export class Decoder {
  readonly #limits: HeaderListLimits;
  readonly #table = new DynamicTable<Entry>();
  readonly #reader = new LiteralReader();
  readonly #blocks = new ContentCache<HeaderBlock>(mostCachedOctets);
  /** Our SETTINGS_HEADER_TABLE_SIZE, as far as the peer has acknowledged it. */
  #setting = initialTableOctets;
  /** The least that it was since the last block, if that was less than the table: the peer has to say so first. */
  #owedUpdate: number | undefined;
  #failure: HeaderBlock | undefined;

  constructor(limits: HeaderListLimits) {
    this.#limits = limits;
  }

  /**
   * To be called when the peer has acknowledged another SETTINGS_HEADER_TABLE_SIZE of ours (4,096 octets until then). If
   * its table is greater than that, its next block has to start with an update (RFC 7541 section 4.2).
   */
  setMaxTableOctets(octets: number): void {
    this.#setting = octets;
    if (octets < this.#table.maxOctets) this.#owedUpdate = Math.min(octets, this.#owedUpdate ?? octets);
  }

  /** One whole block, that of a HEADERS and its CONTINUATION frames. The bytes are borrowed until this returns. */
  decode(bytes: Uint8Array, start: number, end: number): HeaderBlock {
    if (this.#failure !== undefined) return this.#failure;
    const known = this.#blocks.find(bytes, start, end);
    if (known !== undefined && this.#owedUpdate === undefined) return known;
    this.#reader.open(bytes, start, end);
    const isRead = this.#updateTable(bytes, end);
    const block = isRead ? this.#decodeFields(bytes, start, end) : this.#fail();
    this.#reader.close();
    return block;
  }

  /** The updates of the table's size that a block starts with (section 6.3). False if one is missing or wrong. */
  #updateTable(bytes: Uint8Array, end: number): boolean {
    const reader = this.#reader;
    while (reader.at < end && isUpdate(bytes[reader.at]!)) {
      let octets = bytes[reader.at++]! & 31;
      if (octets === 31) octets = reader.integer(31);
      if (octets < 0) return false;
      const most = this.#owedUpdate ?? this.#setting;
      if (octets > most) {
        reader.problem = `a table of ${octets} octets, and at most ${most} are allowed`;
        return false;
      }
      this.#owedUpdate = undefined;
      this.#table.resize(octets);
    }
    if (this.#owedUpdate === undefined || reader.at === end) return true;
    reader.problem = `the block does not start with an update to a table of at most ${this.#owedUpdate} octets`;
    return false;
  }

  #decodeFields(bytes: Uint8Array, start: number, end: number): HeaderBlock {
    const reader = this.#reader;
    const table = this.#table;
    const { maxOctets, maxFields } = this.#limits;
    const fields: string[] = [];
    let neverIndexed: number[] | undefined;
    let mayRepeat = reader.at === start;
    let count = 0;
    let octets = 0;
    let isValid = true;
    while (reader.at < end) {
      const first = bytes[reader.at++]!;
      let entry: Entry | undefined;
      if (first >= 0x80) {
        const index = first === 0xff ? reader.integer(0x7f) : first & 0x7f;
        entry = this.#entry(index);
      } else if (first >= 0x40) {
        entry = this.#literal(first & 0x3f, 0x3f, Math.max(maxOctets - octets, table.maxOctets), true);
        if (entry !== undefined) table.insert(entry);
        mayRepeat = false;
      } else if (first < 0x20) {
        entry = this.#literal(first & 0x0f, 0x0f, maxOctets - octets, false);
      } else {
        reader.problem = "an update of the table's size stands behind a field";
      }
      if (entry === undefined) return this.#fail();
      octets += entry.octets;
      if (octets <= maxOctets && count < maxFields) {
        fields.push(entry.name, entry.value);
        isValid &&= entry.isValid;
        if (first >= 0x10 && first < 0x20) (neverIndexed ??= []).push(count);
      }
      count++;
    }
    if (!mayRepeat) this.#blocks.clear();
    if (octets > maxOctets || count > maxFields) {
      const problem = `a header list of ${count} fields and ${octets} octets: at most ${maxFields} and ${maxOctets} are allowed`;
      return new HeaderBlock("too-large", fields, octets, isValid, neverIndexed, problem);
    }
    const block = new HeaderBlock("fields", fields, octets, isValid, neverIndexed, "");
    if (mayRepeat) this.#blocks.add(bytes, start, end, block);
    return block;
  }

  /** What an index stands for (section 2.3.3). */
  #entry(index: number): Entry | undefined {
    const entry = index <= staticCount ? staticTable[index] : this.#table.get(index - staticCount - 1);
    if (entry === undefined && index >= 0)
      this.#reader.problem = `there is no entry ${index}: the last is ${staticCount + this.#table.count}`;
    return entry;
  }

  /**
   * A literal (section 6.2) whose first octet has `index` in a prefix of `most`. Strings beyond `room`, the most that
   * the size of the field may be for anyone to take it, are checked and not kept.
   */
  #literal(index: number, most: number, room: number, isIndexed: boolean): Entry | undefined {
    const reader = this.#reader;
    const nameIndex = index === most ? reader.integer(most) : index;
    let name: string;
    let isValidName: boolean;
    let octets = entryOverhead;
    if (nameIndex === 0) {
      const literal = reader.name(room - octets);
      if (literal === undefined) return undefined;
      name = literal.text;
      isValidName = literal.isValid;
      octets += literal.octets;
    } else {
      const named = this.#entry(nameIndex);
      if (named === undefined) return undefined;
      ({ name, isValidName } = named);
      octets += name.length;
    }
    // Other encoders never index a path, and send it with every call.
    const mayRepeat = !isIndexed && name.charCodeAt(0) === colon;
    const value = reader.value(room - octets, mayRepeat);
    if (value === undefined) return undefined;
    return new Entry(name, value.text, octets + value.octets, isValidName, value.isValid);
  }

  /** Nothing can be decoded from now on: the table is no longer the peer's. */
  #fail(): HeaderBlock {
    this.#failure = new HeaderBlock("compression-error", [], 0, false, undefined, this.#reader.problem);
    return this.#failure;
  }
}

/** Section 6.3. */
function isUpdate(octet: number): boolean {
  return (octet & 0xe0) === 0x20;
}
