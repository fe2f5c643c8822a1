import { describe, expect, test } from "vitest";
import type { Interceptor } from "@millrace/core";
import type { Compression } from "@millrace/core/host";
import type { GreetServiceHandlers } from "../../../../gen/greet/v1/greet_millrace.ts";
import { FakeHost } from "../support/fake-host.ts";
import { plainCompression } from "../support/fake-compression.ts";
import { protocols, stage } from "../support/stage.ts";
import type { Stage, StageOptions } from "../support/stage.ts";

const passing: Interceptor = (call, next) => next(call);

const handlers: Partial<GreetServiceHandlers> = {
  greet: () => ({ greeting: "hi" }),
  async *watch() {
    yield { greeting: "hi" };
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

/** What no codec takes for an int32, or for a message. */
const wrong = "x" as never;

/** Every kind of call, with a request that cannot be written. */
const sendingWrong: [string, string, (on: Stage) => Promise<unknown>][] = [
  ["unary", "greet.v1.GreetRequest", ({ client }) => client.greet({ mood: { level: wrong } })],
  ["server stream", "greet.v1.WatchRequest", ({ client }) => client.watch({ everyMs: wrong }).receive()],
  ["client stream", "greet.v1.GreetRequest", ({ client }) => client.collect([{ mood: { level: wrong } }])],
  ["bidi", "greet.v1.GreetRequest", ({ client }) => client.chat([{ mood: { level: wrong } }]).receive()],
];

/** Handlers with such responses. */
const answeringWrong: Partial<GreetServiceHandlers> = {
  greet: () => ({ places: [wrong] }),
  async *watch() {
    yield { places: [wrong] };
  },
  collect: () => ({ count: 2n ** 63n }),
  async *chat() {
    yield { places: [wrong] };
  },
};

const calling: [string, string, (on: Stage) => Promise<unknown>][] = [
  ["unary", "greet.v1.GreetReply", ({ client }) => client.greet({})],
  ["server stream", "greet.v1.GreetReply", ({ client }) => client.watch({}).receive()],
  ["client stream", "greet.v1.CollectReply", ({ client }) => client.collect([])],
  ["bidi", "greet.v1.GreetReply", ({ client }) => client.chat([{}]).receive()],
];

const cannot = (verb: string, typeName: string, why: string) => ({
  code: "internal",
  message: expect.stringMatching(new RegExp(`^cannot ${verb} ${typeName}${why}`)) as string,
});

describe.each(protocols)("a message that cannot be written: %s", (protocol) => {
  describe.each(["proto", "json"] as const)("%s", (codec) => {
    describe.each([
      ["without interceptors", []],
      ["behind an interceptor", [passing]],
    ])("%s", (_, interceptors) => {
      test.each(sendingWrong)("a request fails its call as internal: %s", async (_kind, typeName, call) => {
        const on = stage(handlers, { protocol, transport: { codec, interceptors } });
        await expect(call(on)).rejects.toMatchObject(cannot("encode", typeName, ": .*int32"));
      });

      // In JSON an int64 is a string, and a number that is too large is the peer's to refuse.
      const answered = calling.filter(([kind]) => codec === "proto" || kind !== "client stream");
      test.each(answered)("a response fails its call as internal: %s", async (_kind, typeName, call) => {
        const on = stage(answeringWrong, { protocol, transport: { codec }, app: { interceptors } });
        // Why quotes the message's values, which are for who serves alone.
        await expect(call(on)).rejects.toMatchObject(cannot("encode", typeName, "$"));
        expect(on.errors).toMatchObject([cannot("encode", typeName, ": ")]);
      });
    });
  });

  describe.each([
    [
      "at once",
      (): never => {
        throw new Error("no memory");
      },
    ],
    ["later", () => Promise.reject(new Error("no memory"))],
  ])("its compression fails %s", (_, pack: Compression["pack"]) => {
    class BrokenHost extends FakeHost {
      override compression(name: string): Compression | null {
        return name === "gzip" ? { ...plainCompression("gzip"), pack } : null;
      }
    }
    const compression = { send: "gzip", minBytes: 0 };
    const why = " with gzip: no memory$";
    const broken = (options: StageOptions): Stage =>
      stage(handlers, { protocol, host: new BrokenHost(), ...options });

    test.each([
      ["unary", "greet.v1.GreetRequest", ({ client }) => client.greet({ name: "x" })],
      ["server stream", "greet.v1.WatchRequest", ({ client }) => client.watch({ everyMs: 1 }).receive()],
      ["client stream", "greet.v1.GreetRequest", ({ client }) => client.collect([{ name: "x" }])],
      ["bidi", "greet.v1.GreetRequest", ({ client }) => client.chat([{ name: "x" }]).receive()],
    ] satisfies typeof calling)("a request: %s", async (_kind, typeName, call) => {
      const on = broken({ transport: { compression } });
      await expect(call(on)).rejects.toMatchObject(cannot("compress", typeName, why));
    });

    test.each(calling)("a response: %s", async (_kind, typeName, call) => {
      const on = broken({ app: { compression } });
      await expect(call(on)).rejects.toMatchObject(cannot("compress", typeName, " with gzip$"));
      expect(on.errors).toMatchObject([cannot("compress", typeName, why)]);
    });
  });
});

test.each([
  ["without interceptors", []],
  ["behind an interceptor", [passing]],
])("a handler that gives nothing has forgotten its return: %s", async (_, interceptors) => {
  const on = stage({ greet: () => undefined as never }, { app: { interceptors } });
  await expect(on.client.greet({})).rejects.toMatchObject({ code: "unknown", message: "unexpected error" });
  expect(String(on.errors[0])).toMatch(
    /the handler of \/greet.v1.GreetService\/Greet gave undefined where a message belongs/,
  );
});
