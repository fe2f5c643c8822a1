import { ScalarType, toJson } from "@bufbuild/protobuf";
import type { DescEnum, DescField, DescMessage, JsonWriteOptions, Message } from "@bufbuild/protobuf";
import { isWrapperDesc } from "@bufbuild/protobuf/wkt";
import { encodeUtf8 } from "../../protocol/utf8.ts";
import type { WireWriter } from "../../wire/wire-writer.ts";
import { beyond } from "./beyond.ts";
import { hasOwnForm, isImplicit, isRequired, isStruct } from "./forms.ts";
import * as out from "./json-output.ts";

type Members = Record<string, unknown>;
type WriteValue = (w: WireWriter, value: unknown) => void;
type WriteField = (w: WireWriter, message: Members) => void;

const comma = 0x2c;
const colon = 0x3a;

/** Writes messages as JSON; throws `beyond` where that is for protobuf-es. */
export class JsonWriter {
  readonly #options: JsonWriteOptions;
  readonly #messages = new Map<DescMessage, WriteValue>();

  constructor(options: JsonWriteOptions) {
    this.#options = options;
  }

  /** What writes messages of a type, made once. */
  message(desc: DescMessage): WriteValue {
    let write = this.#messages.get(desc);
    if (write === undefined) {
      const fields: WriteField[] = [];
      write = hasOwnForm(desc) ? this.#known(desc) : writerOf(desc, fields);
      // Types may be in themselves.
      this.#messages.set(desc, write);
      if (!hasOwnForm(desc))
        for (const field of desc.fields.toSorted((a, b) => a.number - b.number))
          fields.push(this.#field(field));
    }
    return write;
  }

  #known(desc: DescMessage): WriteValue {
    return (w, value) => out.writeText(w, JSON.stringify(toJson(desc, value as Message, this.#options)));
  }

  #field(field: DescField): WriteField {
    const name = this.#options.useProtoFieldName ? field.name : field.jsonName;
    // Such names come first in an object, whatever their order.
    if (/^\d+$/.test(name)) return giveUp;
    const prefix = encodeUtf8(`,${JSON.stringify(name)}:`);
    const { localName } = field;
    switch (field.fieldKind) {
      case "list":
        return this.#list(field, prefix);
      case "map":
        return this.#map(field, prefix);
      default: {
        const write = this.#value(field, field.scalar, field.enum, field.message);
        const { oneof } = field;
        if (oneof !== undefined) {
          const group = oneof.localName;
          return (w, message) => {
            const chosen = message[group] as { readonly case: unknown; readonly value: unknown };
            if (chosen.case !== localName) return;
            out.writeBytes(w, prefix);
            write(w, chosen.value);
          };
        }
        if (!isImplicit(field)) {
          const required = isRequired(field);
          return (w, message) => {
            const value = message[localName];
            if (value !== undefined && Object.hasOwn(message, localName)) {
              out.writeBytes(w, prefix);
              write(w, value);
            } else if (required) throw beyond;
          };
        }
        return implicitWriter(field, prefix, this.#options.alwaysEmitImplicit, write);
      }
    }
  }

  #list(field: DescField & { fieldKind: "list" }, prefix: Uint8Array): WriteField {
    const write = this.#value(field, field.scalar, field.enum, field.message);
    const { localName } = field;
    const always = this.#options.alwaysEmitImplicit;
    return (w, message) => {
      const values = message[localName] as unknown[];
      if (values.length === 0 && !always) return;
      out.writeBytes(w, prefix);
      const mark = out.begin(w);
      for (const value of values) {
        out.writeByte(w, comma);
        write(w, value);
      }
      out.end(w, mark, 0x5b, 0x5d);
    };
  }

  #map(field: DescField & { fieldKind: "map" }, prefix: Uint8Array): WriteField {
    const write = this.#value(field, field.scalar, field.enum, field.message);
    const { localName } = field;
    const always = this.#options.alwaysEmitImplicit;
    return (w, message) => {
      const entries = message[localName] as Members;
      const keys = Object.keys(entries);
      if (keys.length === 0 && !always) return;
      out.writeBytes(w, prefix);
      const mark = out.begin(w);
      for (const key of keys) {
        out.writeByte(w, comma);
        out.writeQuoted(w, key);
        out.writeByte(w, colon);
        write(w, entries[key]);
      }
      out.end(w, mark, 0x7b, 0x7d);
    };
  }

  #value(
    field: DescField,
    scalar: ScalarType | undefined,
    desc: DescEnum | undefined,
    message: DescMessage | undefined,
  ): WriteValue {
    if (scalar !== undefined) return scalarWriter(scalar);
    if (desc !== undefined) return this.#options.enumAsInteger ? giveUp : enumWriter(desc);
    if (isStruct(field, message!)) return giveUp;
    if (field.fieldKind === "message" && field.oneof === undefined && isWrapperDesc(message!))
      return scalarWriter((message.fields[0] as { scalar: ScalarType }).scalar);
    return this.message(message!);
  }
}

