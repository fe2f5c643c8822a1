import type { Sink } from "@millrace/exchange";
import { contractFor, type Make, poisonAccept, poisonConnector } from "@millrace/exchange/contract";
import { describe, expect, test } from "vitest";
import { memoryConnector } from "../../core/src/memory/memory-connector.ts";

const noClock = { now: () => 0, timer: () => () => {}, root: <T>(run: () => T): T => run() };

test("A chunk kept beyond data() is rubbish", () => {
  const kept: Uint8Array[] = [];
  const copied: number[][] = [];
  const sink: Sink = {
    data: (chunk, start, end) => {
      kept.push(chunk.subarray(start, end));
      copied.push([...chunk.subarray(start, end)]);
    },
    end() {},
    fault() {},
    writable() {},
    closed() {},
  };
  const wrapped = poisonAccept(() => sink)({} as never);
  wrapped?.data(new Uint8Array([9, 1, 2, 3, 9]), 1, 4);
  expect(copied).toEqual([[1, 2, 3]]);
  expect([...(kept[0] ?? [])]).toEqual([0xdb, 0xdb, 0xdb]);
});

test("What accept() declines stays declined", () => {
  expect(poisonAccept(() => null)({} as never)).toBeNull();
});

describe("a poisoned carriage is a sound one", () => {
  const make: Make = async (accept) => {
    const connector = memoryConnector(poisonAccept(accept), noClock);
    return {
      connector: poisonConnector(connector),
      cut: () => connector.cut(),
      goaway: () => connector.goaway(),
      nowhere: memoryConnector(null, noClock),
      close: () => connector.close(0),
    };
  };
  const { cases } = contractFor({
    caps: { http: "2", trailers: true, request: "full", resets: true, duplicates: true },
  });
  for (const { name, run } of cases) test(name, () => run(make, AbortSignal.timeout(10_000)));
});
