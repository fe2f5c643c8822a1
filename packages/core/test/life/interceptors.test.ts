import { contextKey, createClient, implement, isCallTo, RpcError, setHeaders } from "@millrace/core";
import type { AnyCall, Interceptor, InterceptorCall, InterceptorReply, Next } from "@millrace/core";
import { connectTransport, createAccept, memoryConnector, serverProtocols } from "@millrace/core/host";
import { describe, expect, test } from "vitest";
import type { GreetReply, GreetRequest } from "../../../../gen/greet/v1/greet_pb.ts";
import { GreetService, GreetService_greet } from "../../../../gen/greet/v1/greet_millrace.ts";
import type { GreetServiceHandlers } from "../../../../gen/greet/v1/greet_millrace.ts";
import { FakeHost } from "../support/fake-host.ts";
import { counts, countingConnector } from "../support/counting-connector.ts";
import { codeOf, partsFor, protocols, quiet, stage } from "../support/stage.ts";
import type { Stage, StageOptions } from "../support/stage.ts";

const handlers: GreetServiceHandlers = {
  greet: ({ name }) => ({ greeting: `Hello, ${name}!` }),
  async *watch({ everyMs }) {
    yield { greeting: `one of ${everyMs}` };
    yield { greeting: `two of ${everyMs}` };
  },
  async collect(requests) {
    let count = 0n;
    for await (const { name } of requests) count += BigInt(name.length);
    return { count };
  },
  async *chat(requests) {
    for await (const { name } of requests) yield { greeting: `Hello, ${name}!` };
  },
};

type Side = "client" | "server";
const sides: readonly Side[] = ["client", "server"];

/** A stage with interceptors on one side. */
function withInterceptors(
  side: Side,
  interceptors: readonly Interceptor[],
  options: StageOptions = {},
): Stage {
  const given = side === "client" ? { transport: { interceptors } } : { app: { interceptors } };
  return stage(handlers, { ...options, ...given });
}

async function all(messages: AsyncIterable<GreetReply>): Promise<string[]> {
  const greetings: string[] = [];
  for await (const { greeting } of messages) greetings.push(greeting);
  return greetings;
}

const kinds: readonly [string, (on: Stage) => Promise<unknown>, unknown][] = [
  ["unary", async ({ client }) => (await client.greet({ name: "Ada" })).greeting, "Hello, Ada!"],
  ["server stream", ({ client }) => all(client.watch({ everyMs: 3 })), ["one of 3", "two of 3"]],
  [
    "client stream",
    async ({ client }) => (await client.collect([{ name: "Ada" }, { name: "Bo" }])).count,
    5n,
  ],
  [
    "bidi",
    ({ client }) => all(client.chat([{ name: "Ada" }, { name: "Bo" }])),
    ["Hello, Ada!", "Hello, Bo!"],
  ],
];

