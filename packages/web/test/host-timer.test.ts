import { spawnSync } from "node:child_process";
import { afterEach, expect, test, vi } from "vitest";
import { webHost } from "../src/host/web-host.ts";

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
});

const toFake = ["setTimeout", "clearTimeout", "performance"] as const;

test("a timer further away than 2^31 ms waits for all of it", () => {
  vi.useFakeTimers({ toFake: [...toFake] });
  const run = vi.fn();
  const distance = 3 * 2 ** 31;
  webHost.timer(webHost.now() + distance, run);
  vi.advanceTimersByTime(distance - 1);
  expect(run).not.toHaveBeenCalled();
  vi.advanceTimersByTime(1);
  expect(run).toHaveBeenCalledTimes(1);
});

test("a cancelled timer never runs, and a timer at Infinity holds nothing", () => {
  vi.useFakeTimers({ toFake: [...toFake] });
  const run = vi.fn();
  const cancel = webHost.timer(webHost.now() + 2 ** 32, run);
  vi.advanceTimersByTime(2 ** 31 + 5);
  cancel();
  cancel();
  webHost.timer(Infinity, run)();
  vi.advanceTimersByTime(2 ** 33);
  expect(run).not.toHaveBeenCalled();
  expect(vi.getTimerCount()).toBe(0);
});

test("a timer does not keep a process alive", () => {
  const path = new URL("../src/host/web-host.ts", import.meta.url).href;
  const program = `import { webHost } from ${JSON.stringify(path)}; webHost.timer(webHost.now() + 3_600_000, () => {});`;
  const { status } = spawnSync(process.execPath, ["--input-type=module", "-e", program], { timeout: 20_000 });
  expect(status).toBe(0);
});

test("where timers are numbers, Deno's own way lets go of them", () => {
  const unrefTimer = vi.fn();
  vi.stubGlobal("Deno", { unrefTimer });
  vi.stubGlobal("setTimeout", () => 7);
  webHost.timer(webHost.now() + 5, () => {});
  expect(unrefTimer).toHaveBeenCalledWith(7);
});

test("what has nobody else to go to is printed, and a value that cannot be printed does no harm", () => {
  const print = vi.spyOn(console, "error").mockImplementation(() => {});
  const lost = new Error("lost");
  webHost.report("an observer threw", lost);
  expect(print).toHaveBeenCalledWith("millrace: an observer threw", lost);
  webHost.report("a line alone");
  expect(print).toHaveBeenLastCalledWith("millrace: a line alone");
  print.mockImplementation(() => {
    throw new Error("a getter threw");
  });
  expect(() => webHost.report("an observer threw", lost)).not.toThrow();
});

test("there are no asynchronous contexts: nothing is inherited", () => {
  expect(webHost.enter("context", () => webHost.current())).toBeUndefined();
  expect(webHost.capture()(() => 1)).toBe(1);
  expect(webHost.root(() => 2)).toBe(2);
});
