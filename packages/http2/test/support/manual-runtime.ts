import type { Runtime } from "../../src/runtime.ts";

/** More turns than any test needs. */
const mostTurns = 100_000;

interface Timer {
  readonly at: number;
  readonly run: () => void;
}

/** Time that stands still, and turns that are made by hand. */
export class ManualRuntime implements Runtime {
  readonly #timers = new Set<Timer>();
  #due: (() => void)[] = [];
  #later: (() => void)[] = [];
  #now = 0;

  now(): number {
    return this.#now;
  }

  /** Work that takes so long: no timer runs meanwhile. */
  work(ms: number): void {
    this.#now += ms;
  }

  timer(ms: number, run: () => void): () => void {
    const timer = { at: this.#now + ms, run };
    this.#timers.add(timer);
    return () => void this.#timers.delete(timer);
  }

  readonly soon = (run: () => void): void => void this.#due.push(run);

  later(run: () => void): void {
    this.#later.push(run);
  }

  /** How many timers are armed. */
  get timers(): number {
    return this.#timers.size;
  }

  /** Runs the first of what is due. False: nothing is. */
  step(): boolean {
    const run = this.#due.shift() ?? this.#later.shift();
    run?.();
    return run !== undefined;
  }

  /** Runs what is due, and what comes of it, until nothing is. */
  settle(): void {
    for (let turns = 0; this.step(); turns++)
      if (turns === mostTurns) throw new Error(`still busy after ${mostTurns} turns`);
  }

  /** Lets so much time pass; each timer runs at its time, then `read`, and then what is due. */
  advance(ms: number, read: () => void = () => {}): void {
    this.settle();
    const end = this.#now + ms;
    for (;;) {
      let next: Timer | undefined;
      for (const timer of this.#timers)
        if (timer.at <= end && (next === undefined || timer.at < next.at)) next = timer;
      if (next === undefined) break;
      this.#timers.delete(next);
      this.#now = Math.max(this.#now, next.at);
      next.run();
      read();
      this.settle();
    }
    this.#now = end;
  }
}
