import type { Interceptor, ReplyStream } from "@millrace/core";
import { describe, expect, test } from "vitest";
import type { GreetReply } from "../../../../gen/greet/v1/greet_pb.ts";
import { counts, countingConnector } from "../support/counting-connector.ts";
import type { Counts } from "../support/counting-connector.ts";
import { codeOf, protocols, quiet, stage } from "../support/stage.ts";
import type { Stage } from "../support/stage.ts";

interface Watched extends Stage {
  readonly counts: Counts;
  readonly signals: AbortSignal[];
  /** Generators whose finally block ran. */
  readonly left: () => number;
}

/** A server that streams two messages and then sleeps until it is told to stop. */
function watched(
  protocol: (typeof protocols)[number],
  interceptors: readonly Interceptor[] | undefined,
): Watched {
  const signals: AbortSignal[] = [];
  let left = 0;
  const seen = counts();
  const on = stage(
    {
      async *watch(_, call) {
        signals.push(call.signal);
        try {
          yield { greeting: "one" };
          yield { greeting: "two" };
          await new Promise<void>((resolve) => call.signal.addEventListener("abort", () => resolve()));
        } finally {
          left++;
        }
      },
      async *chat(requests) {
        for await (const { name } of requests) yield { greeting: name };
      },
    },
    { protocol, transport: { interceptors }, wrap: countingConnector(seen) },
  );
  return { ...on, counts: seen, signals, left: () => left };
}

const ways: readonly [string, (stream: ReplyStream<GreetReply>) => Promise<void>][] = [
  [
    "break",
    async (stream) => {
      for await (const _ of stream) break;
    },
  ],
  [
    "throw",
    async (stream) => {
      const leave = async (): Promise<void> => {
        for await (const _ of stream) throw new Error("enough");
      };
      await expect(leave()).rejects.toThrow("enough");
    },
  ],
  [
    "return() before the first message was read",
    async (stream) => {
      await quiet();
      await stream[Symbol.asyncIterator]().return?.();
    },
  ],
  [
    "return() twice",
    async (stream) => {
      const iterator = stream[Symbol.asyncIterator]();
      await iterator.next();
      expect(await iterator.return?.()).toEqual({ done: true, value: undefined });
      expect(await iterator.return?.()).toEqual({ done: true, value: undefined });
      expect(await iterator.next()).toEqual({ done: true, value: undefined });
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
    "cancel() twice",
    async (stream) => {
      await stream.receive();
      stream.cancel();
      stream.cancel("again");
    },
  ],
];

const passes: Interceptor = (call, next) => next(call);

describe.each(protocols)("leaving an iteration cancels, %s", (protocol) => {
  describe.each([
    ["without interceptors", undefined],
    ["with interceptors", [passes]],
  ])("%s", (_, interceptors) => {
    test.each(ways)("%s: on the wire, once", async (_way, leave) => {
      const on = watched(protocol, interceptors);
      await leave(on.client.watch({}));
      await quiet();
      expect(on.counts.resets).toEqual([8]);
      expect(on.signals.map(({ aborted }) => aborted)).toEqual([true]);
      expect(on.left()).toBe(1);
      expect(on.clientEnds.map(({ code }) => code)).toEqual(["canceled"]);
      expect(on.serverEnds.map(({ code }) => code)).toEqual(["canceled"]);
      expect(on.errors).toEqual([]);
    });

    test("what is left after its end is not canceled", async () => {
      const on = watched(protocol, interceptors);
      const call = on.client.chat([{ name: "one" }]);
      for await (const { greeting } of call) expect(greeting).toBe("one");
      await call[Symbol.asyncIterator]().return?.();
      call.cancel();
      await call[Symbol.asyncDispose]();
      await quiet();
      expect(on.counts.resets).toEqual([]);
      expect(await call.receive()).toBeUndefined();
      expect(on.clientEnds.map(({ code }) => code)).toEqual(["ok"]);
    });

    test("receive() takes one message and leaves the rest", async () => {
      const on = watched(protocol, interceptors);
      const call = on.client.chat([{ name: "one" }, { name: "two" }, { name: "three" }]);
      expect((await call.receive())?.greeting).toBe("one");
      const rest: string[] = [];
      for await (const { greeting } of call) rest.push(greeting);
      expect(rest).toEqual(["two", "three"]);
      expect(on.counts.resets).toEqual([]);
    });

    test("a call that is canceled with messages untaken drops them, and settles headers and trailers", async () => {
      const on = watched(protocol, interceptors);
      const call = on.client.chat([{ name: "one" }, { name: "two" }]);
      await quiet();
      call.cancel();
      expect(await codeOf(call.receive())).toBe("canceled");
      expect(await codeOf(call.trailers)).toBe("canceled");
    });

    test("leaving the requests of a sequence: the user's generator is returned when the call ends first", async () => {
      const on = watched(protocol, interceptors);
      let left = false;
      const requests = async function* (): AsyncGenerator<{ name: string }> {
        try {
          for (;;) yield { name: "again" };
        } finally {
          left = true;
        }
      };
      const call = on.client.chat(requests());
      for await (const _ of call) break;
      await quiet();
      expect(left).toBe(true);
      expect(on.counts.resets).toEqual([8]);
    });
  });

  test("trailers settle when the last message has been read", async () => {
    const on = stage(
      {
        async *watch(_, call) {
          call.responseTrailers.set("count", "1");
          yield { greeting: "one" };
        },
      },
      { protocol },
    );
    const stream = on.client.watch({});
    expect((await stream.receive())?.greeting).toBe("one");
    expect((await stream.trailers).get("count")).toBe("1");
  });
});
