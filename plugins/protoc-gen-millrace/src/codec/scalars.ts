import { ScalarType } from "@bufbuild/protobuf";
import type { WireImport } from "./wire-import.ts";

/** How values of a scalar type are printed. */
export interface Scalar {
  readonly reader: WireImport;
  readonly writer: WireImport;
  readonly wireType: number;
  /** Its zero value. */
  readonly zero: string;
  /** Whether the writer is told the field, for errors. */
  readonly checked: boolean;
}

const int32: Scalar = scalar("readInt32", "writeInt32", 0, "0");

const scalars: Readonly<Record<ScalarType, Scalar>> = {
  [ScalarType.DOUBLE]: scalar("readDouble", "writeDouble", 1, "0"),
  [ScalarType.FLOAT]: scalar("readFloat", "writeFloat", 5, "0"),
  [ScalarType.INT64]: scalar("readInt64", "writeInt64", 0, "0n"),
  [ScalarType.UINT64]: scalar("readUint64", "writeUint64", 0, "0n"),
  [ScalarType.INT32]: int32,
  [ScalarType.FIXED64]: scalar("readFixed64", "writeFixed64", 1, "0n"),
  [ScalarType.FIXED32]: scalar("readFixed32", "writeFixed32", 5, "0"),
  [ScalarType.BOOL]: { ...scalar("readBool", "writeBool", 0, "false"), checked: false },
  [ScalarType.STRING]: { ...scalar("readString", "writeString", 2, '""'), checked: false },
  [ScalarType.BYTES]: scalar("readBytes", "writeBytes", 2, "noBytes"),
  [ScalarType.UINT32]: scalar("readUint32", "writeUint32", 0, "0"),
  [ScalarType.SFIXED32]: scalar("readSfixed32", "writeSfixed32", 5, "0"),
  [ScalarType.SFIXED64]: scalar("readSfixed64", "writeSfixed64", 1, "0n"),
  [ScalarType.SINT32]: scalar("readSint32", "writeSint32", 0, "0"),
  [ScalarType.SINT64]: scalar("readSint64", "writeSint64", 0, "0n"),
};

/** Enums are written as int32. */
export function scalarOf(type: ScalarType | undefined): Scalar {
  return type === undefined ? int32 : scalars[type];
}

/** Whether values are 64-bit integers. */
export function isWide(type: ScalarType | undefined): boolean {
  return type !== undefined && scalars[type].zero === "0n";
}

function scalar(reader: WireImport, writer: WireImport, wireType: number, zero: string): Scalar {
  return { reader, writer, wireType, zero, checked: true };
}
