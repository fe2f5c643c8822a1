import type { Caps } from "@millrace/exchange";

/** RFC 9112: one exchange at a time on a connection, and a reset costs the connection. */
export const http1Caps: Caps = {
  http: "1.1",
  trailers: false,
  request: "half",
  resets: false,
  duplicates: true,
};

/** The longest head of a response, in bytes: the same as over HTTP/2. */
export const http1HeaderSize: number = 64 * 1024;

/** How long a connection is kept for the next exchange, milliseconds, unless the server says less: undici's default. */
export const http1IdleMs: number = 4_000;
