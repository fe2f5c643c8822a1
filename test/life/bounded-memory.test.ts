import { describe, expect, test } from "vitest";
import { lanes } from "./support/carriages.ts";
import { codeOf, expectNothingUnhandled, live } from "./support/life.ts";
import type { Life } from "./support/life.ts";

expectNothingUnhandled();

const bytes = 256 * 1024;
/** More than every buffer on the way can hold, those of the kernel included. */
const total = 400;

/** Lets the other side run as far as it will: a number of round trips, and no clock. */
async function roundTrips({ client }: Life): Promise<void> {
  for (let i = 0; i < 25; i++) await client.greet({});
}

describe.each(lanes)("memory is bounded both ways, whatever the peer's speed: %s", (_, lane) => {
  test("a client that never reads pauses the generator, and is not starved by it", async () => {
    let produced = 0;
    const on = await live(lane, {
      greet: () => ({}),
      async *watch() {
        for (; produced < total; produced++) yield { greeting: "x".repeat(bytes) };
      },
    });
    const stream = on.client.watch({});
    await stream.receive();
    await roundTrips(on);
    expect(produced).toBeLessThan(total / 2);
    stream.cancel();
    await on.close();
  });

  test("a handler that never reads pauses send(), and lets other calls through", async () => {
    const go = Promise.withResolvers<void>();
    const on = await live(lane, {
      greet: () => ({}),
      async collect(requests) {
        await requests.receive();
        await go.promise;
        return { count: 1n };
      },
    });
    const call = on.client.collect();
    let sent = 0;
    const upload = (async () => {
      for (; sent < total; sent++) if (!(await call.send({ name: "x".repeat(bytes) }))) return;
    })();
    await roundTrips(on);
    expect(sent).toBeLessThan(total / 2);
    go.resolve();
    expect((await call.finish().catch(() => ({ count: -1n }))).count).toBe(1n);
    await upload;
  });

  test.each([
    ["as they are", undefined],
    ...lane.compressions.map((send) => [`with ${send}`, { send, minBytes: 0 }] as const),
  ] as const)(
    "a receive limit holds for messages %s: equal passes, one byte more is resource_exhausted",
    async (_how, compression) => {
      const limit = 100_000;
      const on = await live(
        lane,
        { greet: ({ name }) => ({ greeting: name }) },
        {
          app: { compression, maxReceiveBytes: limit },
          transport: { compression, maxReceiveBytes: Infinity },
        },
      );
      // A tag and three bytes of length stand before the text.
      expect(await codeOf(on.client.greet({ name: "x".repeat(limit - 4) }))).toBe("ok");
      expect(await codeOf(on.client.greet({ name: "x".repeat(limit - 3) }))).toBe("resource_exhausted");
      const least = { maxReceiveBytes: limit };
      expect(await codeOf(on.client.greet({ name: "x".repeat(limit - 4) }, least))).toBe("ok");
      expect(
        await codeOf(on.client.greet({ name: "x".repeat(limit - 4) }, { maxReceiveBytes: limit - 1 })),
      ).toBe("resource_exhausted");
    },
  );
});
