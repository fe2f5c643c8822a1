import type { Caps } from "@millrace/exchange";

/** What HTTP/2 carries. */
export const http2Caps: Caps = {
  http: "2",
  trailers: true,
  request: "full",
  resets: true,
  duplicates: true,
};
