import type { Message } from "@bufbuild/protobuf";
import type { Writer } from "../codec.ts";
import type { Init } from "../init.ts";
import type { Codec } from "../method.ts";
import { WireReader } from "./wire-reader.ts";
import { WireWriter } from "./wire-writer.ts";

/** A binary codec whose message may lie within another one. Generated code, of this file and of others, calls its parts. */
export interface WireCodec<T extends Message> extends Codec<T> {
  /** A new message with no field set. */
  empty(): T;
  /** A message of an init shape; anything that is no init shape is given back as it is. */
  of(init: unknown): unknown;
  /** Writes the fields of a complete message. */
  write(message: T, w: WireWriter): void;
  /**
   * Reads fields into `message` until `end`, or, if `group` is not 0, up to the end tag of that number. Gives the message.
   */
  read(message: T, r: WireReader, end: number, group: number): T;
}

/** What is printed for a message: straight-line code, which knows the fields. */
export interface MessageCode {
  empty(): Fields;
  /** Sets the fields of a new message that an init shape has. */
  fill(message: Fields, init: Fields): void;
  write(message: Fields, w: WireWriter): void;
  read(message: Fields, r: WireReader, end: number, group: number): Fields;
}

// Generated code reads and writes members by their names: it is what gives them types.
// oxlint-disable-next-line typescript/no-explicit-any
type Fields = any;

/** Makes a codec of what is printed for a message. Generated code calls it. */
export function wireCodec<T extends Message = Fields>({
  empty,
  fill,
  write,
  read,
}: MessageCode): WireCodec<T> {
  const { $typeName: typeName } = empty() as Message;
  const create = (init: Init<T>): T => {
    if (hasType(init, typeName)) return init as T;
    const message = empty() as T;
    if (isObject(init)) fill(message, init);
    return message;
  };
  return {
    typeName,
    format: "proto",
    empty,
    write,
    read,
    create,
    of: (init) => (isObject(init) ? create(init as Init<T>) : init),
    encode(message: Init<T>, writer: Writer, deterministic: boolean) {
      const w = new WireWriter(writer, deterministic);
      write(create(message), w);
      w.finish();
    },
    decode: (buf, start, end, owned) => read(empty(), new WireReader(buf, start, end, owned), end, 0) as T,
  };
}

function hasType(value: unknown, typeName: string): boolean {
  return (value as { readonly $typeName?: unknown } | null | undefined)?.$typeName === typeName;
}

function isObject(value: unknown): boolean {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
