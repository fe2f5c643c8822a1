import type { Caps } from "./caps.ts";
import type { Fields } from "./fields.ts";
import type { RequestHead } from "./head.ts";
import type { Peer } from "./peer.ts";
import type { Sink } from "./sink.ts";

/** Room lent in a connection's own output buffer: write at `pos`, up to `end`. */
export interface Span {
  buf: Uint8Array;
  pos: number;
  end: number;
}

/**
 * One HTTP request and its response, seen from one side. I/O implements it. Its methods never throw, never call the sink
 * before they return, and do nothing once the exchange is closed.
 */
export interface Exchange {
  /**
   * An exchange starts flowing. While it is paused the I/O side holds what arrives and gives the stream no credit, so
   * that memory stays bounded. Held are data() and end(), and on a client a fault behind them; a head, an interim
   * response and writable() still come. pause() from inside data() holds back from the next chunk on. It is a state, not
   * a count: one resume() undoes any number of them.
   */
  pause(): void;
  resume(): void;
  /**
   * Sends bytes of the body. Always accepted. From now on the chunk is IMMUTABLE and SHARED: the layer above may send it
   * again, I/O may hold it. False: wait for writable() before writing more. After end(), reset() or a fault the chunk is
   * dropped and the answer is true: there is nothing to wait for.
   */
  write(chunk: Uint8Array): boolean;
  /**
   * Lends room in the output buffer, behind a frame's header, for messages that are never sent twice. `null` is always a
   * legal answer: use write(). Nothing else may be called on the exchange until commit().
   */
  reserve(): Span | null;
  /**
   * Ends the loan at `pos`; the span's first position cancels it, and nothing is sent. Answers as write() does. The span
   * may not be touched afterwards.
   */
  commit(pos: number): boolean;
  /** Sends what is held now, instead of at the end of the turn. */
  flush(): void;
  /**
   * Ends this side's half. No trailers are null; where the carriage has none they are lost. On a server no
   * data() follows, and end() need not: the I/O side drains what the peer still sends, within bounds of bytes
   * and of time, then resets with NO_ERROR (RFC 9113 section 8.1). closed(true) follows even then.
   */
  end(trailers: Fields | null): void;
  /**
   * Ends both halves with an RFC 9113 error code. Legal after end() too: discards what is unsent, and what was held for
   * this side. closed() follows and nothing else: what this side did itself is no fault. If the exchange was through
   * already, closed() may still say that it was delivered.
   */
  reset(h2: number): void;
}

/** The server's side of an exchange. */
export interface ServerExchange extends Exchange {
  readonly head: RequestHead;
  readonly peer: Peer;
  readonly caps: Caps;
  /**
   * Exchanges of this connection that the peer may have open at once (RFC 9113 section 5.1.2); Infinity without a bound. A
   * peer that resets one may open another, so the layer above lets no more than these run until their handlers have ended.
   */
  readonly maxConcurrent: number;
  /** Sends an interim response (1xx), where the carriage can. Does nothing once the head has been given. */
  inform(status: number, fields: Fields): void;
  /**
   * The response's head. Held back until the first write(), flush() or end(). Once: a second one, or a reply() after it,
   * does nothing. A body without a head is a mistake: the exchange is reset with INTERNAL_ERROR.
   */
  respond(status: number, fields: Fields): void;
  /** A whole response at once, in one socket write where the carriage can. Stands for respond(), write() and end(). */
  reply(status: number, fields: Fields, body: Uint8Array | null, trailers: Fields | null): void;
}

/**
 * A server's entry: called with each request's head. It gives the sink for the rest, or null: not ours, untouched (the
 * host answers 404, or calls its framework's next()). pause() inside it gives an asynchronous decision its time.
 */
export type Accept = (exchange: ServerExchange) => Sink | null;
