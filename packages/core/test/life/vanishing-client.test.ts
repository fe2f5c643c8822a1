import type { HandlerCall, Interceptor } from "@millrace/core";
import { describe, expect, test } from "vitest";
import type { GreetServiceHandlers } from "../../../../gen/greet/v1/greet_millrace.ts";
import { codeOf, protocols, quiet, stage } from "../support/stage.ts";
import type { Stage } from "../support/stage.ts";

const passes: Interceptor = (call, next) => next(call);

/** How a client goes away. */
const ways: readonly [string, (on: Stage, controller: AbortController) => void][] = [
  ["canceling", (_, controller) => controller.abort()],
  ["losing its connection", ({ connector }) => connector.cut()],
  ["closing its transport", ({ transport }) => void transport.close()],
];

describe.each(protocols)("a client that goes away aborts the handler's signal at once, %s", (protocol) => {
  describe.each([
    ["without interceptors", undefined],
    ["with interceptors", [passes]],
  ])("%s", (_, interceptors) => {
    test.each(ways)("%s: then its generator is returned, also while it sleeps", async (_way, vanish) => {
      const events: string[] = [];
      const nap = Promise.withResolvers<void>();
      const on = stage(
        {
          async *watch(_request, call) {
            call.signal.addEventListener("abort", () => events.push("aborted"));
            try {
              yield { greeting: "one" };
              await nap.promise;
              events.push("awake");
              yield { greeting: "two" };
              events.push("never");
            } finally {
              events.push("finally");
            }
          },
        },
        { protocol, app: { interceptors } },
      );
      const controller = new AbortController();
      const stream = on.client.watch({}, { signal: controller.signal });
      await stream.receive();
      vanish(on, controller);
      await quiet();
      // It sleeps and does not listen: the signal is all that can be done.
      expect(events).toEqual(["aborted"]);
      expect(on.serverEnds.map(({ code }) => code)).toEqual(["canceled"]);
      nap.resolve();
      await quiet();
      expect(events).toEqual(["aborted", "awake", "finally"]);
      expect(on.errors).toEqual([]);
    });

    test.each(ways)("%s: a generator that waits for room is returned", async (_way, vanish) => {
      let left = 0;
      const on = stage(
        {
          async *watch() {
            try {
              for (;;) yield { greeting: "x".repeat(1000) };
            } finally {
              left++;
            }
          },
        },
        { protocol, app: { interceptors }, memory: { window: 10_000 } },
      );
      const controller = new AbortController();
      const stream = on.client.watch({}, { signal: controller.signal });
      await quiet();
      expect(left).toBe(0);
      vanish(on, controller);
      await quiet();
      expect(left).toBe(1);
      expect(on.serverEnds).toHaveLength(1);
      stream.cancel();
    });

    test.each(ways)("%s: a handler that waits for requests is told", async (_way, vanish) => {
      const outcomes: unknown[] = [];
      const on = stage(
        {
          async collect(requests) {
            try {
              for await (const _request of requests);
              return {};
            } catch (error) {
              outcomes.push((error as { code: string }).code);
              throw error;
            }
          },
        },
        { protocol, app: { interceptors } },
      );
      const controller = new AbortController();
      const call = on.client.collect({ signal: controller.signal });
      await call.send({});
      await quiet();
      vanish(on, controller);
      await quiet();
      expect(outcomes).toEqual(["canceled"]);
      expect(on.errors).toEqual([]);
    });
  });
});

const unreadable = {
  get greeting(): string {
    throw new Error("no");
  },
};

