export { initBytes, initList, initMap } from "./init-values.ts";
export { boolKey, intKey, keysOf, setEntry } from "./maps.ts";
export { expectType, noBytes, requiredField, wrapped } from "./message-parts.ts";
export { readBytes, readLenientString, readString } from "./read-bytes.ts";
export { readDouble, readFixed32, readFixed64, readFloat, readSfixed32, readSfixed64 } from "./read-fixed.ts";
export { enter, leave, nextField, readEnd, readListEnd, skipField } from "./read-message.ts";
export {
  readBool,
  readInt32,
  readInt64,
  readSint32,
  readSint64,
  readUint32,
  readUint64,
} from "./read-varint.ts";
export { keepEnum, readUnknown, writeUnknown } from "./unknown-fields.ts";
export { wireCodec } from "./wire-codec.ts";
export type { WireCodec } from "./wire-codec.ts";
export { close, open, writeBytes, writeString } from "./write-bytes.ts";
export {
  writeDouble,
  writeFixed32,
  writeFixed64,
  writeFloat,
  writeSfixed32,
  writeSfixed64,
} from "./write-fixed.ts";
export {
  writeBool,
  writeInt32,
  writeInt64,
  writeSint32,
  writeSint64,
  writeTag,
  writeUint32,
  writeUint64,
} from "./write-varint.ts";
