import type { Runtime } from "./runtime.ts";

/**
 * What a peer may do for nothing: a token bucket. It is full at first, each such thing takes one out, time and what is of
 * use put them back. So a peer that works may do as many as its work brings along, and one that does nothing else comes to
 * an end.
 */
export class Ledger {
  readonly #burst: number;
  readonly #perSecond: number;
  readonly #clock: Pick<Runtime, "now">;
  #left: number;
  /** Until when it has been filled. */
  #since: number;

  /** `burst`: at once. `perSecond`: for ever. */
  constructor(burst: number, perSecond: number, clock: Pick<Runtime, "now">) {
    this.#burst = burst;
    this.#perSecond = perSecond;
    this.#clock = clock;
    this.#left = burst;
    this.#since = clock.now();
  }

  /** Takes one out. False: there is none. */
  spend(): boolean {
    const now = this.#clock.now();
    this.#left = Math.min(this.#burst, this.#left + ((now - this.#since) * this.#perSecond) / 1000);
    this.#since = now;
    if (this.#left < 1) return false;
    this.#left--;
    return true;
  }

  earn(count: number): void {
    this.#left = Math.min(this.#burst, this.#left + count);
  }
}
