/** RFC 9113 section 3.4: what a client sends first. */
export const clientPreface: Uint8Array = Uint8Array.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", (c) =>
  c.charCodeAt(0),
);
