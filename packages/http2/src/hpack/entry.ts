import { isFieldName, isFieldValue } from "./field-syntax.ts";

/** What the size of an entry, and of a field in a list, counts beside its two strings (RFC 7541 section 4.1). */
export const entryOverhead = 32;

/** A field, of a table or of a list: what an index stands for. */
export class Entry {
  readonly name: string;
  readonly value: string;
  /** The size of section 4.1. */
  readonly octets: number;
  readonly isValidName: boolean;
  /** Both the name and the value keep to RFC 9113 section 8.2.1. */
  readonly isValid: boolean;

  constructor(name: string, value: string, octets: number, isValidName: boolean, isValidValue: boolean) {
    this.name = name;
    this.value = value;
    this.octets = octets;
    this.isValidName = isValidName;
    this.isValid = isValidName && isValidValue;
  }

  /** Checks and measures both strings. */
  static of(name: string, value: string): Entry {
    const octets = name.length + value.length + entryOverhead;
    return new Entry(name, value, octets, isFieldName(name), isFieldValue(value));
  }
}
