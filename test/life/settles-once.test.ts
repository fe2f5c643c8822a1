import { RpcError } from "@millrace/node";
import type { GreetServiceHandlers } from "../../gen/greet/v1/greet_millrace.ts";
import { describe, expect, test } from "vitest";
import { fakeClock, pass } from "../support/fake-clock.ts";
import { lanes } from "./support/carriages.ts";
import type { Lane } from "./support/carriages.ts";
import { codeOf, expectNothingUnhandled, live, turn, untilAborted } from "./support/life.ts";
import type { Life } from "./support/life.ts";

expectNothingUnhandled();

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

async function drain(messages: AsyncIterable<unknown>): Promise<number> {
  let count = 0;
  for await (const _ of messages) count++;
  return count;
}

type Call = (on: Life, options: object) => Promise<unknown>;
const unary: readonly [string, Call] = [
  "unary",
  ({ client }, options) => client.greet({ name: "Ada" }, options),
];
const serverStream: readonly [string, Call] = [
  "server stream",
  ({ client }, options) => drain(client.watch({}, options)),
];
const clientStream: readonly [string, Call] = [
  "client stream",
  async ({ client }, options) => {
    const call = client.collect(options);
    await call.send({ name: "Ada" });
    return call.finish();
  },
];
const bidi: readonly [string, Call] = [
  "bidi",
  async ({ client }, options) => {
    const call = client.chat(options);
    await call.send({ name: "Ada" });
    call.closeSend();
    return drain(call);
  },
];

function kindsOf({ bidi: full }: Lane): (readonly [string, Call])[] {
  return full ? [unary, serverStream, clientStream, bidi] : [unary, serverStream, clientStream];
}

/** Handlers that tell when they have begun, and end with their call. */
function idle(): { handlers: GreetServiceHandlers; begun: Promise<void> } {
  const begun = Promise.withResolvers<void>();
  const sleep = (_: unknown, call: { signal: AbortSignal }): Promise<never> => {
    begun.resolve();
    return untilAborted(call.signal);
  };
  const generator = async function* (request: unknown, call: { signal: AbortSignal }): AsyncGenerator<never> {
    await sleep(request, call);
  };
  return {
    begun: begun.promise,
    handlers: { greet: sleep, collect: sleep, watch: generator, chat: generator },
  };
}

