import { fromJson, ScalarType } from "@bufbuild/protobuf";
import type { DescEnum, DescField, DescMessage, JsonReadOptions, JsonValue, Message } from "@bufbuild/protobuf";
import { base64Decode } from "@bufbuild/protobuf/wire";
import { isWrapperDesc } from "@bufbuild/protobuf/wkt";
import { setEntry } from "../../wire/maps.ts";
import { recursionLimit } from "../../wire/wire-reader.ts";
import { beyond } from "./beyond.ts";
import { membersOf } from "./count-members.ts";
import { hasOwnForm, isStruct } from "./forms.ts";
import { maker } from "./new-message.ts";

type Members = Record<string, unknown>;
type ReadValue = (json: unknown) => unknown;

interface Entry {
  /** The other name that the field may have. */
  readonly other: string | undefined;
  read(message: Members, json: unknown): void;
}

/** Makes messages of JSON values; throws `beyond` where that is for protobuf-es. */
export class JsonReader {
  readonly #options: Partial<JsonReadOptions>;
  readonly #messages = new Map<DescMessage, ReadValue>();
  #depth = 0;
  #members = 0;

  constructor(options: Partial<JsonReadOptions>) {
    this.#options = options;
  }

  /** The message, and how many members its JSON has. */
  read(desc: DescMessage, json: unknown): { readonly message: Message; readonly members: number } {
    this.#depth = 0;
    this.#members = 0;
    const message = this.#message(desc)(json) as Message;
    return { message, members: this.#members };
  }

  /** What reads messages of a type, made once. */
  #message(desc: DescMessage): ReadValue {
    let read = this.#messages.get(desc);
    if (read === undefined) {
      const entries = new Map<string, Entry>();
      read = hasOwnForm(desc) ? this.#known(desc) : this.#reader(desc, entries);
      // Types may be in themselves.
      this.#messages.set(desc, read);
      if (!hasOwnForm(desc)) for (const field of desc.fields) this.#add(entries, field);
    }
    return read;
  }

  #known(desc: DescMessage): ReadValue {
    return (json) => {
      if (json === null) throw beyond;
      this.#members += membersOf(json);
      const levels = recursionLimit - this.#depth;
      return fromJson(desc, json as JsonValue, { ...this.#options, recursionLimit: levels });
    };
  }

  #reader(desc: DescMessage, entries: ReadonlyMap<string, Entry>): ReadValue {
    const make = maker(desc);
    const ignores = this.#options.ignoreUnknownFields === true;
    return (json) => {
      if (++this.#depth > recursionLimit) throw beyond;
      if (typeof json !== "object" || json === null || Array.isArray(json)) throw beyond;
      const message = make() as Message & Members;
      const members = json as Members;
      const keys = Object.keys(members);
      this.#members += keys.length;
      for (const key of keys) {
        const entry = entries.get(key);
        if (entry === undefined) {
          if (!ignores || key.startsWith("[")) throw beyond;
          this.#members += membersOf(members[key]);
          continue;
        }
        if (entry.other !== undefined && Object.hasOwn(members, entry.other)) throw beyond;
        entry.read(message, members[key]);
      }
      this.#depth--;
      return message;
    };
  }

  #add(entries: Map<string, Entry>, field: DescField): void {
    const { name, jsonName } = field;
    const read = this.#field(field);
    const distinct = name !== jsonName;
    entries.set(name, { other: distinct ? jsonName : undefined, read });
    entries.set(jsonName, { other: distinct ? name : undefined, read });
  }