describe.each(sides)("interceptors on the %s", (side) => {
  test.each(kinds)("pass a call on as it is: %s", async (_, call, result) => {
    const on = withInterceptors(side, [(given, next) => next(given), async (given, next) => next(given)]);
    expect(await call(on)).toEqual(result);
  });

  test.each(kinds)("the first in the list is outermost: %s", async (_, call, result) => {
    const order: string[] = [];
    const named =
      (name: string): Interceptor =>
      async (given, next) => {
        order.push(`${name} in`);
        const reply = await next(given);
        order.push(`${name} out`);
        return reply;
      };
    const on = withInterceptors(side, [named("a"), named("b")]);
    expect(await call(on)).toEqual(result);
    expect(order).toEqual(["a in", "b in", "b out", "a out"]);
  });

  const rename = (message: object): void => {
    if ("name" in message) message.name = `${String(message.name)}${String(message.name)}`;
    if ("everyMs" in message) message.everyMs = Number(message.everyMs) * 2;
  };
  const results: Record<string, unknown> = {
    unary: "Hello, AdaAda!",
    "server stream": ["one of 6", "two of 6"],
    "client stream": 10n,
    bidi: ["Hello, AdaAda!", "Hello, BoBo!"],
  };

  describe.each([
    ["at once", false],
    ["asynchronously", true],
  ])("mapRequests() and mapResponses() %s", (_mode, later) => {
    test.each(kinds)("change each request of %s", async (kind, call) => {
      const on = withInterceptors(side, [
        (given, next) =>
          next(
            given.mapRequests((message) => {
              const changed = { ...message };
              rename(changed);
              return later ? Promise.resolve(changed) : changed;
            }),
          ),
      ]);
      expect(await call(on)).toEqual(results[kind]);
    });

    test.each(kinds)("change each response of %s", async (_kind, call, result) => {
      const on = withInterceptors(side, [
        async (given, next) => {
          const reply = await next(given);
          return reply.mapResponses((message) => {
            const changed = { ...message } as { greeting?: string; count?: bigint };
            if (changed.greeting !== undefined) changed.greeting += "?";
            if (changed.count !== undefined) changed.count += 1n;
            const done = changed as unknown as typeof message;
            return later ? Promise.resolve(done) : done;
          });
        },
      ]);
      const marked = (value: unknown): unknown =>
        typeof value === "bigint" ? value + 1n : `${String(value)}?`;
      expect(await call(on)).toEqual(Array.isArray(result) ? result.map(marked) : marked(result));
    });
  });

  test.each(kinds)("messages are complete, never init shapes: %s", async (_, call) => {
    const types = new Set<string>();
    const on = withInterceptors(side, [
      async (given, next) => {
        const seen = <T extends { $typeName: string }>(message: T): T => {
          types.add(message.$typeName);
          return message;
        };
        return (await next(given.mapRequests(seen))).mapResponses(seen);
      },
    ]);
    await call(on);
    expect([...types].every((name) => name.startsWith("greet.v1."))).toBe(true);
    expect(types.size).toBe(2);
  });

  test("a reply without next(): nothing below is asked", async () => {
    const seen = counts();
    let handled = 0;
    const interceptors: Interceptor[] = [
      async (given) => {
        const answer = { $typeName: "greet.v1.GreetReply", greeting: "from here", places: [] } as GreetReply;
        if (given.kind === "unary")
          return given.reply(answer, { headers: { "x-h": "1" }, trailers: { "x-t": "2" } });
        if (given.kind === "server_streaming" || given.kind === "bidi_streaming") {
          return given.reply([answer, answer] as unknown as AsyncIterable<GreetReply>, {
            trailers: { "x-t": "2" },
          });
        }
        throw new RpcError("unimplemented", "not here");
      },
    ];
    const on = stage(
      {
        greet: () => {
          handled++;
          return {};
        },
      },
      side === "client"
        ? { transport: { interceptors }, wrap: countingConnector(seen) }
        : { app: { interceptors }, wrap: countingConnector(seen) },
    );
    const { response, headers, trailers } = await on.client.greet({}).withMetadata();
    expect([response.greeting, headers.get("x-h"), trailers.get("x-t")]).toEqual(["from here", "1", "2"]);
    expect(handled).toBe(0);
    expect(seen.opened).toBe(side === "client" ? 0 : 1);
  });

  test("a stream answered without next()", async () => {
    const greeting = (text: string) =>
      ({ $typeName: "greet.v1.GreetReply", greeting: text, places: [] }) as GreetReply;
    const on = withInterceptors(side, [
      async (given, next) =>
        given.kind === "server_streaming" ? given.reply(eachOf(greeting("a"), greeting("b"))) : next(given),
    ]);
    expect(await all(on.client.watch({}))).toEqual(["a", "b"]);
  });

  test("next() twice: a unary call runs again", async () => {
    const on = withInterceptors(side, [
      async (given, next) => {
        await next(given);
        return next(given);
      },
    ]);
    expect((await on.client.greet({ name: "Ada" })).greeting).toBe("Hello, Ada!");
    await quiet();
    expect(on.clientEnds).toHaveLength(1);
    expect(on.host.timers).toBe(0);
  });

  test("next() twice: a retry after an error", async () => {
    let calls = 0;
    const retry: Interceptor = async (given, next) => {
      try {
        return await next(given);
      } catch {
        return next(given);
      }
    };
    const flaky: GreetServiceHandlers["greet"] = ({ name }) => {
      if (calls++ === 0) throw new RpcError("unavailable", "try again");
      return { greeting: name };
    };
    const on = stage(
      { greet: flaky },
      side === "client" ? { transport: { interceptors: [retry] } } : { app: { interceptors: [retry] } },
    );
    expect((await on.client.greet({ name: "Ada" })).greeting).toBe("Ada");
    await quiet();
    expect(on.clientEnds.map(({ code }) => code)).toEqual(["ok"]);
  });

  test.each([
    ["client stream", ({ client }: Stage) => client.collect([{ name: "Ada" }])],
    ["bidi", ({ client }: Stage) => all(client.chat([{ name: "Ada" }]))],
  ])("next() twice on a consumed request stream throws, naming the retry policy: %s", async (_, call) => {
    const on = withInterceptors(side, [
      async (given, next) => {
        const reply = await next(given);
        if (given.kind === "bidi_streaming")
          for await (const _message of reply.response as AsyncIterable<unknown>);
        return next(given);
      },
    ]);
    const error = await (call(on) as Promise<unknown>).then(
      () => undefined,
      (reason: unknown) => reason as RpcError,
    );
    expect(error).toMatchObject({ code: "internal" });
    expect(error?.message).toContain("retry policy");
  });

  test("with() changes headers of the copy alone, and replaces those of the same names", async () => {
    const seen: (string | undefined)[] = [];
    const outer: Interceptor = async (given, next) => {
      const reply = await next(given.with({ headers: { "x-user": "new", "x-more": "1" } }));
      seen.push(given.requestHeaders.get("x-user"));
      return reply;
    };
    const inner: Interceptor = async (given, next) => {
      seen.push(given.requestHeaders.getAll("x-user").join("|"), given.requestHeaders.get("x-more") ?? "");
      return next(given);
    };
    const on = withInterceptors(side, [outer, inner]);
    await on.client.greet({}, { headers: { "x-user": "old" } });
    expect(seen).toEqual(["new", "1", "old"]);
  });

  test("with() replaces the request", async () => {
    const on = withInterceptors(side, [
      async (given, next) =>
        isGreet(given)
          ? next(given.with({ request: { ...given.request, name: "Bo" } }) as AnyCall)
          : next(given),
    ]);
    expect((await on.client.greet({ name: "Ada" })).greeting).toBe("Hello, Bo!");
  });

  test("with({ timeoutMs }) only ever shortens, and ends what runs below", async () => {
    const remaining: number[] = [];
    const on = stage(
      { greet: () => new Promise(() => {}) },
      onSide(side, [
        (given, next) => {
          const longer = given.with({ timeoutMs: 9000 });
          const shorter = longer.with({ timeoutMs: 100 });
          remaining.push(longer.remainingMs, shorter.remainingMs);
          return next(shorter);
        },
      ]),
    );
    const code = codeOf(on.client.greet({}, { timeoutMs: 5000 }));
    await quiet();
    expect(remaining).toEqual([5000, 100]);
    on.host.advance(100);
    expect(await code).toBe("deadline_exceeded");
    await quiet();
    expect(on.host.timers).toBe(0);
  });

  test("with({ signal }) cancels what runs below, not the call", async () => {
    const controller = new AbortController();
    const on = stage(
      { greet: () => new Promise(() => {}) },
      onSide(side, [
        async (given, next) => {
          try {
            return await next(given.with({ signal: controller.signal }));
          } catch (error) {
            expect(error).toMatchObject({ code: "canceled" });
            const answer = {
              $typeName: "greet.v1.GreetReply",
              greeting: "instead",
              places: [],
            } as GreetReply;
            return (given as InterceptorCall<"unary">).reply(answer);
          }
        },
      ]),
    );
    const reply = on.client.greet({});
    await quiet();
    controller.abort();
    expect((await reply).greeting).toBe("instead");
  });

  test("a stream below with({ timeoutMs }) ends at that deadline", async () => {
    let left = false;
    const on = stage(
      {
        async *watch(_, call) {
          try {
            yield { greeting: "first" };
            await new Promise((resolve) => call.signal.addEventListener("abort", resolve));
          } finally {
            left = true;
          }
        },
      },
      onSide(side, [(given, next) => next(given.with({ timeoutMs: 100 }))]),
    );
    const stream = on.client.watch({});
    await stream.receive();
    const code = codeOf(stream.receive());
    await quiet();
    on.host.advance(100);
    expect(await code).toBe("deadline_exceeded");
    await quiet();
    expect(left).toBe(true);
    expect(on.host.timers).toBe(0);
  });

  test("values are shared down the chain", async () => {
    const key = contextKey("user", "nobody");
    const seen: string[] = [];
    const on = withInterceptors(side, [
      (given, next) => {
        given.values.set(key, "Ada");
        return next(given.with({ headers: { "x-a": "1" } }));
      },
      (given, next) => {
        seen.push(given.values.get(key));
        return next(given);
      },
    ]);
    await on.client.greet({});
    expect(seen).toEqual(["Ada"]);
  });

  test("headers and trailers rebuilt with call.reply() are carried along", async () => {
    const on = stage(
      {
        greet: (_, call) => {
          call.responseHeaders.set("x-head", "h");
          call.responseTrailers.set("x-trail", "t");
          return { greeting: "below" };
        },
        async *watch(_, call) {
          call.responseHeaders.set("x-head", "h");
          yield { greeting: "below" };
          call.responseTrailers.set("x-trail", "t");
        },
      },
      onSide(side, [
        async (given, next) => {
          const reply = await next(given);
          const rebuilt = given as InterceptorCall<"unary">;
          return rebuilt.reply(reply.response as GreetReply, { trailers: { "x-own": "o" } });
        },
      ]),
    );
    const unary = await on.client.greet({}).withMetadata();
    expect([unary.headers.get("x-head"), unary.trailers.get("x-trail"), unary.trailers.get("x-own")]).toEqual(
      ["h", "t", "o"],
    );
    const stream = on.client.watch({});
    expect(await all(stream)).toEqual(["below"]);
    expect((await stream.headers).get("x-head")).toBe("h");
    const trailers = await stream.trailers;
    expect(trailers.get("x-trail")).toBe("t");
  });

  test("a reply kept from an earlier call may answer another, with its metadata", async () => {
    let kept: InterceptorReply | undefined;
    let handled = 0;
    const on = stage(
      {
        greet: (_, call) => {
          call.responseHeaders.set("x-head", "h");
          call.responseTrailers.set("x-trail", String(++handled));
          return { greeting: "first" };
        },
      },
      onSide(side, [async (given, next) => (kept ??= await next(given))]),
    );
    for (let i = 0; i < 2; i++) {
      const { response, headers, trailers } = await on.client.greet({}).withMetadata();
      expect([response.greeting, headers.get("x-head"), trailers.get("x-trail")]).toEqual([
        "first",
        "h",
        "1",
      ]);
    }
    expect(handled).toBe(1);
  });

  const places: readonly [string, Interceptor][] = [
    [
      "before next()",
      () => {
        throw new RpcError("aborted", "here");
      },
    ],
    ["before next(), asynchronously", async () => Promise.reject(new RpcError("aborted", "here"))],
    [
      "behind next()",
      async (given, next) => {
        await next(given);
        throw new RpcError("aborted", "here");
      },
    ],
    [
      "with next() unawaited",
      async (given, next) => {
        void next(given);
        throw new RpcError("aborted", "here");
      },
    ],
    [
      "in mapRequests()",
      (given, next) =>
        next(
          given.mapRequests(() => {
            throw new RpcError("aborted", "here");
          }),
        ),
    ],
    [
      "in mapRequests(), asynchronously",
      (given, next) => next(given.mapRequests(() => Promise.reject(new RpcError("aborted", "here")))),
    ],
    [
      "in mapResponses()",
      async (given, next) =>
        (await next(given)).mapResponses(() => {
          throw new RpcError("aborted", "here");
        }),
    ],
    [
      "in mapResponses(), asynchronously",
      async (given, next) =>
        (await next(given)).mapResponses(() => Promise.reject(new RpcError("aborted", "here"))),
    ],
  ];

  describe.each(places)("an error thrown %s ends the call properly", (place, interceptor) => {
    test.each(kinds)("%s", async (kind, call) => {
      // A server stream's first message is a request like any other; a client stream has no response stream to map.
      const on = withInterceptors(side, [interceptor]);
      expect(await codeOf(call(on))).toBe("aborted");
      await quiet();
      expect(on.clientEnds.map(({ code }) => code)).toEqual(["aborted"]);
      expect(on.serverEnds.length).toBeLessThanOrEqual(1);
      expect(on.host.timers).toBe(0);
      expect(on.errors).toEqual([]);
      expect([place, kind]).toHaveLength(2);
    });
  });

  test.each(kinds)(
    "what is no RpcError becomes unknown, on a server with a fixed text: %s",
    async (_, call) => {
      const secret = new Error("secret");
      const on = withInterceptors(side, [
        () => {
          throw secret;
        },
      ]);
      const message = side === "server" ? "unexpected error" : "secret";
      await expect(call(on)).rejects.toMatchObject({ code: "unknown", message });
      expect(on.errors).toEqual(side === "server" ? [secret] : []);
    },
  );

  test.each([
    ["nothing", () => undefined],
    ["a bare message", () => ({ greeting: "hi" })],
  ])("an interceptor that returns %s is told", async (_, result) => {
    const on = withInterceptors(side, [async () => result() as unknown as InterceptorReply]);
    const error = (await on.client.greet({}).catch((reason: unknown) => reason)) as RpcError;
    expect(error.code).toBe("internal");
    expect(error.message).toContain("call.reply()");
  });

  test("next() with something that is no call is told", async () => {
    const on = withInterceptors(side, [(_, next) => next({} as AnyCall)]);
    const error = (await on.client.greet({}).catch((reason: unknown) => reason)) as RpcError;
    expect(error.code).toBe("internal");
    expect(error.message).toContain("call.with()");
  });

  test("setHeaders() sets request headers of every call", async () => {
    const seen: (string | undefined)[] = [];
    const inner: Interceptor = (given, next) => {
      seen.push(given.requestHeaders.get("x-fixed"), given.requestHeaders.get("x-path"));
      return next(given);
    };
    const dynamic = setHeaders(async (call) => ({ "x-path": call.method.name }));
    const on = withInterceptors(side, [setHeaders({ "x-fixed": "1" }), dynamic, inner]);
    await on.client.greet({});
    expect(seen).toEqual(["1", "Greet"]);
  });
});

