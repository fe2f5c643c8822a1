import type { Runtime } from "../../src/runtime.ts";

interface Timer {
  readonly at: number;
  readonly run: () => void;
}

/** More turns than this without anything from outside, and it never comes to rest. */
const mostTurns = 10_000;

/** A clock that stands, and turns of an event loop that are made by hand. */
export class StillRuntime implements Runtime {
  #now = 0;
  #due: (() => void)[] = [];
  readonly #timers = new Set<Timer>();

  now(): number {
    return this.#now;
  }

  timer(ms: number, run: () => void): () => void {
    const timer = { at: this.#now + ms, run };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  }

  soon(run: () => void): void {
    this.#due.push(run);
  }

  /** How many timers wait. */
  get armed(): number {
    return this.#timers.size;
  }

  /** Makes turns until nothing is due. */
  turns(): void {
    for (let turn = 0; this.#due.length > 0; turn++) {
      if (turn === mostTurns) throw new Error(`it does not come to rest in ${mostTurns} turns`);
      const due = this.#due;
      this.#due = [];
      for (const run of due) run();
    }
  }

  /** Time passes: every timer that is due by then strikes, in their order. */
  pass(ms: number): void {
    const until = this.#now + ms;
    this.turns();
    for (;;) {
      let next: Timer | undefined;
      for (const timer of this.#timers)
        if (timer.at <= until && (next === undefined || timer.at < next.at)) next = timer;
      if (next === undefined) break;
      this.#timers.delete(next);
      this.#now = Math.max(this.#now, next.at);
      next.run();
      this.turns();
    }
    this.#now = until;
  }
}
