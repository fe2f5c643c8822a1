import { AsyncLocalStorage } from "node:async_hooks";
import { contextKey } from "@millrace/node";
import type { Interceptor } from "@millrace/node";
import { describe, expect, test } from "vitest";
import { lanes } from "./support/carriages.ts";
import type { Lane } from "./support/carriages.ts";
import { codeOf, expectNothingUnhandled, live, never, untilAborted } from "./support/life.ts";

expectNothingUnhandled();

const users = new AsyncLocalStorage<string>();

/** Where code of a call runs, as its interceptor says. */
const entering: Interceptor = (call, next) =>
  users.run(call.requestHeaders.get("x-user") ?? "", () => next(call));
const as = (user: string) => ({ headers: { "x-user": user } });

/** A server behind; what it hears of the calls made to it. */
async function behind(lane: Lane) {
  const remaining: number[] = [];
  const reasons: string[] = [];
  const begun: (() => void)[] = [];
  const on = await live(lane, {
    greet: ({ name }, call) => {
      remaining.push(call.remainingMs);
      if (name !== "sleep") return { greeting: "quick" };
      call.signal.addEventListener("abort", () =>
        reasons.push((call.signal.reason as { code: string }).code),
      );
      for (const tell of begun.splice(0)) tell();
      return untilAborted(call.signal);
    },
  });
  return {
    on,
    client: on.client,
    remaining,
    reasons,
    asleep: () => new Promise<void>((resolve) => begun.push(resolve)),
  };
}

describe.each(lanes.filter(([, { contexts }]) => contexts))(
  "deadlines and cancellation flow from a handler into the calls it makes: %s",
  (_, lane) => {
    test("its deadline is theirs; detached takes none; behind its success it is none", async () => {
      const back = await behind(lane);
      const late = Promise.withResolvers<string>();
      const go = Promise.withResolvers<void>();
      const front = await live(lane, {
        greet: async () => {
          await back.client.greet({});
          await back.client.greet({}, { detached: true });
          void go.promise.then(() => late.resolve(codeOf(back.client.greet({}))));
          return {};
        },
      });
      await front.client.greet({}, { timeoutMs: 60_000 });
      await front.serverEnds.reach(1);
      go.resolve();
      expect(await late.promise).toBe("ok");
      const [inherited = 0, detached, behindSuccess] = back.remaining;
      expect(inherited).toBeGreaterThan(0);
      expect(inherited).toBeLessThanOrEqual(60_000);
      expect([detached, behindSuccess]).toEqual([Infinity, Infinity]);
    });

    test("its cancellation cancels them on the wire", async () => {
      const back = await behind(lane);
      const inner: Promise<string>[] = [];
      const front = await live(lane, {
        greet: () => {
          inner.push(codeOf(back.client.greet({ name: "sleep" })));
          return never();
        },
      });
      const controller = new AbortController();
      const asleep = back.asleep();
      const outer = codeOf(front.client.greet({}, { signal: controller.signal }));
      await asleep;
      controller.abort();
      expect(await outer).toBe("canceled");
      await back.on.serverEnds.reach(1);
      expect(await Promise.all(inner)).toEqual(["canceled"]);
      expect(back.reasons).toEqual(["canceled"]);
    });

    test("a shared connection opened inside a call keeps nothing of that call", async () => {
      const back = await behind(lane);
      const front = await live(
        lane,
        {
          // The first call opens the connection to the server behind, the second uses it.
          greet: async ({ name }, call) => {
            await back.client.greet({});
            if (name === "first") await untilAborted(call.signal);
            return { greeting: users.getStore() ?? "" };
          },
        },
        { app: { interceptors: [entering] } },
      );
      const controller = new AbortController();
      const first = codeOf(
        front.client.greet({ name: "first" }, { ...as("first"), signal: controller.signal }),
      );
      const second = await front.client.greet({ name: "second" }, as("second"));
      expect(second.greeting).toBe("second");
      controller.abort();
      expect(await first).toBe("canceled");
      await front.serverEnds.reach(2);
      // Neither the canceled call's end nor its context is left on the connection.
      expect(await codeOf(front.client.greet({ name: "third" }, as("third")))).toBe("ok");
      expect(back.on.clientEnds.codes).toEqual(["ok", "ok", "ok"]);
      if (lane.carriage.http === "2" && lane.carriage.sockets) expect(back.on.site.connections()).toBe(1);
    });

    test("the caller's own context does not travel, and is its own again behind each answer", async () => {
      const seen: unknown[] = [];
      const key = contextKey("user", "nobody");
      const on = await live(lane, {
        greet: (_request, call) => {
          seen.push(users.getStore(), call.values.get(key));
          return {};
        },
        async *watch() {
          seen.push(users.getStore());
          yield {};
          yield {};
        },
      });
      await users.run("caller", async () => {
        await on.client.greet({});
        expect(users.getStore()).toBe("caller");
        for await (const _message of on.client.watch({})) expect(users.getStore()).toBe("caller");
        expect(users.getStore()).toBe("caller");
      });
      expect(seen).toEqual([undefined, "nobody", undefined]);
    });

    test("interleaved generators keep their own, to their finally blocks", async () => {
      const left: string[] = [];
      const both = Promise.withResolvers<void>();
      const on = await live(
        lane,
        {
          async *watch(_request, call) {
            try {
              for (let i = 0; i < 3; i++) yield { greeting: users.getStore() ?? "nobody" };
              await untilAborted(call.signal);
            } finally {
              left.push(users.getStore() ?? "nobody");
              if (left.length === 2) both.resolve();
            }
          },
        },
        { app: { interceptors: [entering] } },
      );
      const a = on.client.watch({}, as("a"));
      const b = on.client.watch({}, as("b"));
      const seen: unknown[] = [];
      for (let i = 0; i < 3; i++) seen.push((await a.receive())?.greeting, (await b.receive())?.greeting);
      expect(seen).toEqual(["a", "b", "a", "b", "a", "b"]);
      // One ends both, from a context of its own.
      users.run("somebody else", () => {
        a.cancel();
        b.cancel();
      });
      await both.promise;
      expect(left.sort()).toEqual(["a", "b"]);
    });
  },
);
