import { create, fromBinary, isMessage, mergeFromBinary, toBinary } from "@bufbuild/protobuf";
import type { Message } from "@bufbuild/protobuf";
import type { GenMessage } from "@bufbuild/protobuf/codegenv2";
import type { Writer } from "../codec.ts";
import type { Init } from "../init.ts";
import { bytesBetween } from "../wire/read-bytes.ts";
import { readGroupEnd } from "../wire/read-message.ts";
import type { WireCodec } from "../wire/wire-codec.ts";
import type { WireWriter } from "../wire/wire-writer.ts";
import { prematureEnd, recursionLimit } from "../wire/wire-reader.ts";
import { canonical } from "./canonical.ts";
import { bytesFieldsOf, partLargeBytes, writeBytesField } from "./large-bytes.ts";

/**
 * The binary codec of a message type that goes by its descriptor: it covers every feature, and is what generated codecs
 * fall back to.
 */
export function reflectiveCodec<T extends Message>(schema: GenMessage<T>): WireCodec<T> {
  const bytesFields = bytesFieldsOf(schema);
  return {
    typeName: schema.typeName,
    format: "proto",
    create: (init) => complete(schema, init),
    encode(message, writer, deterministic) {
      const whole = complete(schema, message);
      const parted = deterministic ? null : partLargeBytes(bytesFields, whole);
      if (parted === null) {
        writeBytes(writer, toBinary(schema, deterministic ? canonical(schema, whole) : whole));
        return;
      }
      writeBytes(writer, toBinary(schema, parted.rest));
      for (const { number, bytes } of parted.large) writeBytesField(writer, number, bytes);
    },
    decode(buf, start, end, owned): T {
      const given = buf.subarray(start, end);
      // bytes fields and unknown fields of the result are views of what it was read from. A Buffer's slice() is one too.
      const bytes = owned ? given : new Uint8Array(given);
      return fromBinary(schema, bytes);
    },
    empty: () => create(schema),
    of: (init) =>
      typeof init === "object" && init !== null && !Array.isArray(init)
        ? complete(schema, init as Init<T>)
        : init,
    write(message, w) {
      writeBytes(w, toBinary(schema, w.deterministic ? canonical(schema, message) : message));
    },
    read(message, r, end, group) {
      const start = r.pos;
      const contentEnd = group === 0 ? end : readGroupEnd(r, group);
      if (contentEnd > r.end) throw prematureEnd();
      if (group === 0) r.pos = end;
      mergeFromBinary(schema, message, bytesBetween(r, start, contentEnd), {
        recursionLimit: recursionLimit - r.depth,
      });
      return message;
    },
  };
}

/** A complete message of an init shape; what is complete already is given back as it is. */
export function complete<T extends Message>(schema: GenMessage<T>, init: Init<T>): T {
  return isMessage(init, schema) ? init : create(schema, init);
}

/** Copies encoded bytes to where the writer stands. */
export function writeBytes(writer: Writer | WireWriter, bytes: Uint8Array): void {
  if (writer.end - writer.pos < bytes.byteLength) writer.grow(bytes.byteLength);
  writer.buf.set(bytes, writer.pos);
  writer.pos += bytes.byteLength;
}
