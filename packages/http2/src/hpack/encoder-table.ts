import { DynamicTable } from "./dynamic-table.ts";
import { entryOverhead } from "./entry.ts";
import type { NameRule } from "./name-rule.ts";
import { staticCount } from "./static-table.ts";

/**
 * Where a field is. Above 0: in the dynamic table, counted in the order of insertion, so that it stays while the index
 * grows. Below 0: in the static table, at the index without its sign.
 */
type Position = number;

/** What is known of a name. */
export interface KnownName {
  /** Absent: neither the static table nor the policy has it. */
  readonly rule: NameRule | undefined;
  /** An entry of this name: static, or else the newest. 0 if there is none. */
  position: Position;
  /** The entries of this name in the dynamic table, by value; undefined until there is one. */
  values: Map<string, Position> | undefined;
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

  /** Where a field of this name is; undefined: in neither table. */
  positionOf({ rule, values }: KnownName, value: string): Position | undefined {
    return values?.get(value) ?? rule?.staticPositions.get(value);
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
    (known.values ??= new Map()).set(value, position);
    if (known.position >= 0) known.position = position;
  }

  resize(maxOctets: number): void {
    this.#table.resize(maxOctets);
    this.#resized++;
  }

  #know(name: string, rule: NameRule | undefined): KnownName {
    const [position = 0] = rule?.staticPositions.values() ?? [];
    const known: KnownName = { rule, position, values: undefined };
    this.#names.set(name, known);
    return known;
  }

  #forget({ name, value }: TableField): void {
    const known = this.#names.get(name)!;
    const values = known.values!;
    if (known.position === values.get(value)) known.position = 0;
    values.delete(value);
    if (values.size === 0 && known.rule === undefined) this.#names.delete(name);
  }
}
