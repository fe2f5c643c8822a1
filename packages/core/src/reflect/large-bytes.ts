import { ScalarType } from "@bufbuild/protobuf";
import type { DescField, DescMessage, Message } from "@bufbuild/protobuf";
import type { Writer } from "../codec.ts";

/** From so many bytes on, the copies that toBinary() makes cost more than setting a field apart. */
const leastBytes = 16 * 1024;

/** EXPLICIT and LEGACY_REQUIRED: the enum itself comes with the descriptors of descriptors. */
const explicit = 1;
const required = 3;
/** The wire type of bytes. */
const lengthDelimited = 2;

type Members = Record<string, unknown>;

/** Where a message type may hold large bytes: its own fields, each at most once, that may be written behind the others. */
export function bytesFieldsOf(desc: DescMessage): readonly DescField[] {
  return desc.fields.filter(
    (field) =>
      field.fieldKind === "scalar" &&
      field.scalar === ScalarType.BYTES &&
      (field.presence as number) !== required,
  );
}

/** A message in two parts: what is left without its large bytes, and those. */
export interface Parted<T> {
  readonly rest: T;
  readonly large: readonly { readonly number: number; readonly bytes: Uint8Array }[];
}

/** Null if there is nothing large in it. The message itself stays as it is. */
export function partLargeBytes<T extends Message>(
  fields: readonly DescField[],
  message: T,
): Parted<T> | null {
  let rest: Members | undefined;
  const large: { number: number; bytes: Uint8Array }[] = [];
  for (const field of fields) {
    const bytes = valueOf(field, message);
    if (!(bytes instanceof Uint8Array) || bytes.length < leastBytes) continue;
    rest ??= Object.assign(
      Object.create(Object.getPrototypeOf(message) as object | null) as Members,
      message,
    );
    if (field.oneof !== undefined) rest[field.oneof.localName] = { case: undefined };
    else if ((field.presence as number) === explicit) delete rest[field.localName];
    else rest[field.localName] = none;
    large.push({ number: field.number, bytes });
  }
  return rest === undefined ? null : { rest: rest as T, large };
}

/** Writes a field of bytes: tag, length, value. */
export function writeBytesField(writer: Writer, number: number, bytes: Uint8Array): void {
  const most = 10 + bytes.length;
  if (writer.end - writer.pos < most) writer.grow(most);
  writeVarint(writer, ((number << 3) | lengthDelimited) >>> 0);
  writeVarint(writer, bytes.length);
  writer.buf.set(bytes, writer.pos);
  writer.pos += bytes.length;
}

function valueOf(field: DescField, message: Message): unknown {
  const members = message as Message & Members;
  if (field.oneof === undefined) return members[field.localName];
  const oneof = members[field.oneof.localName] as { case?: string; value?: unknown } | undefined;
  return oneof?.case === field.localName ? oneof.value : undefined;
}

function writeVarint(writer: Writer, value: number): void {
  for (; value > 0x7f; value >>>= 7) writer.buf[writer.pos++] = (value & 0x7f) | 0x80;
  writer.buf[writer.pos++] = value;
}

const none = /*@__PURE__*/ new Uint8Array(0);
