import { AsyncLocalStorage } from "node:async_hooks";
import type { CallHead, Interceptor, Observer } from "@millrace/core";
import { describe, expect, test } from "vitest";
import type { GreetServiceClient } from "../../../../gen/greet/v1/greet_millrace.ts";
import { FakeHost } from "../support/fake-host.ts";
import { codeOf, protocols, quiet, stage } from "../support/stage.ts";
import type { Stage, StageOptions } from "../support/stage.ts";

const users = new AsyncLocalStorage<string>();
const never = (): Promise<never> => new Promise(() => {});

/** A server behind another one; the handler in front calls the one behind. Both are on one clock. */
function chained(
  front: (behind: GreetServiceClient) => Parameters<typeof stage>[0],
  behind: Parameters<typeof stage>[0],
): { front: Stage; behind: Stage; signals: AbortSignal[] } {
  const signals: AbortSignal[] = [];
  const note: Observer = (call: CallHead) => void signals.push(call.signal);
  const back = stage(behind, { app: { observers: [note] } });
  return { front: stage(front(back.client), { host: back.host }), behind: back, signals };
}

describe("deadlines and cancellation flow from a handler into the calls it makes", () => {
  test("its deadline is theirs, and a shorter one of their own is kept", async () => {
    const remaining: number[] = [];
    const { front } = chained(
      (client) => ({
        greet: async () => {
          await client.greet({});
          await client.greet({}, { timeoutMs: 50 });
          await client.greet({}, { timeoutMs: 9000 });
          await client.greet({}, { detached: true });
          return {};
        },
      }),
      {
        greet: (_, call) => {
          remaining.push(call.remainingMs);
          return {};
        },
      },
    );
    await front.client.greet({}, { timeoutMs: 1000 });
    expect(remaining).toEqual([1000, 50, 1000, Infinity]);
  });

  test("its cancellation cancels them, unless they are detached", async () => {
    const codes: Promise<string>[] = [];
    const { front, behind, signals } = chained(
      (client) => ({
        greet: () => {
          codes.push(codeOf(client.greet({})), codeOf(client.greet({}, { detached: true })));
          return never();
        },
      }),
      { greet: never },
    );
    const controller = new AbortController();
    const outer = codeOf(front.client.greet({}, { signal: controller.signal }));
    await quiet();
    expect(signals).toHaveLength(2);
    controller.abort();
    expect(await outer).toBe("canceled");
    expect(await codes[0]).toBe("canceled");
    await quiet();
    expect(signals.map(({ aborted }) => aborted)).toEqual([true, false]);
    expect(behind.clientEnds.map(({ code }) => code)).toEqual(["canceled"]);
  });

  test("its deadline ends them with deadline_exceeded", async () => {
    let inner: Promise<string> | undefined;
    const { front } = chained(
      (client) => ({
        greet: () => {
          inner = codeOf(client.greet({}));
          return never();
        },
      }),
      { greet: never },
    );
    const outer = codeOf(front.client.greet({}, { timeoutMs: 100 }));
    await quiet();
    front.host.advance(100);
    expect(await outer).toBe("deadline_exceeded");
    expect(await inner).toBe("deadline_exceeded");
  });

  test("a parent's success detaches its children", async () => {
    const go = Promise.withResolvers<void>();
    let background: Promise<string> | undefined;
    const { front, signals } = chained(
      (client) => ({
        greet: () => {
          background = codeOf(client.greet({}));
          return { greeting: "done" };
        },
      }),
      {
        greet: async () => {
          await go.promise;
          return {};
        },
      },
    );
    const controller = new AbortController();
    expect((await front.client.greet({}, { signal: controller.signal })).greeting).toBe("done");
    await quiet();
    controller.abort();
    await quiet();
    expect(signals.map(({ aborted }) => aborted)).toEqual([false]);
    go.resolve();
    expect(await background).toBe("ok");
  });

  const passes: Interceptor = (call, next) => next(call);
  const longer: Interceptor = (call, next) => next(call.with({ timeoutMs: 500 }));

  describe.each([
    ["without interceptors", []],
    ["with interceptors", [passes]],
  ])("a parent's success takes its deadline from its children, %s", (_, interceptors) => {
    /** A server that never saw a deadline, behind one whose handler has succeeded already. */
    const outlived = async (timeoutMs?: number, given: Interceptor[] = interceptors) => {
      const go = Promise.withResolvers<void>();
      let background: Promise<string> | undefined;
      const host = new FakeHost();
      // Without its timeout on the wire, nothing but the client's own clock ends it.
      const untimed: StageOptions["wrap"] = (connector) => ({
        caps: connector.caps,
        close: (graceMs) => connector.close(graceMs),
        open: (head, body, hints, sink) => {
          const fields = head.fields.filter((_field, i) => head.fields[i - (i % 2)] !== "connect-timeout-ms");
          return connector.open({ ...head, fields }, body, hints, sink);
        },
      });
      const back = stage(
        {
          greet: async () => {
            await go.promise;
            return {};
          },
        },
        { host, wrap: untimed, transport: { interceptors: given } },
      );
      const front = stage(
        {
          greet: () => {
            background = codeOf(back.client.greet({}, { timeoutMs }));
            return {};
          },
        },
        { host },
      );
      await front.client.greet({}, { timeoutMs: 100 });
      await quiet();
      host.advance(100);
      await quiet();
      expect(back.clientEnds).toEqual([]);
      return { back, host, background: background!, go };
    };

    test("one without a deadline of its own goes on for as long as it needs", async () => {
      const { host, background, go } = await outlived();
      expect(host.timers).toBe(0);
      host.advance(10_000);
      go.resolve();
      expect(await background).toBe("ok");
    });

    test("a longer one of its own is kept", async () => {
      const { back, host, background } = await outlived(500);
      host.advance(399);
      await quiet();
      expect(back.clientEnds).toEqual([]);
      host.advance(1);
      expect(await background).toBe("deadline_exceeded");
      await quiet();
      expect(host.timers).toBe(0);
    });

    test("a longer one that an interceptor gave it is kept", async () => {
      const { back, host, background } = await outlived(undefined, [...interceptors, longer]);
      host.advance(399);
      await quiet();
      expect(back.clientEnds).toEqual([]);
      host.advance(1);
      expect(await background).toBe("deadline_exceeded");
    });
  });

  test("a parent's failure of its own cancels them, as canceled", async () => {
    let background: Promise<string> | undefined;
    const { front, signals } = chained(
      (client) => ({
        greet: async () => {
          background = codeOf(client.greet({}));
          await quiet();
          throw new Error("mine");
        },
      }),
      {
        greet: never,
      },
    );
    expect(await codeOf(front.client.greet({}))).toBe("unknown");
    expect(await background).toBe("canceled");
    await quiet();
    expect(signals.map((signal) => signal.aborted)).toEqual([true]);
  });

  test("background work that outlives its handler makes calls without its deadline", async () => {
    const remaining: number[] = [];
    const go = Promise.withResolvers<void>();
    const done = Promise.withResolvers<string>();
    const { front } = chained(
      (client) => ({
        greet: () => {
          void go.promise.then(() => done.resolve(codeOf(client.greet({}))));
          return {};
        },
      }),
      {
        greet: (_, call) => {
          remaining.push(call.remainingMs);
          return {};
        },
      },
    );
    await front.client.greet({}, { timeoutMs: 100 });
    await quiet();
    front.host.advance(5000);
    go.resolve();
    expect(await done.promise).toBe("ok");
    expect(remaining).toEqual([Infinity]);
  });

  test("an interceptor's shorter deadline flows too", async () => {
    const remaining: number[] = [];
    const back = stage({
      greet: (_, call) => {
        remaining.push(call.remainingMs);
        return {};
      },
    });
    const shorter: Interceptor = (call, next) => next(call.with({ timeoutMs: 200 }));
    const front = stage(
      {
        greet: async () => {
          await back.client.greet({});
          return {};
        },
        async *watch() {
          await back.client.greet({});
          yield {};
        },
      },
      { host: back.host, app: { interceptors: [shorter] } },
    );
    await front.client.greet({}, { timeoutMs: 1000 });
    await front.client.watch({}, { timeoutMs: 1000 }).receive();
    expect(remaining).toEqual([200, 200]);
  });

  test("a stream that a handler leaves, leaves what it relays", async () => {
    const { front, behind } = chained((client) => ({ watch: (request) => client.watch(request) }), {
      async *watch() {
        yield { greeting: "one" };
        await never();
      },
    });
    for await (const _ of front.client.watch({})) break;
    await quiet();
    expect(behind.serverEnds.map(({ code }) => code)).toEqual(["canceled"]);
    expect(behind.clientEnds.map(({ code }) => code)).toEqual(["canceled"]);
    expect(front.errors).toEqual([]);
  });
});

