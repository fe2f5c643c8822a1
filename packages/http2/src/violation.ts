/** RFC 9113 section 5.4: what a peer did wrong, and what it costs. */
export interface Violation {
  readonly scope: "connection" | "stream";
  /** RFC 9113 section 7. */
  readonly code: number;
  readonly text: string;
}
