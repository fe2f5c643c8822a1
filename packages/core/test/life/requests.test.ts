import type { Interceptor, MessageStream } from "@millrace/core";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { GreetRequest } from "../../../../gen/greet/v1/greet_pb.ts";
import { codeOf, protocols, quiet, stage } from "../support/stage.ts";

const unhandled: unknown[] = [];
const note = (error: unknown): void => void unhandled.push(error);

beforeEach(() => {
  unhandled.length = 0;
  process.on("unhandledRejection", note);
});

afterEach(async () => {
  await quiet();
  process.off("unhandledRejection", note);
  expect(unhandled).toEqual([]);
});

/** Puts a sequence of its own in place of a handler's requests. */
const replaces: Interceptor = (call, next) => {
  if (call.kind !== "client_streaming" && call.kind !== "bidi_streaming") return next(call);
  const given = call.request as AsyncIterable<never>;
  const again = async function* (): AsyncGenerator<never> {
    for await (const message of given) yield message;
  };
  return next(call.with({ request: again() }));
};

describe.each(protocols)("a handler's requests, %s", (protocol) => {
  describe.each([
    ["without interceptors", undefined],
    ["behind an interceptor's sequence", [replaces]],
  ])("%s", (_, interceptors) => {
    test("after the loop was left there are none: receive() and another loop say so at once", async () => {
      const seen: unknown[] = [];
      const on = stage(
        {
          async collect(requests) {
            for await (const { name } of requests) {
              seen.push(name);
              break;
            }
            seen.push(await requests.receive());
            for await (const { name } of requests) seen.push(name);
            return { count: BigInt(seen.length) };
          },
        },
        { protocol, app: { interceptors } },
      );
      const call = on.client.collect();
      await call.send({ name: "one" });
      await call.send({ name: "two" });
      expect((await call.finish()).count).toBe(2n);
      expect(seen).toEqual(["one", undefined]);
    });

    const asks: readonly [string, (requests: MessageStream<GreetRequest>) => Promise<unknown>][] = [
      ["receive()", (requests) => requests.receive()],
      ["an iterator's next()", (requests) => requests[Symbol.asyncIterator]().next()],
    ];
    test.each(asks)(
      "%s that is not awaited yet when the client vanishes rejects for the handler alone",
      async (_name, ask) => {
        const work = Promise.withResolvers<void>();
        const outcome = Promise.withResolvers<string>();
        const on = stage(
          {
            async collect(requests) {
              const next = ask(requests);
              await work.promise;
              outcome.resolve(codeOf(next));
              return {};
            },
          },
          { protocol, app: { interceptors } },
        );
        const controller = new AbortController();
        const call = on.client.collect({ signal: controller.signal });
        await quiet();
        controller.abort();
        expect(await codeOf(call.finish())).toBe("canceled");
        await quiet();
        expect(on.serverEnds.map(({ code }) => code)).toEqual(["canceled"]);
        work.resolve();
        expect(await outcome.promise).toBe("canceled");
      },
    );
  });

  test("a receive() that waits while the loop is left is told that there are none", async () => {
    const on = stage(
      {
        async collect(requests) {
          const iterator = requests[Symbol.asyncIterator]();
          const waiting = requests.receive();
          await iterator.return?.();
          return { count: (await waiting) === undefined ? 0n : 1n };
        },
      },
      { protocol },
    );
    const call = on.client.collect();
    await call.send({ name: "one" });
    expect((await call.finish()).count).toBe(0n);
  });
});

describe.each(protocols.filter((protocol) => protocol !== "grpc"))(
  "where the client listens only when it has said everything, %s",
  (protocol) => {
    const caps = { http: "1.1", resets: false, request: "half", trailers: false } as const;
    const big = { name: "x".repeat(100_000) };

    test("a handler that leaves its requests is heard as soon as they have ended", async () => {
      const on = stage(
        {
          async *chat(requests, { signal }) {
            // The requests have been held back by now: they are many.
            await quiet();
            for await (const _ of requests) break;
            yield { greeting: "one" };
            await new Promise((_resolve, reject) => {
              signal.addEventListener("abort", () => reject(signal.reason as Error));
            });
          },
        },
        { protocol, memory: { caps }, transport: { halfDuplex: true } },
      );
      const call = on.client.chat(Array.from({ length: 30 }, () => big));
      expect((await call.receive())?.greeting).toBe("one");
      expect(on.serverEnds).toEqual([]);
      call.cancel();
    });

    test("what is read to no purpose is bounded: beyond it, requests wait for the handler's end", async () => {
      const go = Promise.withResolvers<void>();
      const on = stage(
        {
          async *chat(requests) {
            for await (const _ of requests) break;
            yield { greeting: "one" };
            await go.promise;
          },
        },
        { protocol, memory: { caps }, transport: { halfDuplex: true } },
      );
      let sent = 0;
      const requests = function* (): Generator<object> {
        for (; sent < 1000; sent++) yield big;
      };
      const call = on.client.chat(requests());
      await quiet();
      while (sent < 1000) {
        const before = sent;
        await quiet();
        if (sent === before) break;
      }
      expect(sent).toBeGreaterThan(40);
      expect(sent).toBeLessThan(60);
      go.resolve();
      expect((await call.receive())?.greeting).toBe("one");
      expect(await call.receive()).toBeUndefined();
    });
  },
);
