import { fromJson, ScalarType } from "@bufbuild/protobuf";
import type { DescEnum, DescField, DescMessage, JsonReadOptions, Message } from "@bufbuild/protobuf";
import { isWrapperDesc } from "@bufbuild/protobuf/wkt";
import { encodeUtf8 } from "../../protocol/utf8.ts";
import { setEntry } from "../../wire/maps.ts";
import { recursionLimit } from "../../wire/wire-reader.ts";
import { readBase64 } from "./base64-input.ts";
import { beyond } from "./beyond.ts";
import { hasOwnForm, isStruct } from "./forms.ts";
import { expect, follows, peek, readBigInt, readName, readNumber, readText, readWord } from "./json-input.ts";
import type { JsonInput } from "./json-input.ts";
import { maker } from "./new-message.ts";

type Members = Record<string, unknown>;
type ReadValue = (input: JsonInput) => unknown;

interface Entry {
  /** Where it is among those of its message. */
  readonly index: number;
  readonly jsonName: Uint8Array;
  read(message: Members, input: JsonInput): void;
}

/** The entries of a message, in the order in which they are written. */
interface Entries {
  readonly inOrder: Entry[];
  readonly byName: Map<string, Entry>;
}

const quote = 0x22;
const [trueWord, falseWord] = [encodeUtf8("true"), encodeUtf8("false")];
/** So many fields are told apart by the bits of a number; those beyond come in order, or are protobuf-es's. */
const fewFields = 31;

/** Makes messages of JSON; throws, `beyond` or something else, where that is for protobuf-es. */
export class JsonReader {
  readonly #options: Partial<JsonReadOptions>;
  readonly #messages = new Map<DescMessage, ReadValue>();

  constructor(options: Partial<JsonReadOptions>) {
    this.#options = options;
  }

  /** Reads a text that holds one message. */
  read(desc: DescMessage, buf: Uint8Array, start: number, end: number): Message {
    const input: JsonInput = { buf, pos: start, end, depth: 0 };
    const message = this.#message(desc)(input) as Message;
    if (peek(input) !== 0 || input.pos !== end) throw beyond;
    return message;
  }

  /** What reads messages of a type, made once. */
  #message(desc: DescMessage): ReadValue {
    let read = this.#messages.get(desc);
    if (read === undefined) {
      const entries: Entries = { inOrder: [], byName: new Map() };
      read = hasOwnForm(desc) ? this.#known(desc) : readerOf(desc, entries);
      // Types may be in themselves.
      this.#messages.set(desc, read);
      if (!hasOwnForm(desc)) this.#fill(entries, desc);
    }
    return read;
  }

  /** Of the forms that are JSON's own, those that are strings: a Timestamp, a Duration. */
  #known(desc: DescMessage): ReadValue {
    return (input) => {
      if (peek(input) !== quote || input.depth >= recursionLimit) throw beyond;
      return fromJson(desc, readText(input), this.#options);
    };
  }

  #fill({ inOrder, byName }: Entries, desc: DescMessage): void {
    for (const field of desc.fields.toSorted((a, b) => a.number - b.number)) {
      const { name, jsonName } = field;
      const entry = { index: inOrder.length, jsonName: encodeUtf8(jsonName), read: this.#field(field) };
      inOrder.push(entry);
      byName.set(name, entry);
      byName.set(jsonName, entry);
    }
  }

  #field(field: DescField): Entry["read"] {
    const { localName } = field;
    const read = this.#value(field);
    switch (field.fieldKind) {
      case "list":
        return (message, input) => {
          const values = message[localName] as unknown[];
          expect(input, 0x5b);
          while (follows(input, values.length === 0, 0x5d)) values.push(read(input));
        };
      case "map": {
        const check = keyCheck(field.mapKey);
        return (message, input) => {
          const entries = message[localName] as Members;
          expect(input, 0x7b);
          for (let isFirst = true; follows(input, isFirst, 0x7d); isFirst = false) {
            peek(input);
            const key = readText(input);
            if (!check(key) || Object.hasOwn(entries, key)) throw beyond;
            expect(input, 0x3a);
            setEntry(entries, key, read(input));
          }
        };
      }
      default: {
        const { oneof } = field;
        if (oneof === undefined)
          return (message, input) => {
            message[localName] = read(input);
          };
        const group = oneof.localName;
        return (message, input) => {
          if ((message[group] as { readonly case: unknown }).case !== undefined) throw beyond;
          message[group] = { case: localName, value: read(input) };
        };
      }
    }
  }

  #value(field: DescField): ReadValue {
    if (field.scalar !== undefined)
      return scalarReader(field.scalar, "longAsString" in field && field.longAsString);
    if (field.enum !== undefined) return enumReader(field.enum);
    const { message } = field;
    if (isStruct(field, message)) return giveUp;
    if (field.fieldKind === "message" && field.oneof === undefined && isWrapperDesc(message))
      return scalarReader((message.fields[0] as { scalar: ScalarType }).scalar, false);
    return this.#message(message);
  }
}

