import type { Fault } from "@millrace/exchange";
import { nodeHost } from "../host/node-host.ts";
import type { ClientExchange } from "./client-exchange.ts";

/** The fault of an exchange whose connector is closed. */
export function shutdownFault(where: string, processed: "never" | "maybe"): Fault {
  const text = `the transport to ${where} was closed`;
  return { by: "local", kind: "shutdown", h2: -1, processed, text };
}

/** The exchanges of a connector, and its end: no new ones, a grace for those that run, then a fault. */
export class Shutdown {
  readonly #where: string;
  readonly #running = new Set<ClientExchange>();
  #closing = false;
  #waiters: (() => void)[] = [];

  constructor(where: string) {
    this.#where = where;
  }

  /** Takes an exchange in; false if the connector is closing, and then the exchange has been failed. */
  admits(exchange: ClientExchange): boolean {
    if (this.#closing) {
      exchange.fail(shutdownFault(this.#where, "never"));
      return false;
    }
    this.#running.add(exchange);
    return true;
  }

  /** An exchange has closed. */
  left(exchange: ClientExchange): void {
    this.#running.delete(exchange);
    if (this.#running.size > 0) return;
    for (const resolve of this.#waiters.splice(0)) resolve();
  }

  /** Resolves when all exchanges have closed, which they are made to after `graceMs`. May be called again. */
  async begin(graceMs: number): Promise<void> {
    this.#closing = true;
    if (this.#running.size === 0) return;
    const drained = new Promise<void>((resolve) => this.#waiters.push(resolve));
    const stop = (): void => {
      for (const exchange of [...this.#running]) exchange.fail(shutdownFault(this.#where, "maybe"));
    };
    if (graceMs <= 0) stop();
    const cancel = graceMs > 0 ? nodeHost.timer(nodeHost.now() + graceMs, stop) : undefined;
    await drained;
    cancel?.();
  }
}
