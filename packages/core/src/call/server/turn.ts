import type { ConcurrencyLimit } from "./concurrency-limit.ts";

/**
 * A call's place among those of its connection that run. It is held from the call's turn until its outcome is settled and
 * no code of the user's runs for it any more, which a client cannot hasten by going away.
 */
export class Turn {
  readonly #limit: ConcurrencyLimit | undefined;
  readonly #begin: () => void;
  /** What holds it: the call itself until it is settled, its gate, its handler, what its interceptors have left running. */
  #holders = 0;
  #state: "new" | "waiting" | "due" | "settled" = "new";

  constructor(limit: ConcurrencyLimit | undefined, begin: () => void) {
    this.#limit = limit;
    this.#begin = begin;
  }

  /** Begins the call, now or when there is room. False: it waits. */
  take(most: number): boolean {
    if (this.#limit !== undefined && !this.#limit.enter(most, this.#come)) {
      this.#state = "waiting";
      return false;
    }
    this.#state = "due";
    this.#holders = 1;
    this.#begin();
    return true;
  }

  /** Something runs for the call. release() follows when it has ended. Who begins late is counted, and does not wait. */
  hold(): void {
    if (this.#holders++ === 0) this.#limit?.join();
  }

  readonly release = (): void => {
    if (--this.#holders === 0) this.#limit?.leave();
  };

  /** Held until a promise is settled. */
  holdFor(work: Promise<unknown>): void {
    this.hold();
    work.then(this.release, this.release);
  }

  /** The call is settled: its outcome holds nothing any more. */
  settle(): void {
    const before = this.#state;
    this.#state = "settled";
    if (before === "waiting") this.#limit?.forget(this.#come);
    else if (before === "due") this.release();
  }

  readonly #come = (): void => {
    // Settled in the moment between.
    if (this.#state === "settled") this.#limit?.leave();
    else {
      this.#state = "due";
      this.#holders = 1;
      this.#begin();
    }
  };
}
