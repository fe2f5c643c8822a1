import type { Socket } from "node:net";
import { TLSSocket } from "node:tls";
import { shutdownFault } from "@millrace/core/host";
import type { Caps, ClientSink, Connector, Exchange, Fault, Hints, RequestHead } from "@millrace/exchange";
import { endpoint } from "./connect-failure.ts";
import { dial, type Dialling, type Target } from "./dial.ts";
import { HeldExchange } from "./held-exchange.ts";
import { Http1Connector } from "./http1-connector.ts";
import { http2Caps } from "@millrace/http2";
import { Http2Connector } from "./http2-connector.ts";

/**
 * HTTP/2 or HTTP/1.1, as the server chooses by ALPN (RFC 7301): the first connection asks and is then used; the answer is
 * kept for as long as the connector lives. A server without ALPN speaks HTTP/1.1.
 */
export class AlpnConnector implements Connector {
  readonly #target: Target;
  /** What wait for the answer. */
  readonly #held = new Set<HeldExchange>();
  #agreed: Connector | undefined;
  #dialling: Dialling | undefined;
  #state: "open" | "closed" = "open";

  constructor(target: Target) {
    this.#target = target;
  }

  /** HTTP/2's until the server has chosen: what it then cannot do is told by sent(). */
  get caps(): Caps {
    return this.#agreed?.caps ?? http2Caps;
  }

  open(head: RequestHead, body: Uint8Array | null | undefined, hints: Hints, sink: ClientSink): Exchange {
    if (this.#agreed !== undefined) return this.#agreed.open(head, body, hints, sink);
    const exchange = new HeldExchange({ head, body, hints }, sink, () => {
      this.#held.delete(exchange);
      if (this.#held.size === 0) this.#dialling?.hold(false);
    });
    if (this.#state === "closed") {
      exchange.fail(shutdownFault(endpoint(this.#target.url), "never"));
      return exchange;
    }
    this.#held.add(exchange);
    this.#dialling?.hold(true);
    this.#dialling ??= dial(this.#target, ["h2", "http/1.1"], {
      connected: (socket) => this.#choose(socket),
      failed: (fault) => this.#failed(fault),
    });
    return exchange;
  }

  async close(graceMs: number): Promise<void> {
    this.#state = "closed";
    this.#failed(shutdownFault(endpoint(this.#target.url), "never"));
    await this.#agreed?.close(graceMs);
  }

  #choose(socket: Socket): void {
    this.#dialling = undefined;
    const waiting = [...this.#held];
    this.#held.clear();
    const http2 = socket instanceof TLSSocket && socket.alpnProtocol === "h2";
    // Without anybody to use it, it would be one that nobody closes.
    if (waiting.length === 0) socket.destroy();
    const agreed = http2
      ? new Http2Connector(this.#target, socket)
      : new Http1Connector(this.#target, socket);
    this.#agreed = agreed;
    for (const exchange of waiting) exchange.attach(agreed);
  }

  #failed(fault: Fault): void {
    this.#dialling?.abandon();
    this.#dialling = undefined;
    const waiting = [...this.#held];
    this.#held.clear();
    for (const exchange of waiting) exchange.fail(fault);
  }
}
