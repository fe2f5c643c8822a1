import { RpcError } from "@millrace/core";
import type { CommonTransportOptions, Observer } from "@millrace/core";
import { describe, expect, test } from "vitest";
import type { GreetServiceHandlers } from "../../../../gen/greet/v1/greet_millrace.ts";
import { watchBudgets } from "../support/budget-watch.ts";
import { codeOf, countingSignal, protocols, quiet, stage } from "../support/stage.ts";
import type { Stage } from "../support/stage.ts";

const budgets = watchBudgets();

const handlers: GreetServiceHandlers = {
  greet: ({ name }) => ({ greeting: `Hello, ${name}!` }),
  async *watch() {
    yield { greeting: "one" };
    yield { greeting: "two" };
  },
  async collect(requests) {
    let count = 0n;
    for await (const _ of requests) count++;
    return { count };
  },
  async *chat(requests) {
    for await (const { name } of requests) yield { greeting: name };
  },
};

const never = (): Promise<never> => new Promise(() => {});
const idle: GreetServiceHandlers = {
  greet: never,
  async *watch() {
    yield { greeting: "first" };
    await never();
  },
  collect: never,
  async *chat() {
    await never();
  },
};

async function drain(messages: AsyncIterable<unknown>): Promise<number> {
  let count = 0;
  for await (const _ of messages) count++;
  return count;
}

/** Each kind of call, read to its end. */
const kinds: readonly [string, (on: Stage, options: object) => Promise<unknown>][] = [
  ["unary", ({ client }, options) => client.greet({ name: "Ada" }, options)],
  ["server stream", ({ client }, options) => drain(client.watch({}, options))],
  [
    "client stream",
    async ({ client }, options) => {
      const call = client.collect(options);
      await call.send({ name: "Ada" });
      return call.finish();
    },
  ],
  [
    "bidi",
    async ({ client }, options) => {
      const call = client.chat(options);
      await call.send({ name: "Ada" });
      call.closeSend();
      return drain(call);
    },
  ],
];

function expectNothingLeft(on: Stage, listeners: () => number): void {
  expect(on.clientEnds).toHaveLength(1);
  expect(on.serverEnds).toHaveLength(1);
  expect(on.host.timers).toBe(0);
  expect(listeners()).toBe(0);
  expect(budgets.held).toBe(0);
}

const passes: CommonTransportOptions["interceptors"] = [(call, next) => next(call)];