function onSide(side: Side, interceptors: readonly Interceptor[]): StageOptions {
  return side === "client" ? { transport: { interceptors } } : { app: { interceptors } };
}

function isGreet(call: AnyCall): call is AnyCall & InterceptorCall<"unary", GreetRequest, GreetReply> {
  return isCallTo(call, GreetService_greet);
}

async function* eachOf(...messages: GreetReply[]): AsyncGenerator<GreetReply> {
  yield* messages;
}

test("a client's interceptors run outside its transport's, an App's outside its service's", async () => {
  const order: string[] = [];
  const named =
    (name: string): Interceptor =>
    (call, next) => {
      order.push(name);
      return next(call);
    };
  const host = new FakeHost();
  const accept = createAccept(host, serverProtocols, {
    interceptors: [named("app")],
    services: [implement(GreetService, handlers, { interceptors: [named("service")] })],
  });
  const connector = memoryConnector(accept, host);
  const transport = connectTransport(partsFor(host, connector, "grpc"), {
    interceptors: [named("transport")],
  });
  const client = createClient(GreetService, transport, { interceptors: [named("client")] });
  await client.greet({});
  expect(order).toEqual(["client", "transport", "app", "service"]);
});

describe("requests that are sent one by one, behind interceptors", () => {
  test("a message that cannot be encoded ends the call, as without interceptors", async () => {
    const unreadable = {
      get name(): string {
        throw new Error("no");
      },
    };
    for (const interceptors of [undefined, [((call, next) => next(call)) satisfies Interceptor]]) {
      const on = stage(handlers, { transport: { interceptors } });
      const call = on.client.collect();
      await expect(call.send(unreadable)).rejects.toMatchObject({ code: "internal" });
      expect(await codeOf(call.finish())).toBe("internal");
      await quiet();
      expect(on.clientEnds.map(({ code }) => code)).toEqual(["internal"]);
    }
  });

  test("an interceptor that reads them hears of the call's end, not of a complete stream", async () => {
    const heard: string[] = [];
    const reader: Interceptor = async (call, next) => {
      if (call.kind !== "client_streaming") return next(call);
      try {
        for await (const { $typeName } of call.request) heard.push($typeName);
        heard.push("complete");
      } catch (error) {
        heard.push((error as RpcError).code);
      }
      throw new RpcError("aborted", "read");
    };
    const on = stage(handlers, { transport: { interceptors: [reader] } });
    const call = on.client.collect();
    await call.send({ name: "Ada" });
    await quiet();
    call.cancel();
    await quiet();
    expect(heard).toEqual(["greet.v1.GreetRequest", "canceled"]);
  });

  test("send() waits while an interceptor does not take", async () => {
    const go = Promise.withResolvers<void>();
    const on = stage(handlers, {
      transport: {
        interceptors: [
          async (call, next) => {
            await go.promise;
            return next(call);
          },
        ],
      },
    });
    const call = on.client.collect();
    let sent = false;
    const sending = call.send({ name: "Ada" }).then((room) => {
      sent = true;
      return room;
    });
    await quiet();
    expect(sent).toBe(false);
    go.resolve();
    expect(await sending).toBe(true);
    expect((await call.finish()).count).toBe(3n);
  });
});

