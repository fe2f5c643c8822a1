import type { Caps } from "@millrace/exchange";

/** What every exchange over HTTP/2 can do. */
export const http2Caps: Caps = {
  http: "2",
  trailers: true,
  request: "full",
  resets: true,
  duplicates: true,
};
