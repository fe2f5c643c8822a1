import { expect, test } from "vitest";
import { limitsFrom } from "../src/limits.ts";
import { Output } from "../src/output.ts";
import { Pings } from "../src/pings.ts";
import { FrameType } from "../src/frame/frame-type.ts";
import { ManualRuntime } from "./support/manual-runtime.ts";
import { Wire } from "./support/wire.ts";

test("of a peer that answers no PING, the last ones are waited for, and no more", () => {
  const runtime = new ManualRuntime();
  const wire = new Wire(runtime);
  const events = { turnEnding(): void {}, turnEnded(): void {}, backlogged(): void {}, stalled(): void {} };
  const pings = new Pings(new Output(wire, runtime, events, limitsFrom()));
  const acknowledged: number[] = [];
  for (let n = 0; n < 100; n++) pings.send(() => acknowledged.push(n));
  runtime.settle();
  const sent = wire.frames().filter(({ type }) => type === FrameType.PING);
  expect(sent.length).toBe(100);
  expect(sent.map(({ payload }) => pings.acknowledged(payload, 0)).filter(Boolean).length).toBe(8);
  expect(acknowledged).toEqual([92, 93, 94, 95, 96, 97, 98, 99]);
});
