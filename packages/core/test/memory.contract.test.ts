import { type Caps } from "@millrace/exchange";
import { contractFor, type Declaration, type Make } from "@millrace/exchange/contract";
import { describe, expect, test } from "vitest";
import { memoryConnector, type MemoryOptions } from "../src/memory/memory-connector.ts";

/**
 * A host whose clock stands still while anything happens. The carriage's events are microtasks: in the event loop's next
 * turn nothing is left to come but the earliest timer.
 */
class IdleHost {
  readonly #timers = new Set<{ readonly at: number; readonly run: () => void }>();
  #now = 0;

  now(): number {
    return this.#now;
  }

  timer(at: number, run: () => void): () => void {
    const timer = { at, run };
    this.#timers.add(timer);
    setImmediate(() => this.#strike());
    return () => void this.#timers.delete(timer);
  }

  root<T>(run: () => T): T {
    return run();
  }

  #strike(): void {
    const earliest = [...this.#timers].sort((a, b) => a.at - b.at)[0];
    if (earliest === undefined) return;
    this.#timers.delete(earliest);
    this.#now = Math.max(this.#now, earliest.at);
    earliest.run();
  }
}

const all: Caps = { http: "2", trailers: true, request: "full", resets: true, duplicates: true };

function maker(options: MemoryOptions): Make {
  return async (accept) => {
    const host = new IdleHost();
    const connector = memoryConnector(accept, host, options);
    return {
      connector,
      cut: () => connector.cut(),
      goaway: () => connector.goaway(),
      nowhere: memoryConnector(null, host),
      close: () => connector.close(0),
    };
  };
}

const carriages: readonly [string, MemoryOptions][] = [
  ["in memory", {}],
  ["in memory, with a window of one byte", { window: 1 }],
  ["in memory, without trailers and joining fields", { caps: { trailers: false, duplicates: false } }],
  ["in memory, without resets", { caps: { resets: false } }],
  ["in memory, one direction at a time", { caps: { request: "half" } }],
  ["in memory, with whole requests", { caps: { request: "whole" } }],
];

for (const [name, options] of carriages) {
  const declared: Declaration = { caps: { ...all, ...options.caps } };
  describe(name, () => {
    for (const { name: rule, run } of contractFor(declared).cases)
      test(rule, () => run(maker(options), AbortSignal.timeout(10_000)));
  });
}

test("The in-memory carriage is excused from nothing but what the opposite capability asks", () => {
  expect(contractFor({ caps: all }).leftOut).toEqual([
    { name: "Repeated fields arrive joined, in order", because: "duplicates: true" },
  ]);
});
