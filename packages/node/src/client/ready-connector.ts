import type { Caps, ClientSink, Connector, Exchange, Hints, RequestHead } from "@millrace/exchange";
import { HeldExchange, type HeldOwner } from "./held-exchange.ts";
import { shutdownFault } from "./shutdown.ts";

/** The first pause after a failed attempt to connect, milliseconds; each further one is longer by the factor. */
const firstPauseMs = 100;
const pauseFactor = 1.6;
const longestPauseMs = 10_000;
/** Either way, so that clients of one server do not come back all at once. */
const jitter = 0.2;

/**
 * Lets exchanges that ask for it (Hints.waitForReady) wait for a connection instead of failing with the first attempt to
 * make one. Everything else goes straight to the connector inside.
 */
export class ReadyConnector implements Connector {
  readonly #inner: Connector;
  readonly #where: string;
  readonly #waiting = new Set<HeldExchange>();
  #failures = 0;
  #timer: NodeJS.Timeout | undefined;
  #state: "open" | "closed" = "open";

  /** `where` names the origin in faults. */
  constructor(inner: Connector, where: string) {
    this.#inner = inner;
    this.#where = where;
  }

  get caps(): Caps {
    return this.#inner.caps;
  }

  open(head: RequestHead, body: Uint8Array | null | undefined, hints: Hints, sink: ClientSink): Exchange {
    if (!hints.waitForReady) return this.#inner.open(head, body, hints, sink);
    const exchange = new HeldExchange(this.#owner, { head, body, hints }, sink);
    exchange.attach(this.#inner);
    return exchange;
  }

  async close(graceMs: number): Promise<void> {
    this.#state = "closed";
    clearTimeout(this.#timer);
    for (const exchange of [...this.#waiting]) exchange.fail(shutdownFault(this.#where, "never"));
    await this.#inner.close(graceMs);
  }

  readonly #owner: HeldOwner = {
    again: (exchange) => {
      if (this.#state === "closed") return false;
      this.#waiting.add(exchange);
      this.#schedule();
      return true;
    },
    sent: () => {
      this.#failures = 0;
    },
    released: (exchange) => {
      this.#waiting.delete(exchange);
      if (this.#waiting.size > 0) return;
      clearTimeout(this.#timer);
      this.#timer = undefined;
    },
  };

  /** Not unref'd: somebody waits. */
  #schedule(): void {
    if (this.#timer !== undefined) return;
    const pause = Math.min(firstPauseMs * pauseFactor ** this.#failures++, longestPauseMs);
    this.#timer = setTimeout(() => this.#retry(), pause * (1 + jitter * (2 * Math.random() - 1)));
  }

  #retry(): void {
    this.#timer = undefined;
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const exchange of waiting) exchange.attach(this.#inner);
  }
}
