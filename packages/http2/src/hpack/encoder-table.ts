import { DynamicTable } from "./dynamic-table.ts";
import { entryOverhead } from "./entry.ts";
import { staticCount } from "./static-table.ts";

interface TableField {
  readonly name: string;
  readonly value: string;
  readonly octets: number;
}

/** The fields of one name that are in the table. */
export interface KnownName {
  /** The number of the one that was inserted last. */
  newest: number;
  /** The number of each by its value. Entries are numbered from 1 as they are inserted. */
  readonly values: Map<string, number>;
}

/** The dynamic table of an encoder, which finds fields by name and value. No field is in it twice. */
export class EncoderTable {
  readonly #table = new DynamicTable<TableField>((field) => this.#forget(field));
  readonly #names = new Map<string, KnownName>();
  #inserted = 0;
  #resized = 0;

  get maxOctets(): number {
    return this.#table.maxOctets;
  }

  /** Another number means that indices may mean something else. */
  get generation(): number {
    return this.#inserted + this.#resized;
  }

  find(name: string): KnownName | undefined {
    return this.#names.get(name);
  }

  /** The index of the entry with this number (RFC 7541 section 2.3.3). */
  indexOf(number: number): number {
    return staticCount + 1 + this.#inserted - number;
  }

  insert(name: string, value: string): void {
    const octets = name.length + value.length + entryOverhead;
    if (!this.#table.insert({ name, value, octets })) return;
    const number = ++this.#inserted;
    const known = this.#names.get(name);
    if (known === undefined) this.#names.set(name, { newest: number, values: new Map([[value, number]]) });
    else {
      known.newest = number;
      known.values.set(value, number);
    }
  }

  resize(maxOctets: number): void {
    this.#table.resize(maxOctets);
    this.#resized++;
  }

  #forget({ name, value }: TableField): void {
    const known = this.#names.get(name)!;
    known.values.delete(value);
    if (known.values.size === 0) this.#names.delete(name);
  }
}