function writerOf(desc: DescMessage, fields: readonly WriteField[]): WriteValue {
  const { typeName } = desc;
  return (w, value) => {
    const message = value as Message & Members;
    // Of what is unknown some may be extensions.
    if (message.$typeName !== typeName || message.$unknown !== undefined) throw beyond;
    const mark = out.begin(w);
    for (const field of fields) field(w, message);
    out.end(w, mark, 0x7b, 0x7d);
  };
}

function giveUp(): never {
  throw beyond;
}

function enumWriter(desc: DescEnum): WriteValue {
  if (desc.typeName === "google.protobuf.NullValue") return giveUp;
  const names = new Map(
    desc.values.map(({ number }) => [number, encodeUtf8(JSON.stringify(desc.value[number]!.jsonName))]),
  );
  return (w, value) => {
    if (typeof value !== "number") throw beyond;
    const name = names.get(value);
    if (name === undefined) out.writeText(w, JSON.stringify(value));
    else out.writeBytes(w, name);
  };
}

function scalarWriter(type: ScalarType): WriteValue {
  switch (type) {
    case ScalarType.BOOL:
      return (w, value) => {
        if (typeof value !== "boolean") throw beyond;
        out.writeAscii(w, value ? "true" : "false");
      };
    case ScalarType.STRING:
      return (w, value) => {
        if (typeof value !== "string") throw beyond;
        out.writeQuoted(w, value);
      };
    case ScalarType.BYTES:
      return (w, value) => {
        if (!(value instanceof Uint8Array)) throw beyond;
        out.writeBase64(w, value);
      };
    case ScalarType.INT64:
    case ScalarType.UINT64:
    case ScalarType.SINT64:
    case ScalarType.FIXED64:
    case ScalarType.SFIXED64:
      return (w, value) => {
        if (typeof value === "bigint") out.writeBigInt(w, value);
        else if (typeof value === "string") out.writeQuoted(w, value);
        else throw beyond;
      };
    default:
      return (w, value) => {
        if (typeof value !== "number") throw beyond;
        if (Number.isFinite(value)) out.writeNumber(w, value);
        else if (type === ScalarType.DOUBLE || type === ScalarType.FLOAT) out.writeAscii(w, `"${value}"`);
        else out.writeAscii(w, "null");
      };
  }
}

/**
 * Writes a field without presence, if it is not zero. The common types have code of their own: it is inlined, and sees
 * values of one type.
 */
function implicitWriter(
  field: DescField & { fieldKind: "scalar" | "enum" | "message" },
  prefix: Uint8Array,
  always: boolean,
  write: WriteValue,
): WriteField {
  const { localName } = field;
  switch (field.scalar) {
    case ScalarType.STRING:
      return (w, message) => {
        const value = message[localName];
        if (typeof value !== "string") throw beyond;
        if (value === "" && !always) return;
        out.writeBytes(w, prefix);
        out.writeQuoted(w, value);
      };
    case ScalarType.BOOL:
      return (w, message) => {
        const value = message[localName];
        if (typeof value !== "boolean") throw beyond;
        if (!value && !always) return;
        out.writeBytes(w, prefix);
        out.writeAscii(w, value ? "true" : "false");
      };
    case ScalarType.INT64:
    case ScalarType.UINT64:
    case ScalarType.SINT64:
    case ScalarType.FIXED64:
    case ScalarType.SFIXED64:
      if ("longAsString" in field && field.longAsString)
        return (w, message) => {
          const value = message[localName];
          if (typeof value !== "string") throw beyond;
          if (Number(value) === 0 && !always) return;
          out.writeBytes(w, prefix);
          out.writeQuoted(w, value);
        };
      return (w, message) => {
        const value = message[localName];
        if (typeof value !== "bigint") throw beyond;
        if (value === 0n && !always) return;
        out.writeBytes(w, prefix);
        out.writeBigInt(w, value);
      };
    case ScalarType.BYTES:
      return (w, message) => {
        const value = message[localName];
        if (!(value instanceof Uint8Array)) throw beyond;
        if (value.byteLength === 0 && !always) return;
        out.writeBytes(w, prefix);
        out.writeBase64(w, value);
      };
    default: {
      const zero = field.enum?.values[0]!.number ?? 0;
      const isFloat = field.scalar === ScalarType.DOUBLE || field.scalar === ScalarType.FLOAT;
      return (w, message) => {
        const value = message[localName];
        if (typeof value !== "number") throw beyond;
        if (value === zero && !always && !(isFloat && Object.is(value, -0))) return;
        out.writeBytes(w, prefix);
        write(w, value);
      };
    }
  }
}
