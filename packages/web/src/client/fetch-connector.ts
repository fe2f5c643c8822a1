import { Shutdown } from "@millrace/core/host";
import type { Caps, ClientSink, Connector, Exchange, Hints, RequestHead } from "@millrace/exchange";
import { webHost } from "../host/web-host.ts";
import { fetchCaps } from "./capabilities.ts";
import { FetchExchange } from "./fetch-exchange.ts";
import type { FetchRequest } from "./fetch-exchange.ts";

/** Opens exchanges over a fetch: what connections there are, and how many, is the runtime's. */
export class FetchConnector implements Connector {
  readonly #request: FetchRequest;
  readonly #shutdown: Shutdown;
  #caps: Caps | undefined;

  constructor(request: FetchRequest) {
    this.#request = request;
    this.#shutdown = new Shutdown(webHost, request.origin);
  }

  /** Found out when the first call needs it: a worker may do little while it is loaded. */
  get caps(): Caps {
    return (this.#caps ??= fetchCaps(this.#request.origin));
  }

  open(head: RequestHead, body: Uint8Array | null | undefined, _hints: Hints, sink: ClientSink): Exchange {
    const exchange = new FetchExchange(this.#request, this.caps, sink, () => this.#shutdown.left(exchange));
    if (this.#shutdown.admits(exchange)) exchange.start(head, body);
    return exchange;
  }

  close(graceMs: number): Promise<void> {
    return this.#shutdown.begin(graceMs);
  }
}
