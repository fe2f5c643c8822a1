/** How deep messages and groups may lie within each other: as many levels as protobuf-es reads. */
export const recursionLimit = 100;

/** Where a generated codec reads. The bytes behind `end` are somebody else's. */
export class WireReader {
  readonly buf: Uint8Array;
  /** The next byte to read. */
  pos: number;
  readonly end: number;
  /** Whether what is read may be views of `buf`. */
  readonly owned: boolean;
  /** Messages that are being read, one within the other. */
  depth = 0;
  /** The wire type of the field that nextField() told. */
  wireType = 0;
  /** The high half of the last 64-bit varint. */
  high = 0;

  constructor(buf: Uint8Array, pos: number, end: number, owned: boolean) {
    this.buf = buf;
    this.pos = pos;
    this.end = end;
    this.owned = owned;
  }
}

export function prematureEnd(): RangeError {
  return new RangeError("premature EOF");
}
