import { AsyncLocalStorage } from "node:async_hooks";
import { spawnSync } from "node:child_process";
import { afterEach, expect, test, vi } from "vitest";
import { nodeHost } from "../src/host/node-host.ts";

afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

test("a timer does not run before its time on the host's clock", async () => {
  const at = nodeHost.now() + 3.5;
  const ran = await new Promise<number>((resolve) => {
    const alive = setInterval(() => {}, 1000);
    nodeHost.timer(at, () => {
      clearInterval(alive);
      resolve(nodeHost.now());
    });
  });
  expect(ran).toBeGreaterThanOrEqual(at);
});

test("a timer in the past runs later, never from inside timer()", async () => {
  const order: string[] = [];
  await new Promise<void>((resolve) => {
    const alive = setInterval(() => {}, 1000);
    nodeHost.timer(nodeHost.now() - 5, () => {
      order.push("run");
      clearInterval(alive);
      resolve();
    });
    order.push("returned");
  });
  expect(order).toEqual(["returned", "run"]);
});

test("a timer further away than 2^31 ms waits for all of it", () => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
  const run = vi.fn();
  const distance = 3 * 2 ** 31;
  nodeHost.timer(nodeHost.now() + distance, run);
  vi.advanceTimersByTime(distance - 1);
  expect(run).not.toHaveBeenCalled();
  vi.advanceTimersByTime(1);
  expect(run).toHaveBeenCalledTimes(1);
});

test("a cancelled timer never runs, not even when its first stage has passed", () => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
  const run = vi.fn();
  const cancel = nodeHost.timer(nodeHost.now() + 2 ** 32, run);
  vi.advanceTimersByTime(2 ** 31 + 5);
  cancel();
  cancel();
  vi.advanceTimersByTime(2 ** 33);
  expect(run).not.toHaveBeenCalled();
  expect(vi.getTimerCount()).toBe(0);
});

test("a timer at Infinity holds nothing", () => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
  nodeHost.timer(Infinity, () => {})();
  expect(vi.getTimerCount()).toBe(0);
});

test("a timer does not keep the process alive", () => {
  const module = new URL("../src/host/node-host.ts", import.meta.url).href;
  const program = `import { nodeHost } from ${JSON.stringify(module)};
    nodeHost.timer(nodeHost.now() + 3_600_000, () => {}); console.log("armed");`;
  const child = spawnSync(process.execPath, ["--input-type=module", "-e", program], {
    encoding: "utf8",
    timeout: 20_000,
  });
  expect(child.stdout).toBe("armed\n");
  expect(child.status).toBe(0);
});

test("enter() makes a context current, for what continues asynchronously too", async () => {
  const context = { name: "call" };
  expect(nodeHost.current()).toBeUndefined();
  const later = nodeHost.enter(context, async () => {
    await Promise.resolve();
    return nodeHost.current();
  });
  expect(nodeHost.current()).toBeUndefined();
  expect(await later).toBe(context);
});

test("root() runs outside the call and outside the user's own contexts", () => {
  const users = new AsyncLocalStorage<string>();
  users.run("request", () =>
    nodeHost.enter("call", () => {
      expect(nodeHost.root(() => [nodeHost.current(), users.getStore()])).toEqual([undefined, undefined]);
      expect([nodeHost.current(), users.getStore()]).toEqual(["call", "request"]);
    }),
  );
});

test("capture() brings back the user's context as well as ours", () => {
  const users = new AsyncLocalStorage<string>();
  const back = users.run("first", () => nodeHost.enter("call 1", () => nodeHost.capture()));
  users.run("second", () =>
    nodeHost.enter("call 2", () => {
      expect(back(() => [nodeHost.current(), users.getStore()])).toEqual(["call 1", "first"]);
    }),
  );
});

test("report() writes the error to standard error and never throws", () => {
  const printed = vi.spyOn(console, "error").mockImplementation(() => {});
  const error = new Error("hook failed");
  nodeHost.report("an observer threw", error);
  expect(printed.mock.calls).toEqual([["millrace: an observer threw", error]]);
  printed.mockImplementation(() => {
    throw new Error("standard error is closed");
  });
  expect(() => nodeHost.report("an observer threw", error)).not.toThrow();
});
