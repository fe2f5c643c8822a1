import { type Caps } from "@millrace/exchange";
import { contractFor, type Declaration, type Make } from "@millrace/exchange/contract";
import { describe, expect, test } from "vitest";
import { memoryConnector, type MemoryOptions } from "../src/memory/memory-connector.ts";

/** A host whose clock stands still: what waits for it waits for ever. Everything in memory happens in microtasks. */
const host = { now: () => 0, timer: () => () => {}, root: <T>(run: () => T): T => run() };

const all: Caps = { http: "2", trailers: true, request: "full", resets: true, duplicates: true };

function maker(options: MemoryOptions): Make {
  return async (accept) => {
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