describe("what ends a response early runs its generator's finally block", () => {
  const ends: readonly [string, object, (on: Stage) => void][] = [
    ["a message above maxSendBytes", { maxSendBytes: 100 }, () => {}],
    ["a message that cannot be encoded", {}, () => {}],
    ["the deadline", {}, ({ host }) => host.advance(1000)],
  ];
  test.each(ends)("%s", async (what, app, act) => {
    let left = false;
    const on = stage(
      {
        async *watch() {
          try {
            yield { greeting: "first" };
            if (what.includes("maxSendBytes")) yield { greeting: "x".repeat(200) };
            if (what.includes("encoded")) yield unreadable;
            await new Promise<void>((resolve) => setImmediate(resolve));
            for (;;) yield { greeting: "more" };
          } finally {
            left = true;
          }
        },
      },
      { app, memory: { window: 500 } },
    );
    const stream = on.client.watch({}, { timeoutMs: 1000 });
    await quiet();
    act(on);
    await quiet();
    expect(left).toBe(true);
    stream.cancel();
  });
});

test("a handler that fails because its signal was aborted is no error of the App's", async () => {
  const told = async (call: HandlerCall): Promise<never> => {
    await new Promise((resolve) => call.signal.addEventListener("abort", resolve));
    throw new DOMException("aborted", "AbortError");
  };
  const handlers: Partial<GreetServiceHandlers> = { greet: (_, call) => told(call) };
  const on = stage(handlers);
  const reply = on.client.greet({}, { signal: AbortSignal.abort() });
  await expect(reply).rejects.toMatchObject({ code: "canceled" });
  const controller = new AbortController();
  const second = on.client.greet({}, { signal: controller.signal });
  await quiet();
  controller.abort();
  await expect(second).rejects.toMatchObject({ code: "canceled" });
  await quiet();
  expect(on.errors).toEqual([]);
});

test("a handler that writes headers and trailers after its client has gone is no error of the App's", async () => {
  const go = Promise.withResolvers<void>();
  const written: string[] = [];
  const late = async (call: HandlerCall): Promise<void> => {
    await go.promise;
    call.responseHeaders.set("x-late", "1");
    call.responseTrailers.set("x-late", "1");
    written.push(call.method.name);
  };
  const on = stage({
    greet: async (_, call) => {
      await late(call);
      return {};
    },
    async *watch(_, call) {
      await late(call);
    },
  });
  const controller = new AbortController();
  const { signal } = controller;
  const outcomes = [on.client.greet({}, { signal }), on.client.watch({}, { signal }).receive()].map(codeOf);
  await quiet();
  controller.abort();
  expect(await Promise.all(outcomes)).toEqual(["canceled", "canceled"]);
  await quiet();
  go.resolve();
  await quiet();
  expect(written).toEqual(["Greet", "Watch"]);
  expect(on.errors).toEqual([]);
});

test.each(protocols)(
  "a relay whose upstream ends after its client has gone is no error of the App's, %s",
  async (protocol) => {
    const go = Promise.withResolvers<{ greeting: string }>();
    const back = stage({ greet: () => go.promise }, { protocol });
    // Detached: it is not canceled with the call that made it.
    const front = stage(
      { greet: (request) => back.client.greet(request, { detached: true }) },
      { protocol, host: back.host },
    );
    const controller = new AbortController();
    const outcome = codeOf(front.client.greet({}, { signal: controller.signal }));
    await quiet();
    controller.abort();
    expect(await outcome).toBe("canceled");
    await quiet();
    go.resolve({ greeting: "late" });
    await quiet();
    expect(back.serverEnds.map(({ code }) => code)).toEqual(["ok"]);
    expect(front.errors).toEqual([]);
  },
);

test("a gate that fails because its signal was aborted is no error of the App's", async () => {
  const on = stage(
    { greet: () => ({}) },
    {
      app: {
        gate: async (call) => {
          await new Promise((resolve) => call.signal.addEventListener("abort", resolve));
          throw new DOMException("aborted", "AbortError");
        },
      },
    },
  );
  const controller = new AbortController();
  const reply = on.client.greet({}, { signal: controller.signal });
  await quiet();
  controller.abort();
  await expect(reply).rejects.toMatchObject({ code: "canceled" });
  await quiet();
  expect(on.errors).toEqual([]);
  expect(on.serverEnds).toHaveLength(1);
});
