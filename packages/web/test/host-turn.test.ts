import { afterEach, expect, test, vi } from "vitest";
import { webHost } from "../src/host/web-host.ts";

afterEach(() => {
  vi.unstubAllGlobals();
});

async function nextTurn(): Promise<string[]> {
  const seen: string[] = [];
  const ran = new Promise<void>((resolve) =>
    webHost.nextTurn(() => {
      seen.push("turn");
      resolve();
    }),
  );
  for (let i = 0; i < 100; i++) await Promise.resolve();
  seen.push("microtasks");
  await ran;
  return seen;
}

test("what is to run in the next turn runs behind all microtasks", async () => {
  expect(await nextTurn()).toEqual(["microtasks", "turn"]);
});

test("it does so in an engine that has no message channels", async () => {
  vi.stubGlobal("MessageChannel", undefined);
  expect(await nextTurn()).toEqual(["microtasks", "turn"]);
});

test("it needs no timer, which pages that nobody sees have slowed down", async () => {
  vi.stubGlobal("setTimeout", () => {
    throw new Error("a timer");
  });
  expect(await nextTurn()).toEqual(["microtasks", "turn"]);
});
