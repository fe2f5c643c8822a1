import type { Fields } from "@millrace/exchange";

/**
 * - `fields`: decoded whole.
 * - `too-large`: the list is beyond a limit. The table is as it must be, and the connection may go on.
 * - `compression-error`: what came is no header block, or not one of this connection. Nothing that follows can be
 *   decoded: the connection ends with COMPRESSION_ERROR (RFC 9113 section 4.3).
 */
export type HeaderBlockOutcome = "fields" | "too-large" | "compression-error";

/** What a header block decoded to. Blocks of the same octets may be the same object. */
export class HeaderBlock {
  readonly outcome: HeaderBlockOutcome;
  /** Names and values by turns, in their order. Only the first of them if the list is too large; none after an error. */
  readonly fields: Fields;
  /** The size of the whole list: octets of names and values, and 32 a field (RFC 9113 section 6.5.2). */
  readonly octets: number;
  /**
   * Every name is a token in lower case, perhaps behind a colon, and no value has NUL, LF, CR, or white space at an end
   * (RFC 9113 section 8.2.1). It says nothing of which pseudo-header fields there are.
   */
  readonly isValid: boolean;
  /** Which fields an intermediary must not index either, by their places: 0 for the first (RFC 7541 section 6.2.3). */
  readonly neverIndexed: readonly number[] | undefined;
  /** What was wrong, or which limit was passed; empty for `fields`. */
  readonly problem: string;
  /** Belongs to whoever decodes: what was read out of the fields. Starts as `undefined`. */
  memo: unknown = undefined;

  constructor(
    outcome: HeaderBlockOutcome,
    fields: Fields,
    octets: number,
    isValid: boolean,
    neverIndexed: readonly number[] | undefined,
    problem: string,
  ) {
    this.outcome = outcome;
    this.fields = fields;
    this.octets = octets;
    this.isValid = isValid;
    this.neverIndexed = neverIndexed;
    this.problem = problem;
  }
}
