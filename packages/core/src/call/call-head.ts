import type { ContextValues } from "../context-values.ts";
import type { Metadata } from "../metadata.ts";
import type { Method } from "../method.ts";
import type { Protocol } from "../protocol/protocol-name.ts";

/** Who is at the other end of a call. */
export interface Peer {
  /** `address:port`, or `unix:PATH`. */
  readonly address: string;
  readonly tls: boolean;
  /** The peer's verified certificate in DER. */
  readonly certificate: Uint8Array | undefined;
}

/** Known from the head on, on either side: what gate, observers, interceptors and handlers share. */
export interface CallHead {
  readonly side: "client" | "server";
  readonly method: Method;
  readonly protocol: Protocol;
  /** Undefined where the carriage does not know it, and on a client before the request is on the wire. */
  readonly peer: Peer | undefined;
  readonly requestHeaders: Metadata;
  readonly values: ContextValues;
  /** Aborts when the call is canceled, times out or loses its peer; never when it succeeds. */
  readonly signal: AbortSignal;
  /** Milliseconds to the deadline, read afresh each time; Infinity without one. */
  readonly remainingMs: number;
}