  #field(field: DescField): Entry["read"] {
    const { localName } = field;
    const read = this.#value(field);
    switch (field.fieldKind) {
      case "list":
        return (message, json) => {
          if (json === null) return;
          if (!Array.isArray(json)) throw beyond;
          const values = message[localName] as unknown[];
          for (const value of json) values.push(read(value));
        };
      case "map": {
        const check = keyCheck(field.mapKey);
        return (message, json) => {
          if (json === null) return;
          if (typeof json !== "object" || Array.isArray(json)) throw beyond;
          const entries = message[localName] as Members;
          const keys = Object.keys(json);
          this.#members += keys.length;
          for (const key of keys) {
            if (!check(key)) throw beyond;
            setEntry(entries, key, read((json as Members)[key]));
          }
        };
      }
      default: {
        const { oneof } = field;
        if (oneof === undefined)
          return (message, json) => {
            if (json === null) throw beyond;
            message[localName] = read(json);
          };
        const group = oneof.localName;
        return (message, json) => {
          if (json === null || (message[group] as { readonly case: unknown }).case !== undefined) throw beyond;
          message[group] = { case: localName, value: read(json) };
        };
      }
    }
  }

  #value(field: DescField): ReadValue {
    if (field.scalar !== undefined)
      return scalarReader(field.scalar, "longAsString" in field && field.longAsString);
    if (field.enum !== undefined) return enumReader(field.enum);
    const message = field.message!;
    if (isStruct(field, message)) return giveUp;
    if (field.fieldKind === "message" && field.oneof === undefined && isWrapperDesc(message))
      return scalarReader((message.fields[0] as { scalar: ScalarType }).scalar, false);
    // Made when it is asked for first: types may be in themselves.
    let read: ReadValue | undefined;
    return (json) => (read ??= this.#message(message))(json);
  }
}

function giveUp(): never {
  throw beyond;
}

function enumReader(desc: DescEnum): ReadValue {
  if (desc.typeName === "google.protobuf.NullValue") return giveUp;
  const numbers = new Map<unknown, number>(desc.values.map(({ jsonName, number }) => [jsonName, number]));
  for (const { name, number } of desc.values) numbers.set(name, number);
  const known = new Set<unknown>(desc.values.map(({ number }) => number));
  return (json) => {
    const number = numbers.get(json);
    if (number !== undefined) return number;
    if (!known.has(json)) throw beyond;
    return json;
  };
}

const decimal = /^(?:0|-?[1-9]\d{0,18})$/;

function scalarReader(type: ScalarType, asText: boolean): ReadValue {
  switch (type) {
    case ScalarType.BOOL:
      return (json) => (typeof json === "boolean" ? json : giveUp());
    case ScalarType.STRING:
      return (json) => (typeof json === "string" && json.isWellFormed() ? json : giveUp());
    case ScalarType.BYTES:
      return (json) => (typeof json === "string" ? decodeBase64(json) : giveUp());
    case ScalarType.DOUBLE:
      return (json) => (typeof json === "number" && Number.isFinite(json) ? json : giveUp());
    case ScalarType.FLOAT:
      return (json) => (typeof json === "number" && Number.isFinite(Math.fround(json)) ? json : giveUp());
    case ScalarType.UINT32:
    case ScalarType.FIXED32:
      return (json) => (typeof json === "number" && json === json >>> 0 ? json : giveUp());
    case ScalarType.INT32:
    case ScalarType.SINT32:
    case ScalarType.SFIXED32:
      return (json) => (typeof json === "number" && json === (json | 0) ? json : giveUp());
    default: {
      const unsigned = type === ScalarType.UINT64 || type === ScalarType.FIXED64;
      return (json) => {
        if (typeof json !== "string" || !decimal.test(json)) throw beyond;
        const value = BigInt(json);
        if ((unsigned ? BigInt.asUintN(64, value) : BigInt.asIntN(64, value)) !== value) throw beyond;
        return asText ? json : value;
      };
    }
  }
}

function decodeBase64(text: string): Uint8Array {
  try {
    return base64Decode(text);
  } catch {
    throw beyond;
  }
}

/** Whether a key is one of the type as it is written; in another form it is for protobuf-es. */
function keyCheck(type: ScalarType): (key: string) => boolean {
  switch (type) {
    case ScalarType.STRING:
      return (key) => key.isWellFormed();
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
      return (key) => decimal.test(key) && BigInt.asIntN(64, BigInt(key)) === BigInt(key);
    default:
      return (key) => decimal.test(key) && BigInt.asUintN(64, BigInt(key)) === BigInt(key);
  }
}
