import type { Fault } from "@millrace/exchange";
import type { Host } from "./host.ts";
import { type Linked, LinkedList } from "./linked-list.ts";

/** What a connector can end by force: with a fault and closed(false), in a later turn. */
export interface Stoppable extends Linked {
  fail(fault: Fault): void;
}

/** The fault of an exchange whose connector is closed. */
export function shutdownFault(where: string, processed: "never" | "maybe"): Fault {
  const text = `the transport to ${where} was closed`;
  return { by: "local", kind: "shutdown", h2: -1, processed, text };
}

/** The exchanges of a connector, and its end: no new ones, a grace for those that run, then a fault. */
export class Shutdown<Running extends Stoppable = Stoppable> {
  readonly #host: Pick<Host, "now" | "timer">;
  readonly #where: string;
  readonly #running = new LinkedList<Running>();
  #state: "open" | "closing" = "open";
  #waiters: (() => void)[] = [];

  constructor(host: Pick<Host, "now" | "timer">, where: string) {
    this.#host = host;
    this.#where = where;
  }

  /** The exchanges that run, in the order in which they were opened. */
  get running(): readonly Running[] {
    return this.#running.values();
  }

  /** Takes an exchange in; false if the connector is closing, and then the exchange has been failed. */
  admits(exchange: Running): boolean {
    if (this.#state === "closing") {
      exchange.fail(shutdownFault(this.#where, "never"));
      return false;
    }
    this.#running.add(exchange);
    return true;
  }

  /** An exchange has closed. */
  left(exchange: Running): void {
    this.#running.delete(exchange);
    if (!this.#running.isEmpty) return;
    for (const resolve of this.#waiters.splice(0)) resolve();
  }

  /** Resolves when all exchanges have closed, which they are made to after `graceMs`. May be called again. */
  async begin(graceMs: number): Promise<void> {
    this.#state = "closing";
    if (this.#running.isEmpty) return;
    const drained = new Promise<void>((resolve) => this.#waiters.push(resolve));
    const stop = (): void => {
      for (const exchange of this.running) exchange.fail(shutdownFault(this.#where, "maybe"));
    };
    if (graceMs <= 0) stop();
    const cancel = graceMs > 0 ? this.#host.timer(this.#host.now() + graceMs, stop) : undefined;
    await drained;
    cancel?.();
  }
}