describe.each(protocols)("every entry into user code is in its own call's context, %s", (protocol) => {
  /** Where code ran: the user of the interceptor or gate that entered it. */
  const entering: Interceptor = (call, next) =>
    users.run(call.requestHeaders.get("x-user") ?? "", () => next(call));

  test("interleaved generators keep their own", async () => {
    const seen: string[] = [];
    const turns = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const on = stage(
      {
        async *watch({ everyMs }) {
          try {
            for (let i = 0; i < 3; i++) {
              seen.push(`${users.getStore() ?? ""} of ${everyMs}`);
              yield { greeting: users.getStore() ?? "" };
              await turns[everyMs]?.promise;
            }
          } finally {
            seen.push(`${users.getStore() ?? ""} left`);
          }
        },
      },
      { protocol, app: { interceptors: [entering] } },
    );
    const streams = ["a", "b"].map((user, i) =>
      on.client.watch({ everyMs: i }, { headers: { "x-user": user } }),
    );
    for (const stream of streams) await stream.receive();
    turns[1]?.resolve();
    turns[0]?.resolve();
    const rest: string[] = [];
    for (let i = 0; i < 2; i++)
      for (const stream of streams) rest.push((await stream.receive())?.greeting ?? "");
    expect(rest).toEqual(["a", "b", "a", "b"]);
    await Promise.all(streams.map((stream) => stream.receive()));
    expect(seen.filter((one) => one === "a of 0")).toHaveLength(3);
    expect(seen.filter((one) => one === "b of 1")).toHaveLength(3);
    expect(seen.filter((one) => one.endsWith("left")).sort()).toEqual(["a left", "b left"]);
  });

  test.each([
    ["without interceptors", [], undefined],
    ["with interceptors", [entering], "handler"],
  ])("a finally block that somebody else's act sets off, %s", async (_, interceptors, context) => {
    const seen: unknown[] = [];
    const back = stage({ greet: (_request, call) => ({ greeting: String(call.remainingMs) }) });
    const on = stage(
      {
        async *watch() {
          try {
            yield { greeting: "one" };
            for (;;) yield { greeting: "x".repeat(10_000) };
          } finally {
            seen.push(users.getStore(), await codeOf(back.client.greet({})));
          }
        },
        greet: () => {
          on.connector.cut();
          return {};
        },
      },
      { protocol, host: back.host, app: { interceptors } },
    );
    const stream = on.client.watch({}, { headers: { "x-user": "handler" } });
    await stream.receive();
    await quiet();
    // From inside another call, which is not canceled.
    await users.run("somebody else", () => codeOf(on.client.greet({}, { headers: { "x-user": "other" } })));
    await quiet();
    // A call made there is the canceled call's child, not the other's.
    expect(seen).toEqual([context, "canceled"]);
    stream.cancel();
  });

  test.each([
    ["without interceptors", undefined],
    ["with interceptors", [((call, next) => next(call)) satisfies Interceptor]],
  ])(
    "a client's sequence of requests runs in the caller's, to its finally block, %s",
    async (_, interceptors) => {
      const contexts = new Set<unknown>();
      const on = stage(
        {
          async collect(requests) {
            await requests.receive();
            return {};
          },
        },
        { protocol, transport: { interceptors } },
      );
      const requests = async function* (): AsyncGenerator<object> {
        try {
          for (;;) {
            contexts.add(users.getStore());
            yield {};
          }
        } finally {
          contexts.add(users.getStore());
          contexts.add("left");
        }
      };
      await users.run("caller", () => on.client.collect(requests()));
      await quiet();
      expect([...contexts]).toEqual(["caller", "left"]);
    },
  );

  test("what a client's interceptors do with a stream runs in the caller's, whoever reads it or ends it", async () => {
    const contexts: unknown[] = [];
    const look: Interceptor = async (call, next) => {
      contexts.push(["call", users.getStore()]);
      const reply = await next(call);
      contexts.push(["head", users.getStore()]);
      if (call.kind !== "server_streaming") return reply;
      const given = reply.response as AsyncIterable<never>;
      const looked = async function* (): AsyncGenerator<never> {
        try {
          for await (const message of given) {
            contexts.push(["message", users.getStore()]);
            yield message;
          }
        } finally {
          contexts.push(["left", users.getStore()]);
        }
      };
      return call.reply(looked());
    };
    const on = stage(
      {
        async *watch() {
          yield { greeting: "one" };
          yield { greeting: "two" };
          await never();
        },
      },
      { protocol, transport: { interceptors: [look] } },
    );
    const controller = new AbortController();
    const stream = users.run("caller", () => on.client.watch({}, { signal: controller.signal }));
    await users.run("reader", () => stream.receive());
    users.run("breaker", () => controller.abort());
    await quiet();
    expect(contexts).toEqual([
      ["call", "caller"],
      ["head", "caller"],
      ["message", "caller"],
      ["left", "caller"],
    ]);
  });

  test("the caller's context does not travel: over no network does a handler see it", async () => {
    const contexts: unknown[] = [];
    const on = stage(
      {
        greet: () => {
          contexts.push(users.getStore());
          return {};
        },
        async collect(requests) {
          for await (const _ of requests) contexts.push(users.getStore());
          return {};
        },
      },
      {
        protocol,
        app: {
          gate: () => void contexts.push(users.getStore()),
          observers: [() => void contexts.push(users.getStore())],
        },
      },
    );
    await users.run("caller", async () => {
      await on.client.greet({});
      await on.client.collect([{}, {}]);
    });
    expect(new Set(contexts)).toEqual(new Set([undefined]));
    expect(contexts).toHaveLength(7);
  });

  test("what a gate enters holds for nothing else, what an interceptor enters holds for all below", async () => {
    const seen: unknown[] = [];
    const on = stage(
      {
        greet: async () => {
          seen.push(users.getStore());
          await quiet();
          seen.push(users.getStore());
          return {};
        },
      },
      { protocol, app: { interceptors: [entering] } },
    );
    await on.client.greet({}, { headers: { "x-user": "Ada" } });
    expect(seen).toEqual(["Ada", "Ada"]);
  });
});

describe("observers hear everything in the context of their call", () => {
  test("on a server in the call's own, on a client in the caller's", async () => {
    const heard: { server: unknown[]; client: unknown[] } = { server: [], client: [] };
    const inner: number[] = [];
    const host = new FakeHost();
    const noting =
      (into: unknown[]): Observer =>
      () => {
        const note = (): void => void into.push(users.getStore());
        return { headers: note, sent: note, received: note, end: note };
      };
    const scoped: Observer = (call) => ({
      // A call made from here would inherit the deadline: the observer is in the call.
      end: () => void inner.push(host.current() === undefined ? 0 : call.remainingMs),
    });
    const on = stage(
      { greet: () => ({}) },
      {
        host,
        app: { observers: [noting(heard.server), scoped] },
        transport: { observers: [noting(heard.client)] },
      },
    );
    await users.run("caller", () => on.client.greet({}, { timeoutMs: 700 }));
    await quiet();
    expect(heard.client).toEqual(["caller", "caller", "caller", "caller"]);
    expect(heard.server).toEqual([undefined, undefined, undefined, undefined]);
    expect(inner).toEqual([700]);
  });
});
