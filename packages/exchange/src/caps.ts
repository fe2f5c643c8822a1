/** What a carriage can do. The layer above fails early, with a clear error, from these. */
export interface Caps {
  readonly http: "1.0" | "1.1" | "2" | "fetch" | "ws";
  /** Trailer fields can be sent and are seen. */
  readonly trailers: boolean;
  /**
   * How a request's body travels: `whole`, handed over complete before anything is sent; `half`, streamed, but the
   * response may be held back until the body has ended; `full`, both directions at once.
   */
  readonly request: "whole" | "half" | "full";
  /** One exchange can be reset without losing its siblings, and an error code travels with the reset. */
  readonly resets: boolean;
  /** Duplicate fields arrive as sent; otherwise they arrive joined by a comma. */
  readonly duplicates: boolean;
}
