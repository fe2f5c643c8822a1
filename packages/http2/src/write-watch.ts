import { noTimer, type Runtime } from "./runtime.ts";

/** Tells of a transport that has not sent in time what was written: its peer does not read, or too slowly. */
export class WriteWatch {
  readonly #runtime: Runtime;
  readonly #ms: number;
  readonly #stalled: () => void;
  #isBlocked = false;
  /** How often all had left. */
  #drains = 0;
  #isWatching = false;
  #cancel: () => void = noTimer;

  constructor(runtime: Runtime, ms: number, stalled: () => void) {
    this.#runtime = runtime;
    this.#ms = ms;
    this.#stalled = stalled;
  }

  blocked(): void {
    this.#isBlocked = true;
    if (!this.#isWatching) this.#watch();
  }

  drained(): void {
    this.#isBlocked = false;
    this.#drains++;
  }

  stop(): void {
    this.#isBlocked = false;
    this.#cancel();
  }

  /** One timer for however many writes. */
  #watch(): void {
    const before = this.#drains;
    this.#isWatching = true;
    this.#cancel = this.#runtime.timer(this.#ms, () => {
      this.#isWatching = false;
      if (!this.#isBlocked) return;
      if (this.#drains === before) this.#stalled();
      else this.#watch();
    });
  }
}
