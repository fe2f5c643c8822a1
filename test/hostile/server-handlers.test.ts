// Handlers and gates that do what they should not, seen by a peer that is not ours.
import { describe, expect, test } from "vitest";
import { RpcError } from "@millrace/node";
import type { App, HandlerCall } from "@millrace/node";
import { greeter } from "../support/greeter.ts";
import { said } from "../support/answer.ts";
import { envelope, greeting } from "../support/bytes.ts";
import type { Answer } from "../support/answer.ts";
import { expectQuiet } from "../support/quiet.ts";
import { thrower, thrown } from "./thrown.ts";
import { carriages, served } from "../support/served.ts";
import type { Served } from "../support/served.ts";
import { chat, collect, goodBody, greet, watch, wires } from "../support/wires.ts";
import type { Wire } from "../support/wires.ts";

expectQuiet();

const fixed = { code: "unknown", message: "unexpected error" };

function bodyOf(wire: Wire): Buffer {
  return goodBody(wire);
}

async function call(server: Served, wire: Wire, path = wire.path): Promise<Answer> {
  const single = path === wire.path ? bodyOf(wire) : wire.body(envelope(0, greeting("Ada")));
  return server.ask({ path, headers: ["content-type", wire.proto], body: single });
}

describe.each(carriages)("$name", (carriage) => {
  const here = wires.filter((wire) => wire.over.includes(carriage.http));
  const framed = here.filter((wire) => wire.framed && wire.name !== "gRPC-Web in text");

  test.each(thrown)(
    "%s, thrown by a handler, is unknown with a fixed text; onError has it whole",
    async (_name, value) => {
      const heard: unknown[] = [];
      let how: "sync" | "async" = "sync";
      const raise = (): never => {
        throw value;
      };
      const app: App = greeter(
        {
          // oxlint-disable-next-line prefer-promise-reject-errors -- that is what is tested
          greet: () => (how === "sync" ? raise() : Promise.reject(value)),
          watch: () => (how === "sync" ? raise() : failing(raise)),
          // oxlint-disable-next-line prefer-promise-reject-errors -- that is what is tested
          collect: () => (how === "sync" ? raise() : Promise.reject(value)),
          chat: () => (how === "sync" ? raise() : failing(raise)),
        },
        { onError: (error) => heard.push(error) },
      );
      await using server = await served(carriage, app);
      let count = 0;
      for (how of ["sync", "async"] as const) {
        for (const wire of here) {
          const answer = await call(server, wire);
          expect([wire.name, said(answer)]).toMatchObject([wire.name, fixed]);
          expect(answer.body.toString("latin1")).not.toContain("secret");
          count++;
        }
        for (const wire of framed) {
          for (const path of [watch, collect, chat]) {
            if (path === watch && wire.path === greet) continue;
            expect([path, said(await call(server, wire, path))]).toMatchObject([path, fixed]);
            count++;
          }
        }
      }
      expect(heard.length).toBe(count);
      expect(heard.every((error) => Object.is(error, value))).toBe(true);
      expect((await server.calls.ended(count)).every((end) => end.code === "unknown")).toBe(true);
    },
  );

  test("without onError the server says it on standard error, and goes on, whatever was thrown", async () => {
    const { error } = console;
    const printed: unknown[] = [];
    console.error = (...args: unknown[]) => {
      printed.push(args);
      // As console.error does with getters and inspect.custom.
      throw new Error("printing failed");
    };
    try {
      await using server = await served(carriage, {
        ...greeter({
          greet: () => {
            // oxlint-disable-next-line typescript/only-throw-error -- that is what is tested
            throw thrower("get");
          },
        }),
        onError: undefined,
      });
      for (const wire of here.filter(({ path }) => path === greet)) {
        expect(said(await call(server, wire))).toMatchObject(fixed);
      }
      expect(printed.length).toBe(here.length - 1);
    } finally {
      console.error = error;
    }
  });

  test("an onError that throws changes nothing for the client", async () => {
    const { error } = console;
    console.error = () => {};
    try {
      await using server = await served(
        carriage,
        greeter(
          {
            greet: () => {
              throw new Error("one");
            },
          },
          {
            onError: () => {
              throw new Error("two");
            },
          },
        ),
      );
      for (const wire of here.filter(({ path }) => path === greet)) {
        expect(said(await call(server, wire))).toMatchObject(fixed);
      }
    } finally {
      console.error = error;
    }
  });

  test("an RpcError whose message has every kind of character arrives as it is", async () => {
    const message = `100% "ü" 日本 \r\ngrpc-status: 0\r\n\t\0 \u007f 💥 %41`;
    await using server = await served(
      carriage,
      greeter({
        greet: () => {
          throw new RpcError("not_found", message);
        },
        async *watch() {
          yield { greeting: "one" };
          throw new RpcError("not_found", message);
        },
      }),
    );
    for (const wire of here) {
      expect([wire.name, said(await call(server, wire))]).toMatchObject([
        wire.name,
        { code: "not_found", message },
      ]);
    }
  });

  test("half a surrogate pair in a message does not break the answer", async () => {
    await using server = await served(
      carriage,
      greeter({
        greet: () => {
          throw new RpcError("not_found", "a\ud800b");
        },
      }),
    );
    for (const wire of here.filter(({ path }) => path === greet)) {
      expect(said(await call(server, wire)).code).toBe("not_found");
    }
  });

  test.each([
    ["undefined", undefined],
    ["null", null],
    ["a number", 5],
    ["a message of the wrong shape", { places: [5], count: "x" }],
    ["a function", () => {}],
    [
      "an object whose then throws",
      Object.defineProperty({}, "then", {
        get() {
          throw new Error("secret");
        },
      }),
    ],
    [
      "a thenable that throws",
      {
        // oxlint-disable-next-line unicorn/no-thenable -- that is what is tested
        then() {
          throw new Error("secret");
        },
      },
    ],
    [
      "a thenable that settles twice",
      {
        // oxlint-disable-next-line unicorn/no-thenable -- that is what is tested
        then(resolve: (value: unknown) => void, reject: (reason: unknown) => void) {
          reject(new Error("secret"));
          resolve({ greeting: "late" });
          reject(new Error("later"));
        },
      },
    ],
  ])("a handler that returns %s fails its own call alone", async (_name, value) => {
    await using server = await served(
      carriage,
      greeter({
        greet: (request) => (request.name === "Ada" ? (value as never) : { greeting: "good" }),
        watch: () => value as never,
        collect: () => value as never,
        chat: () => value as never,
      }),
    );
    for (const wire of here) {
      const answer = await call(server, wire);
      expect([wire.name, ["unknown", "internal"]]).toEqual([
        wire.name,
        expect.arrayContaining([said(answer).code]),
      ]);
      expect(answer.body.toString("latin1")).not.toContain("secret");
    }
    for (const wire of framed) {
      for (const path of [collect, chat]) {
        expect(["unknown", "internal"]).toContain(said(await call(server, wire, path)).code);
      }
    }
    const good = await server.ask({
      path: greet,
      headers: ["content-type", "application/json"],
      body: Buffer.from("{}"),
    });
    expect(good.body.toString()).toBe('{"greeting":"good"}');
  });

  test.each([
    ["throws a text", () => failing(() => raiseAny("secret"))],
    ["gives a message that cannot be written", () => list([{ places: [5] }])],
    ["gives nothing as a message", () => list([undefined])],
    ["has a next() that gives no result", () => ({ [Symbol.asyncIterator]: () => once(null) })],
    [
      "has a next() that throws",
      () => ({
        [Symbol.asyncIterator]: () =>
          once(undefined, () => {
            throw new Error("secret");
          }),
      }),
    ],
  ])(
    "a generator that, after its headers and a message, %s: the message, then the error",
    async (_name, make) => {
      const app = greeter({
        watch: (_request, context) => begun(context, make() as AsyncIterable<never>),
        chat: (_requests, context) => begun(context, make() as AsyncIterable<never>),
      });
      await using server = await served(carriage, app);
      for (const wire of framed) {
        const path = wire.path === watch ? watch : chat;
        const answer = await call(server, wire, path);
        expect(answer.headers.get("early")).toBe("yes");
        const { code, messages } = said(answer);
        expect([wire.name, messages.length]).toEqual([wire.name, 1]);
        expect(["unknown", "internal"]).toContain(code);
        expect(answer.body.toString("latin1")).not.toContain("secret");
      }
    },
  );

  test.each(["constructor", "__proto__", "tostring", "hasownproperty", "valueof"])(
    "trailers and headers may be named %s",
    async (name) => {
      await using server = await served(
        carriage,
        greeter({
          greet(_request, { responseHeaders, responseTrailers }) {
            responseHeaders.append(name, "1").append(name, "2");
            responseTrailers.append(name, "3").append(name, "4");
            return {};
          },
          async *watch(_request, { responseTrailers }) {
            responseTrailers.append(name, "3").append(name, "4");
            yield {};
          },
        }),
      );
      for (const wire of here) {
        const answer = await call(server, wire);
        expect([wire.name, said(answer).code]).toEqual([wire.name, "ok"]);
        if (wire.path === greet) expect(answer.headers.get(name)).toMatch(/^1, ?2$/);
        if (wire.name === "Connect unary") expect(answer.headers.get(`trailer-${name}`)).toMatch(/^3, ?4$/);
        if (wire.name === "a Connect stream")
          expect(answer.body.toString()).toContain(`{"${name}":["3","4"]}`);
        if (wire.name === "gRPC") expect(answer.trailers?.get(name)).toMatch(/^3, ?4$/);
        if (wire.name === "gRPC-Web")
          expect(answer.body.toString()).toContain(`${name}: 3\r\n${name}: 4\r\n`);
      }
    },
  );

  test("metadata set after they have left is refused, and does not reach the wire", async () => {
    const texts: unknown[] = [];
    await using server = await served(
      carriage,
      greeter(
        {
          async *watch(_request, { responseHeaders }) {
            yield { greeting: "one" };
            responseHeaders.set("late", "x");
          },
          greet(_request, context) {
            context.sendHeaders();
            context.responseHeaders.set("late", "x");
            return {};
          },
        },
        { onError: (error) => texts.push(String(error)) },
      ),
    );
    for (const wire of here) {
      const answer = await call(server, wire);
      expect(said(answer).code).toBe("internal");
      expect(said(answer).message).toContain("the response headers have left");
      expect(answer.headers.has("late")).toBe(false);
    }
  });

  test.each([
    ["throws", () => raiseAny("secret"), "unknown"],
    // oxlint-disable-next-line prefer-promise-reject-errors -- that is what is tested
    ["rejects", () => Promise.reject(undefined), "unknown"],
    ["refuses", () => raiseAny(new RpcError("unauthenticated", "who are you?")), "unauthenticated"],
    ["rejects with what cannot be looked at", async () => raiseAny(thrower("get")), "unknown"],
  ])("a gate that %s ends the call before its handler", async (_name, gate, code) => {
    let ran = 0;
    await using server = await served(
      carriage,
      greeter({ greet: () => ({ greeting: String(++ran) }) }, { gate }),
    );
    for (const wire of here) expect(said(await call(server, wire)).code).toBe(code);
    expect(ran).toBe(0);
  });

  test.each([
    ["throws a text", () => raiseAny("secret")],
    ["throws what cannot be looked at", () => raiseAny(thrower("get"))],
    ["gives nothing", () => undefined],
    ["gives something of its own", () => ({ message: {} })],
    [
      "gives an object whose then throws",
      () => Object.defineProperty({}, "then", { get: () => raiseAny("secret") }),
    ],
  ])("an interceptor that %s fails the call", async (_name, interceptor) => {
    await using server = await served(carriage, greeter({}, { interceptors: [interceptor as never] }));
    for (const wire of here) expect(["unknown", "internal"]).toContain(said(await call(server, wire)).code);
  });

  test("an observer that throws at every step changes nothing", async () => {
    const { error } = console;
    console.error = () => {};
    const raise = (): never => raiseAny(thrower("get"));
    try {
      await using server = await served(
        carriage,
        greeter(
          {},
          { observers: [raise, () => ({ headers: raise, sent: raise, received: raise, end: raise })] },
        ),
      );
      for (const wire of here) expect(said(await call(server, wire)).code).toBe("ok");
    } finally {
      console.error = error;
    }
  });
});

function raiseAny(value: unknown): never {
  throw value;
}

// oxlint-disable-next-line require-yield -- it fails before
async function* failing(raise: () => never): AsyncGenerator<never> {
  await Promise.resolve();
  raise();
}

async function* list(values: readonly unknown[]): AsyncGenerator {
  yield* values;
}

function once(result: unknown, next: () => unknown = () => result): AsyncIterator<unknown> {
  return { next: async () => next() as never };
}

/** Sends the headers and what may come before the failure. */
async function* begun(context: HandlerCall, rest: AsyncIterable<never>): AsyncGenerator<never> {
  context.responseHeaders.set("early", "yes");
  context.sendHeaders();
  yield { greeting: "one" } as never;
  yield* rest;
}