describe.each(protocols)("the first settle wins, every call settles once and closes once, %s", (protocol) => {
  describe.each([
    ["without interceptors", undefined],
    ["with interceptors", passes],
  ])("%s", (_, interceptors) => {
    const options = { protocol, transport: { interceptors } };
    const counted = () => {
      const controller = new AbortController();
      return { controller, ...countingSignal(controller) };
    };

    test.each(kinds)("%s: success leaves no timer, listener or buffer", async (_kind, call) => {
      const on = stage(handlers, options);
      const { signal, listeners } = counted();
      await call(on, { signal, timeoutMs: 5000 });
      await quiet();
      expect(on.clientEnds.map(({ code }) => code)).toEqual(["ok"]);
      expect(on.serverEnds.map(({ code, delivered }) => [code, delivered])).toEqual([["ok", true]]);
      expectNothingLeft(on, listeners);
    });

    test.each(kinds)("%s: cancellation ends both sides once", async (_kind, call) => {
      const on = stage(idle, options);
      const { controller, signal, listeners } = counted();
      const outcome = codeOf(call(on, { signal, timeoutMs: 5000 }));
      await quiet();
      controller.abort();
      controller.abort();
      expect(await outcome).toBe("canceled");
      await quiet();
      expect(on.clientEnds.map(({ code }) => code)).toEqual(["canceled"]);
      expect(on.serverEnds.map(({ code }) => code)).toEqual(["canceled"]);
      expectNothingLeft(on, listeners);
    });

    test.each(kinds)("%s: the deadline ends both sides once", async (_kind, call) => {
      const on = stage(idle, options);
      const { signal, listeners } = counted();
      const outcome = codeOf(call(on, { signal, timeoutMs: 5000 }));
      await quiet();
      on.host.advance(5000);
      expect(await outcome).toBe("deadline_exceeded");
      await quiet();
      expect(on.clientEnds.map(({ code }) => code)).toEqual(["deadline_exceeded"]);
      expect(on.serverEnds.map(({ code }) => code)).toEqual(["deadline_exceeded"]);
      on.host.advance(5000);
      expectNothingLeft(on, listeners);
    });

    test.each(kinds)("%s: a lost connection ends both sides once", async (_kind, call) => {
      const on = stage(idle, options);
      const { signal, listeners } = counted();
      const outcome = codeOf(call(on, { signal, timeoutMs: 5000 }));
      await quiet();
      on.connector.cut();
      expect(await outcome).toBe("unavailable");
      await quiet();
      expect(on.clientEnds.map(({ code }) => code)).toEqual(["unavailable"]);
      expect(on.serverEnds.map(({ code }) => code)).toEqual(["canceled"]);
      expectNothingLeft(on, listeners);
    });

    test.each(kinds)("%s: a handler's error ends both sides once", async (_kind, call) => {
      const fail = (): never => {
        throw new RpcError("aborted", "no");
      };
      const on = stage({ greet: fail, watch: fail, collect: fail, chat: fail }, options);
      const { signal, listeners } = counted();
      expect(await codeOf(call(on, { signal, timeoutMs: 5000 }))).toBe("aborted");
      await quiet();
      expect(on.clientEnds.map(({ code }) => code)).toEqual(["aborted"]);
      expect(on.serverEnds.map(({ code }) => code)).toEqual(["aborted"]);
      expectNothingLeft(on, listeners);
    });

    test.each(kinds)(
      "%s: what fails before anything is sent ends once, and opens nothing",
      async (_kind, call) => {
        const on = stage(handlers, options);
        const { controller, signal, listeners } = counted();
        controller.abort();
        expect(await codeOf(call(on, { signal, timeoutMs: 5000 }))).toBe("canceled");
        await quiet();
        expect(on.clientEnds.map(({ code }) => code)).toEqual(["canceled"]);
        expect(on.serverEnds).toEqual([]);
        expect([on.host.timers, listeners(), budgets.held]).toEqual([0, 0, 0]);
      },
    );
  });
});

