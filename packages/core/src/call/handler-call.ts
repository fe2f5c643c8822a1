import type { Metadata } from "../metadata.ts";
import type { CallHead } from "./call-head.ts";

/** A call as its handler sees it. */
export interface HandlerCall extends CallHead {
  readonly side: "server";
  /** `GET` for a call that came as a Connect GET, else `POST`. */
  readonly httpMethod: string;
  /** Writable until they leave, with the first message or sendHeaders(); then a write throws. */
  readonly responseHeaders: Metadata;
  /** Sends the headers now, before the first message. */
  sendHeaders(): void;
  /** Writable until the handler ends. */
  readonly responseTrailers: Metadata;
}