function readerOf(desc: DescMessage, { inOrder, byName }: Entries): ReadValue {
  const make = maker(desc);
  return (input) => {
    if (++input.depth > recursionLimit) throw beyond;
    expect(input, 0x7b);
    const message = make() as Message & Members;
    let expected = 0;
    let seen = 0;
    let isFirst = true;
    for (; follows(input, isFirst, 0x7d); isFirst = false) {
      peek(input);
      let entry = inOrder[expected];
      // Most come in order, some being left out.
      if (entry === undefined || !readName(input, entry.jsonName)) {
        entry = inOrder[expected + 1];
        if (entry === undefined || !readName(input, entry.jsonName)) entry = byName.get(readText(input));
      }
      // Unknown ones are protobuf-es's, and so is one that comes twice.
      if (entry === undefined) throw beyond;
      const { index } = entry;
      const bit = index < fewFields ? 1 << index : 0;
      if ((seen & bit) !== 0 || (bit === 0 && index < expected)) throw beyond;
      seen |= bit;
      expected = index + 1;
      expect(input, 0x3a);
      entry.read(message, input);
    }
    input.depth--;
    return message;
  };
}

function giveUp(): never {
  throw beyond;
}

function enumReader(desc: DescEnum): ReadValue {
  if (desc.typeName === "google.protobuf.NullValue") return giveUp;
  const numbers = new Map(desc.values.map(({ jsonName, number }) => [jsonName, number]));
  for (const { name, number } of desc.values) numbers.set(name, number);
  const known = new Set(desc.values.map(({ number }) => number));
  return (input) => {
    const number = peek(input) === quote ? numbers.get(readText(input)) : readNumber(input);
    return number !== undefined && known.has(number) ? number : giveUp();
  };
}

function scalarReader(type: ScalarType, asText: boolean): ReadValue {
  switch (type) {
    case ScalarType.BOOL:
      return (input) => {
        const isTrue = peek(input) === 0x74;
        readWord(input, isTrue ? trueWord : falseWord);
        return isTrue;
      };
    case ScalarType.STRING:
      return readText;
    case ScalarType.BYTES:
      return readBase64;
    case ScalarType.DOUBLE:
      return (input) => checked(input, Number.isFinite);
    case ScalarType.FLOAT:
      return (input) => checked(input, (value) => Number.isFinite(Math.fround(value)));
    case ScalarType.UINT32:
    case ScalarType.FIXED32:
      return (input) => checked(input, (value) => value === value >>> 0);
    case ScalarType.INT32:
    case ScalarType.SINT32:
    case ScalarType.SFIXED32:
      return (input) => checked(input, (value) => value === (value | 0));
    default: {
      const unsigned = type === ScalarType.UINT64 || type === ScalarType.FIXED64;
      return (input) => {
        const value = readBigInt(input);
        if ((unsigned ? BigInt.asUintN(64, value) : BigInt.asIntN(64, value)) !== value) throw beyond;
        return asText ? String(value) : value;
      };
    }
  }
}

function checked(input: JsonInput, isRight: (value: number) => boolean): number {
  const value = readNumber(input);
  return isRight(value) ? value : giveUp();
}

/** Whether a key is one of the type as it is written; in another form it is for protobuf-es. */
function keyCheck(type: ScalarType): (key: string) => boolean {
  switch (type) {
    case ScalarType.STRING:
      return () => true;
    case ScalarType.BOOL:
      return (key) => key === "true" || key === "false";
    case ScalarType.INT32:
    case ScalarType.SINT32:
    case ScalarType.SFIXED32:
      return (key) => String(Number(key) | 0) === key;
    case ScalarType.UINT32:
    case ScalarType.FIXED32:
      return (key) => String(Number(key) >>> 0) === key;
    case ScalarType.INT64:
    case ScalarType.SINT64:
    case ScalarType.SFIXED64:
      return (key) => isDecimal(key) && BigInt.asIntN(64, BigInt(key)) === BigInt(key);
    default:
      return (key) => isDecimal(key) && BigInt.asUintN(64, BigInt(key)) === BigInt(key);
  }
}

function isDecimal(key: string): boolean {
  return /^(?:0|-?[1-9]\d{0,19})$/.test(key);
}
