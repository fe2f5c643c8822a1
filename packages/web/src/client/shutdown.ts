import type { Fault } from "@millrace/exchange";
import { webHost } from "../host/web-host.ts";
import type { FetchExchange } from "./fetch-exchange.ts";

/** The exchanges of a connector, and its end: no new ones, a grace for those that run, then a fault. */
export class Shutdown {
  readonly #where: string;
  readonly #running = new Set<FetchExchange>();
  #state: "open" | "closing" = "open";
  #waiters: (() => void)[] = [];

  constructor(where: string) {
    this.#where = where;
  }

  /** Takes an exchange in; false if the connector is closing, and then the exchange has been failed. */
  admits(exchange: FetchExchange): boolean {
    if (this.#state === "closing") {
      exchange.fail(this.#fault("never"));
      return false;
    }
    this.#running.add(exchange);
    return true;
  }

  /** An exchange has closed. */
  left(exchange: FetchExchange): void {
    this.#running.delete(exchange);
    if (this.#running.size > 0) return;
    for (const resolve of this.#waiters.splice(0)) resolve();
  }

  /** Resolves when all exchanges have closed, which they are made to after `graceMs`. May be called again. */
  async begin(graceMs: number): Promise<void> {
    this.#state = "closing";
    if (this.#running.size === 0) return;
    const drained = new Promise<void>((resolve) => this.#waiters.push(resolve));
    const stop = (): void => {
      for (const exchange of this.#running) exchange.fail(this.#fault("maybe"));
    };
    if (graceMs <= 0) stop();
    const cancel = graceMs > 0 ? webHost.timer(webHost.now() + graceMs, stop) : undefined;
    await drained;
    cancel?.();
  }

  #fault(processed: "never" | "maybe"): Fault {
    const text = `the transport to ${this.#where} was closed`;
    return { by: "local", kind: "shutdown", h2: -1, processed, text };
  }
}
