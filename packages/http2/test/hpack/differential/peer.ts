/** A header block, and the SETTINGS_HEADER_TABLE_SIZE that both sides have from it on, if it is another. */
export interface BlockStep {
  readonly setting?: number | undefined;
  readonly block: Uint8Array;
}

/** A list to be encoded, likewise. Strings have one character an octet. */
export interface ListStep {
  readonly setting?: number | undefined;
  readonly fields: readonly string[];
}

/** What came of a block: its fields, or "error". Nothing follows an error. */
export type Decoded = readonly string[] | "error";

/** Another implementation of HPACK. Each list of steps is a connection of its own. */
export interface Peer {
  readonly name: string;
  /** Which octets there may be in the strings of its connections. */
  readonly octets: { readonly min: number; readonly max: number };
  /** Whether its encoder takes a setting in every step, not only in the first. */
  readonly resizes: boolean;
  decode(connections: readonly (readonly BlockStep[])[]): Decoded[][];
  encode(connections: readonly (readonly ListStep[])[]): Uint8Array[][];
}
