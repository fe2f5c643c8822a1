import type { Socket } from "node:net";
import { Shutdown } from "@millrace/core/host";
import type { Caps, ClientSink, Connector, Exchange, Fault, Hints, RequestHead } from "@millrace/exchange";
import { nodeHost } from "../host/node-host.ts";
import { endpoint } from "./connect-failure.ts";
import type { Target } from "./dial.ts";
import { Http2Connection, type Http2ConnectionEvents } from "./http2-connection.ts";
import { http2Caps, ClientHttp2Exchange, type Http2Owner } from "./client-http2-exchange.ts";

/**
 * HTTP/2 (RFC 9113) over node:http2: one connection at a time, made when it is needed; cleartext with prior knowledge, or
 * TLS with ALPN. Exchanges wait for it to be made, and for room under the peer's SETTINGS_MAX_CONCURRENT_STREAMS. A
 * connection without streams does not keep the process alive.
 */
export class Http2Connector implements Connector {
  readonly caps: Caps = http2Caps;
  readonly #target: Target;
  readonly #shutdown: Shutdown;
  /** In the order of open(). */
  readonly #waiting = new Set<ClientHttp2Exchange>();
  /** What still runs, those that take no new streams included. */
  readonly #connections = new Set<Http2Connection>();
  #current: Http2Connection | null = null;
  /** One that was made to ask for the protocol. */
  #spare: Socket | undefined;
  /** `again`: something changed while exchanges were being started. */
  #pumping: "idle" | "pumping" | "again" = "idle";

  constructor(target: Target, established?: Socket) {
    this.#target = target;
    this.#spare = established;
    this.#shutdown = new Shutdown(nodeHost, endpoint(target.url));
  }

  open(head: RequestHead, body: Uint8Array | null | undefined, _hints: Hints, sink: ClientSink): Exchange {
    const exchange = new ClientHttp2Exchange(this.#owner, head, body, sink);
    if (this.#shutdown.admits(exchange)) {
      this.#waiting.add(exchange);
      this.#pump();
    }
    return exchange;
  }

  async close(graceMs: number): Promise<void> {
    await this.#shutdown.begin(graceMs);
    for (const connection of this.#connections) connection.retire();
    this.#spare?.destroy();
  }

  readonly #owner: Http2Owner = {
    withdrawn: (exchange) => {
      this.#waiting.delete(exchange);
      if (this.#waiting.size === 0) this.#current?.want(false);
    },
    ended: (exchange) => this.#shutdown.left(exchange),
  };

  readonly #events: Http2ConnectionEvents = {
    room: () => this.#pump(),
    retired: (connection) => {
      if (connection === this.#current) this.#current = null;
      this.#pump();
    },
    gone: (connection) => void this.#connections.delete(connection),
    failed: (connection, fault) => {
      if (connection !== this.#current) return;
      this.#current = null;
      this.#failWaiting(fault);
    },
  };

  /** Those that wait have waited for this connection. */
  #failWaiting(fault: Fault): void {
    for (const exchange of [...this.#waiting]) exchange.fail(fault);
  }

  #pump(): void {
    if (this.#pumping !== "idle") {
      this.#pumping = "again";
      return;
    }
    do {
      this.#pumping = "pumping";
      this.#startWaiting();
    } while ((this.#pumping as string) === "again");
    this.#pumping = "idle";
    this.#current?.want(this.#waiting.size > 0);
  }

  #startWaiting(): void {
    for (const exchange of this.#waiting) {
      const connection = this.#connection();
      if (!connection.hasRoom) return;
      if (exchange.start(connection)) this.#waiting.delete(exchange);
      else connection.retire();
    }
  }

  #connection(): Http2Connection {
    if (this.#current?.dead === false) return this.#current;
    this.#current?.destroy();
    const spare = this.#spare?.destroyed === false ? this.#spare : undefined;
    this.#spare = undefined;
    const connection = new Http2Connection(this.#target, this.#events, spare);
    this.#connections.add(connection);
    this.#current = connection;
    return connection;
  }
}
