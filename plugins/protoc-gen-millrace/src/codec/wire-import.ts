import { createImportSymbol } from "@bufbuild/protoplugin";
import type { ImportSymbol } from "../imports.ts";

/** What printed codecs import from the runtime. */
export type WireImport =
  | "boolKey"
  | "close"
  | "enter"
  | "expectType"
  | "initBytes"
  | "initList"
  | "initMap"
  | "intKey"
  | "keepEnum"
  | "keysOf"
  | "leave"
  | "nextField"
  | "noBytes"
  | "open"
  | "readBool"
  | "readBytes"
  | "readDouble"
  | "readEnd"
  | "readFixed32"
  | "readFixed64"
  | "readFloat"
  | "readInt32"
  | "readInt64"
  | "readLenientString"
  | "readListEnd"
  | "readSfixed32"
  | "readSfixed64"
  | "readSint32"
  | "readSint64"
  | "readString"
  | "readUint32"
  | "readUint64"
  | "readUnknown"
  | "requiredField"
  | "setEntry"
  | "skipField"
  | "wireCodec"
  | "wrapped"
  | "writeBool"
  | "writeBytes"
  | "writeDouble"
  | "writeFixed32"
  | "writeFixed64"
  | "writeFloat"
  | "writeInt32"
  | "writeInt64"
  | "writeSfixed32"
  | "writeSfixed64"
  | "writeSint32"
  | "writeSint64"
  | "writeString"
  | "writeTag"
  | "writeUint32"
  | "writeUint64"
  | "writeUnknown";

export function wire(name: WireImport): ImportSymbol {
  return createImportSymbol(name, "@millrace/core/wire");
}

/** What the runtime has for the well-known types: their codecs, and how a Struct becomes JSON. */
export function wkt(name: string): ImportSymbol {
  return createImportSymbol(name, "@millrace/core/wkt");
}

export const wireCodecType: ImportSymbol = createImportSymbol("WireCodec", "@millrace/core/wire", true);
