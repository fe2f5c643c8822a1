import { AsyncLocalStorage } from "node:async_hooks";
import type { Compression, Host } from "@millrace/core/host";
import { plainCompression, SlowCompression } from "./fake-compression.ts";

interface Timer {
  readonly at: number;
  readonly run: () => void;
}

/** A Host whose clock moves when it is told to, and which counts what it has given out. */
export class FakeHost implements Host {
  /** What had nobody else to go to. */
  readonly reported: unknown[] = [];
  /** What was said of each. */
  readonly told: string[] = [];
  /** `gzip`, at once. */
  readonly gzip: Compression = plainCompression("gzip");
  /** `br`, whose steps are asynchronous; held back while a test says so. */
  readonly slow: SlowCompression = new SlowCompression("br");
  readonly #storage = new AsyncLocalStorage<unknown>();
  readonly #outside = AsyncLocalStorage.snapshot();
  readonly #timers = new Set<Timer>();
  #now = 1000;

  now(): number {
    return this.#now;
  }

  /** In the context that it is called in, as the engine's own timers. */
  timer(at: number, run: () => void): () => void {
    const inContext = AsyncLocalStorage.snapshot();
    const timer: Timer = { at, run: () => inContext(run) };
    this.#timers.add(timer);
    return () => void this.#timers.delete(timer);
  }

  nextTurn(run: () => void): void {
    setImmediate(run);
  }

  enter<T>(context: unknown, run: () => T): T {
    return this.#storage.run(context, run);
  }

  current(): unknown {
    return this.#storage.getStore();
  }

  capture(): <T>(run: () => T) => T {
    return AsyncLocalStorage.snapshot();
  }

  root<T>(run: () => T): T {
    return this.#outside(run);
  }

  compression(name: string): Compression | null {
    if (name === "gzip") return this.gzip;
    return name === "br" ? this.slow : null;
  }

  report(what: string, thrown?: unknown): void {
    this.reported.push(thrown);
    this.told.push(what);
  }

  /** Timers that are armed. */
  get timers(): number {
    return this.#timers.size;
  }

  /** Moves the clock alone: the timers are late, as under load. */
  lag(ms: number): void {
    this.#now += ms;
  }

  /** Moves the clock, and runs what is due, in order. */
  advance(ms: number): void {
    const until = this.#now + ms;
    for (;;) {
      const due = [...this.#timers].filter(({ at }) => at <= until).sort((a, b) => a.at - b.at)[0];
      if (due === undefined) break;
      this.#timers.delete(due);
      this.#now = Math.max(this.#now, due.at);
      due.run();
    }
    this.#now = until;
  }
}
