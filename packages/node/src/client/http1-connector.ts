import type { Socket } from "node:net";
import { Shutdown } from "@millrace/core/host";
import type { Caps, ClientSink, Connector, Exchange, Hints, RequestHead } from "@millrace/exchange";
import { Pool } from "undici";
import { nodeHost } from "../host/node-host.ts";
import { ClientHttp1Exchange } from "./client-http1-exchange.ts";
import { endpoint } from "./connect-failure.ts";
import { DialAgent } from "./dial-agent.ts";
import type { Target } from "./dial.ts";
import { Http1Connection } from "./http1-connection.ts";
import { http1Caps, http1HeaderSize, http1IdleMs } from "./http1-limits.ts";
import { Http1Upload } from "./http1-upload.ts";

/**
 * HTTP/1.1 (RFC 9112), over undici where the body is given whole, over node:http where it is streamed: one exchange at a
 * time on a connection, as many connections as there are exchanges. Idle connections are kept for some seconds, and do not
 * keep the process alive.
 */
export class Http1Connector implements Connector {
  readonly caps: Caps = http1Caps;
  readonly #target: Target;
  readonly #shutdown: Shutdown;
  readonly #pool: Pool;
  readonly #agent: DialAgent;
  /** One that was made to ask for the protocol. */
  #spare: Socket | undefined;

  constructor(target: Target, established?: Socket) {
    this.#target = target;
    this.#spare = established;
    this.#shutdown = new Shutdown(nodeHost, endpoint(target.url));
    this.#agent = new DialAgent(target, () => this.#takeSpare());
    const { scheme, authority } = target.url;
    this.#pool = new Pool(`${scheme}://${authority}`, {
      allowH2: false,
      // Deadlines are the caller's, and cover all of a call.
      headersTimeout: 0,
      bodyTimeout: 0,
      keepAliveTimeout: http1IdleMs,
      maxHeaderSize: http1HeaderSize,
      factory: (origin, options) => new Http1Connection(origin, options, target, this.#takeSpare()),
    });
  }

  open(head: RequestHead, body: Uint8Array | null | undefined, _hints: Hints, sink: ClientSink): Exchange {
    const shutdown = this.#shutdown;
    if (body === undefined) {
      const upload = new Http1Upload(this.#target, sink, () => shutdown.left(upload));
      if (shutdown.admits(upload)) nodeHost.root(() => upload.start(this.#agent, head));
      return upload;
    }
    const exchange = new ClientHttp1Exchange(this.#target, sink, () => shutdown.left(exchange));
    if (shutdown.admits(exchange)) nodeHost.root(() => exchange.start(this.#pool, head, body));
    return exchange;
  }

  async close(graceMs: number): Promise<void> {
    await this.#shutdown.begin(graceMs);
    this.#spare?.destroy();
    this.#agent.destroy();
    if (!this.#pool.destroyed) await this.#pool.destroy();
  }

  #takeSpare(): Socket | undefined {
    const spare = this.#spare?.destroyed === false ? this.#spare : undefined;
    this.#spare = undefined;
    return spare;
  }
}
