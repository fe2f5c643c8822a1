import { describe, expect, test } from "vitest";
import { lanes } from "./support/carriages.ts";
import { expectNothingUnhandled, live } from "./support/life.ts";
import type { Life } from "./support/life.ts";

expectNothingUnhandled();

const ways: readonly [string, (on: Life, controller: AbortController) => void][] = [
  ["canceling", (_, controller) => controller.abort()],
  ["losing its connection", ({ site }) => site.cut()],
  ["closing its transport", ({ transport }) => void transport.close()],
];

describe.each(lanes)(
  "a client that goes away aborts the handler's signal at once, then its generator is returned: %s",
  (_, lane) => {
    test.each(ways)("%s, while the generator sleeps", async (_way, vanish) => {
      const events: string[] = [];
      const aborted = Promise.withResolvers<void>();
      const nap = Promise.withResolvers<void>();
      const left = Promise.withResolvers<void>();
      const on = await live(lane, {
        async *watch(_request, call) {
          call.signal.addEventListener("abort", () => {
            events.push("aborted");
            aborted.resolve();
          });
          try {
            yield { greeting: "one" };
            await nap.promise;
            events.push("awake");
            yield { greeting: "two" };
            events.push("never");
          } finally {
            events.push("finally");
            left.resolve();
          }
        },
      });
      const controller = new AbortController();
      const stream = on.client.watch({}, { signal: controller.signal });
      await stream.receive();
      vanish(on, controller);
      await Promise.all([aborted.promise, on.serverEnds.reach(1)]);
      expect(events).toEqual(["aborted"]);
      nap.resolve();
      await left.promise;
      expect(events).toEqual(["aborted", "awake", "finally"]);
      await on.close();
      expect(on.serverEnds.codes).toEqual(["canceled"]);
      expect(on.errors).toEqual([]);
    });

    test.each(ways)("%s, while the generator waits for room", async (_way, vanish) => {
      const left = Promise.withResolvers<void>();
      const on = await live(lane, {
        async *watch() {
          try {
            for (;;) yield { greeting: "x".repeat(100_000) };
          } finally {
            left.resolve();
          }
        },
      });
      const controller = new AbortController();
      const stream = on.client.watch({}, { signal: controller.signal });
      await stream.receive();
      vanish(on, controller);
      await Promise.all([left.promise, on.serverEnds.reach(1)]);
      await on.close();
      expect(on.serverEnds.codes).toEqual(["canceled"]);
      stream.cancel();
    });

    test.each(ways)("%s, while the handler waits for requests", async (_way, vanish) => {
      const outcome = Promise.withResolvers<string>();
      const begun = Promise.withResolvers<void>();
      const on = await live(lane, {
        async collect(requests) {
          try {
            await requests.receive();
            begun.resolve();
            await requests.receive();
            outcome.resolve("ended");
          } catch (error) {
            outcome.resolve((error as { code: string }).code);
            throw error;
          }
          return {};
        },
      });
      const controller = new AbortController();
      const call = on.client.collect({ signal: controller.signal });
      await call.send({ name: "Ada" });
      await begun.promise;
      vanish(on, controller);
      expect(await outcome.promise).toBe("canceled");
      await on.serverEnds.reach(1);
      await on.close();
      expect(on.serverEnds.codes).toEqual(["canceled"]);
      expect(on.errors).toEqual([]);
    });
  },
);
