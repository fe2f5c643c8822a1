import type { Runtime } from "./runtime.ts";

/** Tells of a transport that takes nothing any more of what was written: its peer does not read. */
export class WriteWatch {
  readonly #runtime: Runtime;
  readonly #ms: number;
  readonly #stalled: () => void;
  #isBlocked = false;
  /** How often there was room again. */
  #drains = 0;
  #isWatching = false;
  #cancel: () => void = nothing;

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

function nothing(): void {}
