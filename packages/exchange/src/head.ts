import type { Fields } from "./fields.ts";

/** The head of a request or a response: its fields, and a place for what the layer above has read out of them. */
export interface Head {
  readonly fields: Fields;
  /**
   * Belongs to the layer above the seam: its parsed view of this head. An engine that hands out the same head again
   * (from a cache of header blocks) hands out the memo with it. Starts as `undefined`.
   */
  memo: unknown;
}

/** RFC 9113 section 8.3.1, RFC 9112 section 3: the control data of a request. */
export interface RequestHead extends Head {
  readonly method: string;
  /** `http` or `https`. */
  readonly scheme: string;
  readonly authority: string;
  /** Starts with `/`; without the query. */
  readonly path: string;
  /** What follows the first `?`, without it; empty if there is none. */
  readonly query: string;
}
