import assert from "node:assert/strict";
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import type { DescMessage, Message } from "@bufbuild/protobuf";
import { ChunkWriter } from "../../src/call/chunk-writer.ts";
import type { Codec } from "../../src/method.ts";
import { MovingWriter } from "./moving-writer.ts";
import type { Subject } from "./generated-codecs.ts";

/** What came of something: a value, or what was thrown. */
type Outcome<T> = { readonly value: T } | { readonly thrown: string };

export function encoded(codec: Codec<never>, message: unknown, deterministic = false): Uint8Array {
  const writer = new ChunkWriter();
  writer.begin(5);
  try {
    codec.encode(message as never, writer, deterministic);
  } catch (error) {
    writer.cancel();
    throw error;
  }
  return writer.cut().subarray(5);
}

/**
 * Reads bytes with both: the same object, or the same error. Gives the object, or null. protobuf-es loses a closed enum's
 * unknown value when an unknown field comes behind it: unknown fields are left out of the comparison where that can be.
 */
export function decodeBoth({ codec, schema }: Subject, bytes: Uint8Array): Message | null {
  const compare = holdsClosedEnum(schema) ? withoutUnknown : plain;
  const expected = outcome(() => fromBinary(schema, bytes.slice()));
  for (const owned of [true, false]) {
    // Between bytes of others, which must not be read.
    const buf = Buffer.alloc(bytes.length + 20, 0x7f);
    buf.set(bytes, 10);
    const found = outcome(() => codec.decode(buf, 10, 10 + bytes.length, owned));
    if (!owned) buf.fill(0xdb);
    assert.deepEqual(compare(found), compare(expected));
  }
  return "value" in expected ? expected.value : null;
}

/** Writes a message with both: the same bytes, or the same error. Gives the bytes, or null. */
export function encodeBoth({ codec, schema }: Subject, message: Message): Uint8Array | null {
  const expected = outcome(() => toBinary(schema, message));
  assertSame(
    outcome(() => encoded(codec as never, message)),
    expected,
  );
  const moving = new MovingWriter();
  const moved = outcome(() => {
    codec.encode(message, moving, false);
    return moving.written();
  });
  assertSame(moved, expected);
  return "value" in expected ? expected.value : null;
}

/** Makes a message of an init shape with both. */
export function createBoth({ codec, schema }: Subject, init: object): Message {
  const expected = create(schema, init as never);
  assertSame({ value: codec.create(init) }, { value: expected });
  return expected;
}

export function assertSame(found: Outcome<unknown>, expected: Outcome<unknown>): void {
  assert.deepEqual(plain(found), plain(expected));
}

/** What comes of something that may throw an Error, and nothing else. */
export function outcome<T>(run: () => T): Outcome<T> {
  try {
    return { value: run() };
  } catch (error) {
    assert.ok(error instanceof Error);
    // What a DataView of this engine says of the same.
    const text = error.message.replace("Offset is outside the bounds of the DataView", "premature EOF");
    return { thrown: `${error.name}: ${text}` };
  }
}

function holdsClosedEnum(desc: DescMessage, seen: Set<DescMessage> = new Set()): boolean {
  if (seen.has(desc)) return false;
  seen.add(desc);
  return desc.fields.some(
    (field) =>
      field.enum?.open === false || (field.message !== undefined && holdsClosedEnum(field.message, seen)),
  );
}

function withoutUnknown(value: unknown): unknown {
  return plain(value, "$unknown");
}

/** As a structure that can be compared whole: prototypes are of the same content, not the same. */
function plain(value: unknown, leaveOut?: string): unknown {
  if (value instanceof Uint8Array) return `bytes ${Buffer.from(value).toString("hex")}`;
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map((one) => plain(one, leaveOut));
  const prototype = Object.getPrototypeOf(value) as object | null;
  const own = Object.entries(value)
    .filter(([name]) => name !== leaveOut)
    .map(([name, member]) => [name, plain(member, leaveOut)] as const);
  return {
    own: new Map(own),
    prototype: prototype === Object.prototype || prototype === null ? prototype === null : plain(prototype),
  };
}
