import type { Fault, Fields } from "@millrace/exchange";

/** What came for a stream whose reader is paused. */
export class Held {
  readonly chunks: Uint8Array[] = [];
  /** The first chunk that has not been told. */
  next = 0;
  ended = false;
  trailers: Fields | null = null;
  /** Behind the rest. */
  fault: Fault | null = null;
}
