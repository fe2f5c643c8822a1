import type { Caps } from "./caps.ts";
import type { Fault } from "./fault.ts";
import type { Fields } from "./fields.ts";
import type { Head } from "./head.ts";
import type { Peer } from "./peer.ts";

/**
 * Where an exchange's events go. The layer above implements it, and never throws from it.
 *
 * Any method of the exchange may be called from inside any of these callbacks; the I/O side looks at its own state again
 * after each. The order is: data*, end, closed; fault may come at any point before closed and nothing but closed
 * follows it. After this side's own reset() only closed comes. writable may come anywhere between.
 *
 * A client's exchange closes after end() or fault(), unless it was reset; a server's after its own end() or after
 * fault(), unless it was reset.
 */
export interface Sink {
  /**
   * Bytes of the body, `chunk[start..end)`. They are BORROWED: valid until this returns, then reused. Flow-control
   * credit for them is given when this returns. The chunk may be a Buffer, whose slice() is no copy.
   */
  data(chunk: Uint8Array, start: number, end: number): void;
  /** The peer's half has ended. Once, after all data. A later reset cannot revoke it. Without trailers: null. */
  end(trailers: Fields | null): void;
  /**
   * The exchange died. At most once. On a server at once, even while paused; on a client after the bytes that were
   * received before it, so that a paused client hears of it after resume(). May follow end(), when the other half was
   * still open: a server that has replied and wants no more of the request resets with NO_ERROR. This side's own reset()
   * is no fault; the I/O side's own decisions (a limit, a connector that closes) are, `by: "local"`, and come at once.
   */
  fault(fault: Fault): void;
  /** There is room again. Only after write() or commit() answered false, once for each such episode. */
  writable(): void;
  /**
   * Exactly once, last: both halves are flushed or dead. `delivered` says that everything this side wrote was handed to
   * the transport and the exchange ended without a fault. False if it may have been cut short: by a fault, by reset(), or
   * because the peer stopped the upload.
   */
  closed(delivered: boolean): void;
}

/** A client's sink: what happens before the response's body. */
export interface ClientSink extends Sink {
  /** The request's head is on the wire. Once, first. A fault before this says `processed: "never"`. */
  sent(peer: Peer, caps: Caps): void;
  /** An interim response (1xx). Before head(). */
  inform(status: number, fields: Fields): void;
  /** The final response's head. Once, before data. */
  head(status: number, head: Head): void;
}