describe("a call's interceptors that go on after it has ended", () => {
  test("what they left on the wire is canceled", async () => {
    const on = stage(
      { greet: () => new Promise(() => {}) },
      {
        transport: {
          interceptors: [
            async (call, next) => {
              next(call).catch(() => {});
              await quiet();
              return (call as InterceptorCall<"unary">).reply({
                $typeName: "greet.v1.GreetReply",
                greeting: "own",
                places: [],
              } as GreetReply);
            },
          ],
        },
      },
    );
    expect((await on.client.greet({})).greeting).toBe("own");
    await quiet();
    expect(on.serverEnds.map(({ code }) => code)).toEqual(["canceled"]);
    expect(on.clientEnds.map(({ code }) => code)).toEqual(["ok"]);
  });

  test("a next() behind the call's end sends nothing", async () => {
    const seen = counts();
    const late = Promise.withResolvers<string>();
    let kept: { call: AnyCall; next: Next } | undefined;
    const on = stage(handlers, {
      wrap: countingConnector(seen),
      transport: {
        interceptors: [
          (call, next) => {
            kept = { call, next };
            return next(call);
          },
        ],
      },
    });
    await on.client.greet({});
    await quiet();
    if (kept !== undefined) late.resolve(codeOf(kept.next(kept.call)));
    expect(await late.promise).toBe("canceled");
    expect(seen.opened).toBe(1);
  });
});

