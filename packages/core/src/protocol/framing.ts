/** How messages lie in a body: it is one message, or each has a prefix of flags and length. */
export type Framing = "body" | "envelope";
