import { createRegistry, fromJsonString, toJsonString } from "@bufbuild/protobuf";
import type { DescFile, DescMessage, Message, Registry } from "@bufbuild/protobuf";
import type { GenMessage } from "@bufbuild/protobuf/codegenv2";
import * as wkt from "@bufbuild/protobuf/wkt";
import type { Writer } from "../codec.ts";
import type { Codec, JsonOptions } from "../method.ts";
import { decodeUtf8, encodeUtf8 } from "../protocol/utf8.ts";
import { WireWriter } from "../wire/wire-writer.ts";
import { canonical } from "./canonical.ts";
import { beyond } from "./json/beyond.ts";
import { JsonReader } from "./json/read-json.ts";
import { JsonWriter } from "./json/write-json.ts";
import { complete, writeBytes } from "./reflective-codec.ts";

/**
 * The JSON codec of a message type (ProtoJSON), with the types of its own file and its imports in the registry. What is
 * ordinary is written as bytes at once, and read by tables made once; all else goes through protobuf-es, whole.
 */
export function jsonCodec(desc: DescMessage, options: JsonOptions): Codec<Message> {
  const schema = desc as GenMessage<Message>;
  const registry = registryFor(desc.file, options.registry);
  const write = {
    registry,
    alwaysEmitImplicit: options.alwaysEmitImplicit ?? false,
    enumAsInteger: options.enumAsInteger ?? false,
    useProtoFieldName: options.useProtoFieldName ?? false,
  };
  const read = { registry, ignoreUnknownFields: options.ignoreUnknownFields ?? true };
  const writer = new JsonWriter(write);
  const reader = new JsonReader(read);
  return {
    typeName: schema.typeName,
    format: "json",
    create: (init) => complete(schema, init),
    encode(message, under, deterministic) {
      const whole = complete(schema, message);
      if (!deterministic && writeStraight(writer, desc, whole, under)) return;
      const text = toJsonString(schema, deterministic ? canonical(schema, whole) : whole, write);
      writeBytes(under, encodeUtf8(text));
    },
    decode: (buf, start, end) =>
      readStraight(reader, desc, buf, start, end) ??
      fromJsonString(schema, decodeUtf8(buf.subarray(start, end)), read),
  };
}

/** False, and nothing written, if it is beyond the fast path. */
function writeStraight(json: JsonWriter, desc: DescMessage, message: Message, under: Writer): boolean {
  const w = new WireWriter(under, false);
  const mark = w.pos;
  try {
    json.message(desc)(w, message);
  } catch (error) {
    if (error !== beyond) throw error;
    w.pos = mark + w.moved;
    w.finish();
    return false;
  }
  w.finish();
  return true;
}

/** Null if it is beyond the fast path, or wrong. */
function readStraight(
  json: JsonReader,
  desc: DescMessage,
  buf: Uint8Array,
  start: number,
  end: number,
): Message | null {
  try {
    return json.read(desc, buf, start, end);
  } catch {
    // What is wrong with it is told by protobuf-es.
    return null;
  }
}

/** One registry for a file and a user's registry: files have many methods, and a registry has all their types. */
const registries = /*@__PURE__*/ new WeakMap<DescFile, Map<Registry | undefined, Registry>>();

function registryFor(file: DescFile, own: Registry | undefined): Registry {
  let ofFile = registries.get(file);
  if (ofFile === undefined) registries.set(file, (ofFile = new Map()));
  let registry = ofFile.get(own);
  if (registry === undefined) ofFile.set(own, (registry = makeRegistry(file, own)));
  return registry;
}

/** The user's types over the file's own, those that it imports, and the well-known ones. */
function makeRegistry(file: DescFile, own: Registry | undefined): Registry {
  const files = new Set<DescFile>();
  const add = (one: DescFile): void => {
    if (files.has(one)) return;
    files.add(one);
    for (const dependency of one.dependencies) add(dependency);
  };
  for (const known of Object.values(wkt)) if (isFile(known)) add(known);
  add(file);
  return own === undefined ? createRegistry(...files) : createRegistry(...files, own);
}

function isFile(value: unknown): value is DescFile {
  return typeof value === "object" && value !== null && (value as { kind?: unknown }).kind === "file";
}
