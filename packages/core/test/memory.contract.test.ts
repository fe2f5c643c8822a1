import { type Caps } from "@millrace/exchange";
import { contractFor, type Declaration, type Make } from "@millrace/exchange/contract";
import { describe, expect, test } from "vitest";
import { memoryConnector, type MemoryOptions } from "../src/memory/memory-connector.ts";

/** A host's clock on the engine's own timers. */
const clock = {
  now: () => performance.now(),
  timer: (at: number, run: () => void) => {
    const timeout = setTimeout(run, Math.max(0, at - performance.now()));
    return () => clearTimeout(timeout);
  },
  root: <T>(run: () => T): T => run(),
};

const all: Caps = { http: "2", trailers: true, request: "full", resets: true, duplicates: true };

function maker(options: MemoryOptions): Make {
  return async (accept) => {
    const connector = memoryConnector(accept, clock, { drainMs: 5, ...options });
    return {
      connector,
      cut: () => connector.cut(),
      goaway: () => connector.goaway(),
      nowhere: memoryConnector(null, clock),
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
