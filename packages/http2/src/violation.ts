/** RFC 9113 section 5.4.1: what a peer did wrong that ends the connection. */
export interface Violation {
  /** RFC 9113 section 7. */
  readonly code: number;
  readonly text: string;
}