describe.each(lanes)("the first settle wins, every call settles once and closes once: %s", (_, lane) => {
  test.each(kindsOf(lane))("%s: success", async (_kind, call) => {
    const on = await live(lane, handlers);
    await call(on, { timeoutMs: 60_000 });
    await Promise.all([on.clientEnds.reach(1), on.serverEnds.reach(1)]);
    await on.close();
    expect(on.clientEnds.codes).toEqual(["ok"]);
    expect(on.serverEnds.all.map(({ code, delivered }) => [code, delivered])).toEqual([["ok", true]]);
  });

  test.each(kindsOf(lane))("%s: canceled by the client", async (_kind, call) => {
    const { handlers: sleeping, begun } = idle();
    const on = await live(lane, sleeping);
    const controller = new AbortController();
    const outcome = codeOf(call(on, { signal: controller.signal }));
    await begun;
    controller.abort();
    expect(await outcome).toBe("canceled");
    await Promise.all([on.clientEnds.reach(1), on.serverEnds.reach(1)]);
    await on.close();
    expect([on.clientEnds.codes, on.serverEnds.codes]).toEqual([["canceled"], ["canceled"]]);
    expect(on.errors).toEqual([]);
  });

  describe("its deadline", () => {
    fakeClock();

    test.each(kindsOf(lane))("%s: overdue", async (_kind, call) => {
      const { handlers: sleeping, begun } = idle();
      const on = await live(lane, sleeping);
      const outcome = codeOf(call(on, { timeoutMs: 60 }));
      await begun;
      pass(60);
      expect(await outcome).toBe("deadline_exceeded");
      await Promise.all([on.clientEnds.reach(1), on.serverEnds.reach(1)]);
      await on.close();
      expect([on.clientEnds.codes, on.serverEnds.codes]).toEqual([
        ["deadline_exceeded"],
        ["deadline_exceeded"],
      ]);
      expect(on.errors).toEqual([]);
    });
  });

  test.each(kindsOf(lane))("%s: a lost connection", async (_kind, call) => {
    const { handlers: sleeping, begun } = idle();
    const on = await live(lane, sleeping);
    const outcome = codeOf(call(on, {}));
    await begun;
    on.site.cut();
    expect(await outcome).toBe("unavailable");
    await Promise.all([on.clientEnds.reach(1), on.serverEnds.reach(1)]);
    await on.close();
    expect([on.clientEnds.codes, on.serverEnds.codes]).toEqual([["unavailable"], ["canceled"]]);
    expect(on.errors).toEqual([]);
  });

  test.each(kindsOf(lane))("%s: a handler's error", async (_kind, call) => {
    const fail = (): never => {
      throw new RpcError("aborted", "no");
    };
    const on = await live(lane, { greet: fail, watch: fail, collect: fail, chat: fail });
    expect(await codeOf(call(on, {}))).toBe("aborted");
    await Promise.all([on.clientEnds.reach(1), on.serverEnds.reach(1)]);
    await on.close();
    expect([on.clientEnds.codes, on.serverEnds.codes]).toEqual([["aborted"], ["aborted"]]);
  });

  test("closing the transport ends what runs, once, and what comes later at once", async () => {
    const { handlers: sleeping, begun } = idle();
    const on = await live(lane, sleeping);
    const running = codeOf(on.client.greet({}));
    await begun;
    const closing = on.transport.close();
    expect(await codeOf(on.client.greet({}))).toBe("canceled");
    expect(await running).toBe("canceled");
    await closing;
    await Promise.all([on.clientEnds.reach(2), on.serverEnds.reach(1)]);
    await on.close();
    expect([on.clientEnds.codes, on.serverEnds.codes]).toEqual([["canceled", "canceled"], ["canceled"]]);
  });

  test("reset against the handler's return: one outcome, many times over", async () => {
    const go: (() => void)[] = [];
    const on = await live(lane, {
      greet: () => new Promise((resolve) => go.push(() => resolve({ greeting: "late" }))),
    });
    const rounds = 20;
    for (let i = 0; i < rounds; i++) {
      const controller = new AbortController();
      const outcome = codeOf(on.client.greet({}, { signal: controller.signal }));
      while (go.length <= i) await new Promise((resolve) => setImmediate(resolve));
      // Alternately one before the other, in the same turn.
      if (i % 2 === 0) controller.abort();
      go[i]?.();
      controller.abort();
      expect(await outcome).toBe("canceled");
    }
    await Promise.all([on.clientEnds.reach(rounds), on.serverEnds.reach(rounds)]);
    await on.close();
    expect(on.clientEnds.all).toHaveLength(rounds);
    expect(on.serverEnds.all).toHaveLength(rounds);
  });

  describe("deadline against trailers: one outcome, whichever wins", () => {
    fakeClock();

    /** The reply is under way for as many turns of the event loop when the deadline strikes. */
    const turns = [0, 1, 2, 3, 4, 6, 8, 12, 16, 24];

    test.each(["reply first", "deadline first"] as const)("%s, many times over", async (order) => {
      let begun = Promise.withResolvers<() => void>();
      const on = await live(lane, {
        greet: () => new Promise((resolve) => begun.resolve(() => resolve({ greeting: "just so" }))),
      });
      const outcomes: string[] = [];
      for (const lead of turns) {
        begun = Promise.withResolvers();
        const outcome = codeOf(on.client.greet({}, { timeoutMs: 100 }));
        const steps = [await begun.promise, () => pass(200)];
        if (order === "deadline first") steps.reverse();
        steps[0]?.();
        for (let passed = 0; passed < lead; passed++) await turn();
        steps[1]?.();
        outcomes.push(await outcome);
      }
      if (order === "deadline first") expect(new Set(outcomes)).toEqual(new Set(["deadline_exceeded"]));
      else expect(outcomes.every((code) => code === "ok" || code === "deadline_exceeded")).toBe(true);
      await Promise.all([on.clientEnds.reach(turns.length), on.serverEnds.reach(turns.length)]);
      await on.close();
      expect(on.clientEnds.codes).toEqual(outcomes);
      expect(on.serverEnds.all).toHaveLength(turns.length);
    });
  });

  if (lane.bidi) {
    test("half-close after the final reply is harmless", async () => {
      const on = await live(lane, {
        async *chat() {
          yield { greeting: "all" };
        },
      });
      const call = on.client.chat();
      expect(await drain(call)).toBe(1);
      call.closeSend();
      expect(await call.send({ name: "late" })).toBe(false);
      await Promise.all([on.clientEnds.reach(1), on.serverEnds.reach(1)]);
      await on.close();
      expect([on.clientEnds.codes, on.serverEnds.codes]).toEqual([["ok"], ["ok"]]);
    });
  }
});
