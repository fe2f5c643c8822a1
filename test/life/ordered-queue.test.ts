import { describe, expect, test } from "vitest";
import { lanes } from "./support/carriages.ts";
import { codeOf, expectNothingUnhandled, live } from "./support/life.ts";

expectNothingUnhandled();

/** Small ones are unpacked at once, large ones off the event loop; all compress well. */
const sizes = [10, 1_000_000, 20, 700_000, 30, 40, 900_000, 50];
const textOf = (size: number, i: number): string => `${i}`.repeat(size);

describe.each(lanes)("inbound is one ordered queue whose steps may be asynchronous: %s", (_, lane) => {
  test.each(lane.compressions)(
    "messages unpacked off the loop keep their order, and the end its turn: %s",
    async (send) => {
      const compression = { send, minBytes: 100 };
      const seen: number[] = [];
      const on = await live(
        lane,
        {
          async collect(requests) {
            let count = 0n;
            for await (const { name } of requests) {
              seen.push(name.length);
              count++;
            }
            return { count };
          },
          async *watch() {
            for (const [i, size] of sizes.entries()) yield { greeting: textOf(size, i) };
          },
        },
        { app: { compression }, transport: { compression } },
      );
      expect((await on.client.collect(sizes.map((size, i) => ({ name: textOf(size, i) })))).count).toBe(8n);
      expect(seen).toEqual(sizes);
      const greetings: string[] = [];
      for await (const { greeting } of on.client.watch({})) greetings.push(greeting);
      expect(greetings).toEqual(sizes.map((size, i) => textOf(size, i)));
    },
  );

  test("the peer's status follows what is queued in front of it", async () => {
    const compression = { send: "gzip", minBytes: 100 };
    const on = await live(
      lane,
      {
        async *watch() {
          for (const [i, size] of sizes.entries()) yield { greeting: textOf(size, i) };
          throw new Error("and then this");
        },
      },
      { app: { compression } },
    );
    const lengths: number[] = [];
    const reading = async (): Promise<void> => {
      for await (const { greeting } of on.client.watch({})) lengths.push(greeting.length);
    };
    expect(await codeOf(reading())).toBe("unknown");
    expect(lengths).toEqual(sizes);
  });

  test("a cancellation does not wait for its turn, and discards what is queued", async () => {
    const compression = { send: "gzip", minBytes: 100 };
    const on = await live(
      lane,
      {
        async *watch(_request, call) {
          for (const [i, size] of sizes.entries()) yield { greeting: textOf(size, i) };
          await new Promise((resolve) => call.signal.addEventListener("abort", resolve));
        },
      },
      { app: { compression } },
    );
    const controller = new AbortController();
    const stream = on.client.watch({}, { signal: controller.signal });
    expect((await stream.receive())?.greeting).toBe(textOf(10, 0));
    controller.abort();
    expect(await codeOf(stream.receive())).toBe("canceled");
    await on.serverEnds.reach(1);
    expect(on.clientEnds.codes).toEqual(["canceled"]);
  });
});
