import type { Socket } from "node:net";
import { shutdownFault } from "@millrace/core/host";
import type { Caps, ClientSink, Connector, Exchange, Fault, Hints, RequestHead } from "@millrace/exchange";
import { longestMs } from "../host/node-host.ts";
import { endpoint } from "./connect-failure.ts";
import type { Target } from "./dial.ts";
import type { KeepaliveOptions } from "@millrace/http2";
import { http2Caps } from "@millrace/http2";
import { HeldExchange } from "./held-exchange.ts";
import { unusedInRowFault } from "./http2-fault.ts";
import { Http2Connection, type Http2ConnectionEvents } from "./http2-connection.ts";

/** Connections to one origin that take streams at once. One is enough, unless its server takes few. */
const mostConnections = 8;

/** Connections in a row that ended and had carried nothing: then no other one is made in their place. */
const mostUnused = 5;

/**
 * HTTP/2 (RFC 9113): connections are made when they are needed, cleartext with prior knowledge, or TLS with ALPN. Exchanges
 * wait for one to be made, and for room under the peer's SETTINGS_MAX_CONCURRENT_STREAMS; where that is used up, another
 * connection is made; where it is 0 they wait for it to be raised (RFC 9113 section 6.5.2). A connection without streams
 * does not keep the process alive.
 */
export class Http2Connector implements Connector {
  readonly caps: Caps = http2Caps;
  readonly #target: Target;
  /** In the order of open(). */
  readonly #waiting = new Set<HeldExchange>();
  /** Those that take streams, or will. */
  readonly #open = new Set<Http2Connection>();
  /** That ended in a row, and had carried nothing. */
  #unused = 0;
  /** What still runs, those that take no new streams included. */
  readonly #connections = new Set<Http2Connection>();
  #keepalive: KeepaliveOptions | undefined;
  /** One that was made to ask for the protocol. */
  #spare: Socket | undefined;
  #isClosed = false;

  constructor(target: Target, established?: Socket) {
    this.#target = target;
    this.#keepalive = target.keepalive;
    this.#spare = established;
  }

  open(head: RequestHead, body: Uint8Array | null | undefined, hints: Hints, sink: ClientSink): Exchange {
    if (this.#waiting.size === 0)
      for (const connection of this.#open)
        if (connection.hasRoom) {
          this.#unused = 0;
          return connection.open(head, body, hints, sink);
        }
    const exchange = new HeldExchange({ head, body, hints }, sink, () => {
      this.#waiting.delete(exchange);
      if (this.#waiting.size === 0) this.#want(false);
    });
    if (this.#isClosed) {
      exchange.fail(shutdownFault(endpoint(this.#target.url), "never"));
    } else {
      this.#waiting.add(exchange);
      this.#connect();
    }
    return exchange;
  }

  async close(graceMs: number): Promise<void> {
    this.#isClosed = true;
    this.#failWaiting(shutdownFault(endpoint(this.#target.url), "never"));
    this.#spare?.destroy();
    await Promise.all([...this.#connections].map((connection) => connection.close(graceMs)));
  }

  readonly #events: Http2ConnectionEvents = {
    room: (connection) => this.#start(connection),
    // gRFC A8: as often as the server lets us, it is found out by asking half as often.
    askedTooOften: () => {
      const keepalive = this.#keepalive;
      if (keepalive !== undefined)
        this.#keepalive = { ...keepalive, intervalMs: Math.min(keepalive.intervalMs * 2, longestMs) };
    },
    retired: (connection) => {
      // Nothing runs on it: it ends at once, and counts until then.
      if (!connection.isUsed) return;
      this.#open.delete(connection);
      if (this.#waiting.size > 0) this.#connect();
    },
    gone: (connection) => {
      this.#connections.delete(connection);
      if (this.#open.delete(connection) && this.#waiting.size > 0) this.#connect();
    },
    failed: (connection, fault) => {
      this.#connections.delete(connection);
      this.#open.delete(connection);
      this.#unused++;
      // Where there are others, those that wait go on waiting.
      if (this.#open.size > 0 || this.#waiting.size === 0) return;
      // A server that has taken a connection may do better with another one: it shuts down, and the next has its name.
      if (connection.wasReady && this.#unused < mostUnused) this.#connect();
      else this.#failWaiting(connection.wasReady ? unusedInRowFault(fault, this.#unused) : fault);
    },
  };

  #failWaiting(fault: Fault): void {
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const exchange of waiting) exchange.fail(fault);
  }

  /** Gives those that wait the room that there is. */
  #start(connection: Http2Connection): void {
    for (const exchange of this.#waiting) {
      if (!connection.hasRoom) break;
      this.#waiting.delete(exchange);
      this.#unused = 0;
      exchange.attach(connection);
    }
    if (this.#waiting.size > 0) this.#connect();
    this.#want(this.#waiting.size > 0);
  }

  /** Makes a connection, unless one is awaited already, or it would be of no use. */
  #connect(): void {
    for (const connection of this.#open) if (connection.isAwaited) return connection.want(true);
    if (this.#isClosed || this.#open.size >= mostConnections) return;
    if (this.#open.size > 0 && this.#unused >= mostUnused) return;
    const spare = this.#spare?.destroyed === false ? this.#spare : undefined;
    this.#spare = undefined;
    const connection = new Http2Connection(this.#target, this.#keepalive, this.#events, spare);
    this.#connections.add(connection);
    this.#open.add(connection);
  }

  #want(wanted: boolean): void {
    for (const connection of this.#open) connection.want(wanted && connection.isAwaited);
  }
}
