// What a client's own user throws, aborts with and hands in: it ends that call, with a coded error, and nothing else.
import { describe, expect, test } from "vitest";
import { createClient, createInMemoryTransport, RpcError } from "@millrace/node";
import type { ClientOptions } from "@millrace/node";
import { GreetService } from "../../gen/greet/v1/greet_millrace.ts";
import type { GreetServiceClient } from "../../gen/greet/v1/greet_millrace.ts";
import { greeter } from "../support/greeter.ts";
import { expectQuiet } from "../support/quiet.ts";
import { thrower, thrown } from "./thrown.ts";

expectQuiet();

function client(options: ClientOptions = {}): GreetServiceClient {
  return createClient(GreetService, createInMemoryTransport(greeter()), options);
}

function raise(value: unknown): never {
  throw value;
}

async function failure(work: PromiseLike<unknown>): Promise<RpcError> {
  const error: unknown = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(Object.getPrototypeOf(error)).toBe(RpcError.prototype);
  return error as RpcError;
}

/** Those that have a text, which stays on the client's side. */
const texts: Readonly<Record<string, string>> = {
  "a text": "secret",
  "an error": "secret",
  "an error whose name is no text": "x",
  "a proxy that throws when asked for its keys": "hidden",
};

describe.each(thrown)("%s", (name, value) => {
  const told = { code: "unknown", message: texts[name] ?? "unexpected error" };

  test("thrown by a sequence of requests fails the call", async () => {
    const calls = client();
    async function* requests(): AsyncGenerator<{ name: string }> {
      yield { name: "one" };
      raise(value);
    }
    for (const error of [
      await failure(calls.collect(requests())),
      await failure(all(calls.chat(requests()))),
    ]) {
      expect(error).toMatchObject(told);
      expect(Object.is(error.cause, value)).toBe(true);
    }
    expect(await failure(calls.collect({ [Symbol.asyncIterator]: () => raise(value) }))).toMatchObject(told);
    expect((await calls.greet({ name: "Ada" })).greeting).toBe("Hello, Ada!");
  });

  test("as the reason of a signal cancels the call", async () => {
    const controller = new AbortController();
    const calls = client();
    const running = calls.chat({ signal: controller.signal });
    const received = running.receive();
    controller.abort(value);
    for (const work of [
      received,
      calls.greet({}, { signal: controller.signal }),
      calls.watch({}, { signal: controller.signal }).receive(),
      calls.collect([], { signal: controller.signal }),
    ])
      expect((await failure(work)).code).toBe("canceled");
  });

  test("thrown by an interceptor, before or behind the call, fails it", async () => {
    for (const calls of [
      client({ interceptors: [() => raise(value)] }),
      client({
        interceptors: [
          async (call, next) => {
            await next(call as never);
            return raise(value);
          },
        ],
      }),
    ]) {
      expect(await failure(calls.greet({}))).toMatchObject(told);
      expect(await failure(calls.watch({}).receive())).toMatchObject(told);
      expect(await failure(calls.collect([]))).toMatchObject(told);
    }
  });

  test("thrown out of a for await leaves the call, and is the loop's own", async () => {
    const calls = client();
    const caught: unknown[] = [];
    try {
      for await (const _ of calls.watch({})) raise(value);
    } catch (error) {
      caught.push(error);
    }
    expect(caught.length).toBe(1);
    expect(Object.is(caught[0], value)).toBe(true);
  });
});

test("an observer that throws at every step changes nothing", async () => {
  const { error } = console;
  console.error = () => {};
  try {
    const raising = (): never => raise(thrower("get"));
    const calls = client({
      observers: [raising, () => ({ headers: raising, sent: raising, received: raising, end: raising })],
    });
    expect((await calls.greet({ name: "Ada" })).greeting).toBe("Hello, Ada!");
    expect((await all(calls.watch({}))).length).toBe(2);
    expect((await calls.collect([{ name: "x" }])).count).toBe(1n);
  } finally {
    console.error = error;
  }
});

test.each([
  ["nothing", [undefined]],
  ["null", [null]],
  ["a number", [5]],
  [
    "a message whose fields throw",
    [Object.defineProperty({}, "name", { enumerable: true, get: () => raise(thrower("get")) })],
  ],
])(
  "requests that are %s fail their call, or are read as what they can be; nothing hangs",
  async (_name, requests: readonly unknown[]) => {
    const calls = client();
    for (const work of [calls.collect(requests as never[]), all(calls.chat(requests as never[]))]) {
      const result = await work.then(
        () => "ok",
        (error: unknown) => (error as RpcError).code,
      );
      expect(["ok", "internal", "unknown"]).toContain(result);
    }
    expect((await calls.greet({ name: "Ada" })).greeting).toBe("Hello, Ada!");
  },
);

async function all<T>(replies: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = [];
  for await (const reply of replies) list.push(reply);
  return list;
}
