import { DynamicTable } from "./dynamic-table.ts";
import { entryOverhead } from "./entry.ts";
import type { Indexing, NameRule } from "./name-rule.ts";
import { staticCount } from "./static-table.ts";

/**
 * Where a field is. Above 0: in the dynamic table, counted in the order of insertion, so that it stays while the index
 * grows. Below 0: in the static table, at the index without its sign.
 */
type Position = number;

/** What is known of a name. */
export interface KnownName {
  readonly indexing: Indexing;
  /** The name as a string literal, if it comes from a rule. */
  readonly literal: Uint8Array | undefined;
  /** An entry of this name: static, or else the newest. 0 if there is none. */
  position: Position;
  /** The entries of this name by value. */
  readonly values: Map<string, Position>;
}

interface TableField {
  readonly name: string;
  readonly value: string;
  readonly octets: number;
}

/** Both tables of an encoder, which finds fields by name and value. No field is in them twice. */
export class EncoderTable {
  readonly #rules: ReadonlyMap<string, NameRule>;
  readonly #table = new DynamicTable<TableField>((field) => this.#forget(field));
  /** The names that are in the dynamic table, and those with a rule that were asked for. */
  readonly #names = new Map<string, KnownName>();
  #inserted = 0;
  #resized = 0;

  constructor(rules: ReadonlyMap<string, NameRule>) {
    this.#rules = rules;
  }

  get maxOctets(): number {
    return this.#table.maxOctets;
  }

  /** Another number means that indices may mean something else. */
  get generation(): number {
    return this.#inserted + this.#resized;
  }

  find(name: string): KnownName | undefined {
    const known = this.#names.get(name);
    if (known !== undefined) return known;
    const rule = this.#rules.get(name);
    return rule === undefined ? undefined : this.#know(name, rule);
  }

  /** The index of an entry (RFC 7541 section 2.3.3). */
  indexOf(position: Position): number {
    return position < 0 ? -position : staticCount + 1 + this.#inserted - position;
  }

  /** The field is in neither table, and not greater than the dynamic one. */
  insert(name: string, value: string): void {
    this.#table.insert({ name, value, octets: name.length + value.length + entryOverhead });
    const position = ++this.#inserted;
    const known = this.find(name) ?? this.#know(name, undefined);
    known.values.set(value, position);
    if (known.position >= 0) known.position = position;
  }

  resize(maxOctets: number): void {
    this.#table.resize(maxOctets);
    this.#resized++;
  }

  #know(name: string, rule: NameRule | undefined): KnownName {
    const values = new Map<string, Position>();
    for (const [value, index] of rule?.staticIndices ?? []) values.set(value, -index);
    const [position = 0] = values.values();
    const known = { indexing: rule?.indexing ?? "always", literal: rule?.literal, position, values };
    this.#names.set(name, known);
    return known;
  }

  #forget({ name, value }: TableField): void {
    const known = this.#names.get(name)!;
    if (known.position === known.values.get(value)) known.position = 0;
    known.values.delete(value);
    if (known.values.size === 0 && known.literal === undefined) this.#names.delete(name);
  }
}
