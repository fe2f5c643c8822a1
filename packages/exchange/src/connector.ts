import type { Caps } from "./caps.ts";
import type { Exchange } from "./exchange.ts";
import type { RequestHead } from "./head.ts";
import type { ClientSink } from "./sink.ts";

/** What a connector may use to choose and to give up. */
export interface Hints {
  /** On the layer above's clock, in milliseconds; Infinity without one. Advisory: the layer above resets in time. */
  readonly deadline: number;
  /** Calls with the same key should meet the same peer. */
  readonly routeKey?: string;
  /** 0 for the first attempt of a call. */
  readonly attempt: number;
}

/** Opens exchanges. One shape for a connection, a pool, a balancer, fetch, a WebSocket: each wraps the next. */
export interface Connector {
  /** What every exchange can do, known before sent(). */
  readonly caps: Caps;
  /**
   * Starts a request. A `body` of undefined is streamed by write() and end(); null is none; bytes are the whole body, and
   * the half is then ended. Never throws; no event comes before this returns.
   */
  open(head: RequestHead, body: Uint8Array | null | undefined, hints: Hints, sink: ClientSink): Exchange;
  /**
   * Takes no new exchanges, gives those that run `graceMs` milliseconds, then resets them with CANCEL. What is opened
   * from now on faults with `shutdown`, never processed; what is reset faults with `shutdown`, by this side. Resolves when
   * all are closed. May be called again, with less grace.
   */
  close(graceMs: number): Promise<void>;
}
