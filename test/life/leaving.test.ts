import type { ReplyStream } from "@millrace/node";
import { describe, expect, test } from "vitest";
import type { GreetReply } from "../../gen/greet/v1/greet_pb.ts";
import { lanes } from "./support/carriages.ts";
import { codeOf, expectNothingUnhandled, live, untilAborted } from "./support/life.ts";

expectNothingUnhandled();

const ways: readonly [string, (stream: ReplyStream<GreetReply>) => Promise<unknown>][] = [
  [
    "break",
    async (stream) => {
      for await (const _ of stream) break;
    },
  ],
  [
    "throw",
    async (stream) =>
      codeOf(
        (async () => {
          for await (const _ of stream) throw new Error("enough");
        })(),
      ),
  ],
  [
    "return() twice",
    async (stream) => {
      const iterator = stream[Symbol.asyncIterator]();
      await iterator.next();
      await iterator.return?.();
      await iterator.return?.();
    },
  ],
  [
    "await using",
    async (stream) => {
      await using held = stream;
      await held.receive();
    },
  ],
  [
    "cancel()",
    async (stream) => {
      await stream.receive();
      stream.cancel("enough");
    },
  ],
];

describe.each(lanes)("leaving an iteration cancels on the wire, once: %s", (_, lane) => {
  test.each(ways)("%s", async (_way, leave) => {
    const aborted = Promise.withResolvers<string>();
    const left = Promise.withResolvers<void>();
    const on = await live(lane, {
      async *watch(_request, call) {
        call.signal.addEventListener("abort", () =>
          aborted.resolve((call.signal.reason as { code: string }).code),
        );
        try {
          yield { greeting: "one" };
          await untilAborted(call.signal);
        } finally {
          left.resolve();
        }
      },
    });
    await leave(on.client.watch({}));
    expect(await aborted.promise).toBe("canceled");
    await left.promise;
    await Promise.all([on.clientEnds.reach(1), on.serverEnds.reach(1)]);
    await on.close();
    expect([on.clientEnds.codes, on.serverEnds.codes]).toEqual([["canceled"], ["canceled"]]);
    expect(on.errors).toEqual([]);
  });

  test("the connection serves the next call", async () => {
    const on = await live(lane, {
      async *watch(_request, call) {
        yield { greeting: "one" };
        await untilAborted(call.signal);
      },
      greet: () => ({ greeting: "next" }),
    });
    for await (const _ of on.client.watch({})) break;
    expect((await on.client.greet({})).greeting).toBe("next");
    if (lane.carriage.http === "2" && lane.carriage.sockets) expect(on.site.connections()).toBe(1);
  });
});