describe.each(protocols)("interceptors know the call, %s", (protocol) => {
  test("side, kind, method, protocol, headers", async () => {
    const seen: unknown[] = [];
    const look: Interceptor = (call, next) => {
      seen.push([call.side, call.kind, call.method.path, call.protocol, call.requestHeaders.get("x-a")]);
      return next(call);
    };
    const on = stage(handlers, {
      protocol,
      transport: { interceptors: [look] },
      app: { interceptors: [look] },
    });
    await on.client.greet({}, { headers: { "x-a": "1" } });
    expect(seen).toEqual([
      ["client", "unary", "/greet.v1.GreetService/Greet", protocol, "1"],
      ["server", "unary", "/greet.v1.GreetService/Greet", protocol, "1"],
    ]);
  });
});

test.each(protocols)(
  "headers over %s: the call's win over the client's, these over the transport's; interceptors win over all, the inner over the outer",
  async (protocol) => {
    const got: (string | undefined)[] = [];
    const on = stage(
      {
        greet: (_, { requestHeaders }) => {
          got.push(...["a", "b", "c", "d", "e"].map((name) => requestHeaders.getAll(name).join()));
          return {};
        },
      },
      {
        protocol,
        transport: {
          headers: { a: "transport", b: "transport", c: "transport", d: "transport", e: "transport" },
          interceptors: [setHeaders({ e: "the transport's interceptor" })],
        },
        client: {
          headers: { b: "client", c: "client", d: "client", e: "client" },
          interceptors: [setHeaders({ d: "the client's interceptor", e: "the client's interceptor" })],
        },
      },
    );
    await on.client.greet({}, { headers: { c: "call", d: "call", e: "call" } });
    expect(got).toEqual([
      "transport",
      "client",
      "call",
      "the client's interceptor",
      "the transport's interceptor",
    ]);
  },
);