describe.each(protocols)("races, %s", (protocol) => {
  test("deadline against trailers: the trailers that came first win, and the late deadline changes nothing", async () => {
    const on = stage(handlers, { protocol });
    const reply = on.client.greet({ name: "Ada" }, { timeoutMs: 10 });
    await quiet();
    on.host.advance(10);
    expect((await reply).greeting).toBe("Hello, Ada!");
    expect(on.clientEnds.map(({ code }) => code)).toEqual(["ok"]);
    expect(on.serverEnds.map(({ code }) => code)).toEqual(["ok"]);
  });

  test("deadline against trailers: the deadline that came first wins, and late trailers change nothing", async () => {
    const gate = Promise.withResolvers<{ greeting: string }>();
    const on = stage({ greet: () => gate.promise }, { protocol });
    const reply = codeOf(on.client.greet({}, { timeoutMs: 10 }));
    await quiet();
    // In one turn: the handler answers, and the clock strikes before a byte of it has moved.
    gate.resolve({ greeting: "late" });
    on.host.advance(10);
    expect(await reply).toBe("deadline_exceeded");
    await quiet();
    expect(on.clientEnds).toHaveLength(1);
    expect(on.serverEnds).toHaveLength(1);
    expect(on.host.timers).toBe(0);
  });

  test("reset against the handler's return: one outcome on the server, whichever comes first", async () => {
    const gate = Promise.withResolvers<{ greeting: string }>();
    const on = stage({ greet: () => gate.promise }, { protocol });
    const controller = new AbortController();
    const reply = codeOf(on.client.greet({}, { signal: controller.signal }));
    await quiet();
    controller.abort();
    gate.resolve({ greeting: "late" });
    expect(await reply).toBe("canceled");
    await quiet();
    expect(on.serverEnds).toHaveLength(1);
    expect(on.errors).toEqual([]);
    expect(on.host.reported).toEqual([]);
  });

  test("half-close after the final reply is harmless", async () => {
    const on = stage({ async *chat() { yield { greeting: "all" }; } }, { protocol }); // prettier-ignore
    const call = on.client.chat();
    expect(await drain(call)).toBe(1);
    call.closeSend();
    call.closeSend();
    expect(await call.send({ name: "late" })).toBe(false);
    await quiet();
    expect(on.clientEnds.map(({ code }) => code)).toEqual(["ok"]);
    expect(on.serverEnds.map(({ code }) => code)).toEqual(["ok"]);
  });

  test("GOAWAY lets run what the server has seen, and what it has not goes elsewhere", async () => {
    const gate = Promise.withResolvers<{ greeting: string }>();
    const on = stage({ greet: () => gate.promise }, { protocol });
    const seen = on.client.greet({});
    await quiet();
    const unseen = codeOf(on.client.greet({}));
    on.connector.goaway();
    gate.resolve({ greeting: "done" });
    expect(await unseen).toBe("ok");
    expect((await seen).greeting).toBe("done");
    await quiet();
    expect(on.clientEnds.map(({ code }) => code)).toEqual(["ok", "ok"]);
    expect(on.serverEnds.map(({ code }) => code)).toEqual(["ok", "ok"]);
  });
});

describe.each(["headers", "sent", "received", "end", "opened"] as const)(
  "cancel inside every callback: %s",
  (event) => {
    const canceling =
      (controller: AbortController): Observer =>
      () => {
        const cancel = (): void => controller.abort();
        if (event === "opened") cancel();
        return event === "opened" ? {} : { [event]: cancel };
      };

    describe.each([
      ["without interceptors", undefined],
      ["with interceptors", passes],
    ])("%s", (_, interceptors) => {
      test.each(kinds)("client, %s", async (_kind, call) => {
        const controller = new AbortController();
        const on = stage(handlers, { transport: { interceptors, observers: [canceling(controller)] } });
        const { signal, listeners } = countingSignal(controller);
        const code = await codeOf(call(on, { signal, timeoutMs: 5000 }));
        expect(code).toBe(event === "end" ? "ok" : "canceled");
        await quiet();
        expect(on.clientEnds.map(({ code: end }) => end)).toEqual([code]);
        expect(on.serverEnds.length).toBeLessThanOrEqual(1);
        expect([on.host.timers, listeners(), budgets.held]).toEqual([0, 0, 0]);
        expect(on.host.reported).toEqual([]);
      });
    });

    test.each(kinds)("server, %s", async (_kind, call) => {
      const controller = new AbortController();
      const on = stage(handlers, { app: { observers: [canceling(controller)] } });
      const { signal, listeners } = countingSignal(controller);
      // In memory the client's cancellation reaches the server in a later turn: whatever wins, both sides end once.
      await codeOf(call(on, { signal, timeoutMs: 5000 }));
      await quiet();
      expectNothingLeft(on, listeners);
      expect(on.host.reported).toEqual([]);
    });
  },
);

test("a send that waits for room settles when an observer cancels the call from inside it", async () => {
  const controller = new AbortController();
  const observer: Observer = () => ({ sent: () => controller.abort() });
  const on = stage({ collect: never }, { memory: { window: 16 }, transport: { observers: [observer] } });
  const call = on.client.collect({ signal: controller.signal });
  await expect(call.send({ name: "a".repeat(100) })).rejects.toMatchObject({ code: "canceled" });
});
