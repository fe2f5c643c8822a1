import type { Pings } from "./pings.ts";
import type { Runtime } from "./runtime.ts";

/** How a peer that says nothing is found dead. */
export interface KeepaliveOptions {
  /** After so long without a byte of the peer's it is asked, in milliseconds. */
  readonly intervalMs: number;
  /** After so long without an answer it is dead, in milliseconds. */
  readonly timeoutMs: number;
}

/** Asks a peer that says nothing whether it lives, by PING. */
export class Keepalive {
  readonly #options: KeepaliveOptions;
  readonly #runtime: Runtime;
  readonly #pings: Pings;
  readonly #dead: () => void;
  #heard = false;
  #cancel: () => void;

  constructor(options: KeepaliveOptions, runtime: Runtime, pings: Pings, dead: () => void) {
    this.#options = options;
    this.#runtime = runtime;
    this.#pings = pings;
    this.#dead = dead;
    this.#cancel = runtime.timer(options.intervalMs, this.#look);
  }

  /** The peer has said something. */
  heard(): void {
    this.#heard = true;
  }

  stop(): void {
    this.#cancel();
  }

  readonly #look = (): void => {
    const { intervalMs, timeoutMs } = this.#options;
    if (this.#heard) {
      this.#heard = false;
      this.#cancel = this.#runtime.timer(intervalMs, this.#look);
      return;
    }
    this.#pings.send(() => {});
    this.#cancel = this.#runtime.timer(timeoutMs, () => {
      if (!this.#heard) return this.#dead();
      this.#heard = false;
      this.#cancel = this.#runtime.timer(intervalMs, this.#look);
    });
  };
}
