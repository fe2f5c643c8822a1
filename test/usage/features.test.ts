// Each feature that usage.ts shows, run once: over the in-memory transport, and where a socket matters over serve().
import { create, createRegistry, isMessage } from "@bufbuild/protobuf";
import type { Message } from "@bufbuild/protobuf";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, test } from "vitest";
import { fromDescriptor } from "@millrace/core/reflect";
import {
  callBidi,
  callClientStream,
  callServerStream,
  callUnary,
  contextKey,
  contextValues,
  createClient,
  createInMemoryTransport,
  createNodeHandler,
  createTransport,
  errorDetail,
  findDetails,
  implement,
  implementPartial,
  isCallTo,
  RpcError,
  serve,
  setHeaders,
} from "@millrace/node";
import type {
  App,
  CallEnd,
  Gate,
  HandlerCall,
  Init,
  Interceptor,
  MessageStream,
  Observer,
} from "@millrace/node";
import {
  GreetService as GreetDesc,
  GreetReplySchema,
  GreetRequestSchema,
  MoodSchema,
  OddService as OddDesc,
} from "../../gen/greet/v1/greet_pb.ts";
import type { CollectReply, GreetReply, GreetRequest, WatchRequest } from "../../gen/greet/v1/greet_pb.ts";
import {
  GreetService,
  GreetService_chat,
  GreetService_collect,
  GreetService_greet,
  GreetService_watch,
  GreetServiceLite,
  OddService,
} from "../../gen/greet/v1/greet_millrace.ts";
import type { GreetServiceClient, GreetServiceHandlers } from "../../gen/greet/v1/greet_millrace.ts";

class Greeter implements GreetServiceHandlers {
  readonly #hello: string;
  constructor(hello: string) {
    this.#hello = hello;
  }
  greet: GreetServiceHandlers["greet"] = async (request) => this.#reply(request.name);
  async *watch(_request: WatchRequest, call: HandlerCall): AsyncGenerator<Init<GreetReply>> {
    call.responseTrailers.set("b", "trailer");
    call.responseHeaders.set("a", "header");
    for (let n = 0; n < 3; n++) yield this.#reply(String(n));
  }
  async collect(requests: MessageStream<GreetRequest>, call: HandlerCall): Promise<Init<CollectReply>> {
    let count = 0n;
    for await (const _ of requests) count++;
    call.responseTrailers.set("counted", String(count));
    return { count };
  }
  async *chat(requests: MessageStream<GreetRequest>): AsyncGenerator<Init<GreetReply>> {
    for await (const request of requests) yield this.#reply(request.name);
  }
  #reply(name: string): Init<GreetReply> {
    return { greeting: `${this.#hello}, ${name}` };
  }
}

const hello: App = { services: [implement(GreetService, new Greeter("Hi"))] };

function clientOf(app: App): GreetServiceClient {
  return createClient(GreetService, createInMemoryTransport(app));
}

async function texts(replies: AsyncIterable<GreetReply>): Promise<string[]> {
  const greetings: string[] = [];
  for await (const reply of replies) greetings.push(reply.greeting);
  return greetings;
}

async function failure(work: PromiseLike<unknown>): Promise<RpcError> {
  return RpcError.from(
    await Promise.resolve(work).then(
      () => undefined,
      (error: unknown) => error,
    ),
  );
}

test("a class instance implements a service, private fields and field-style methods included", async () => {
  const greeter = clientOf(hello);
  expect((await greeter.greet({ name: "Ada" })).greeting).toBe("Hi, Ada");
  expect(await texts(greeter.watch({}))).toEqual(["Hi, 0", "Hi, 1", "Hi, 2"]);
  expect(await texts(greeter.chat([{ name: "x" }, { name: "y" }]))).toEqual(["Hi, x", "Hi, y"]);
});

test("a handler sees the call: headers both ways, binary trailers, values, method, protocol, peer", async () => {
  const user = contextKey<string>("user");
  const tenant = contextKey("tenant", "default");
  const gate: Gate = async (call) => {
    call.values.set(user, await Promise.resolve(call.requestHeaders.get("authorization") ?? "nobody"));
  };
  const app: App = {
    services: [
      implementPartial(
        GreetService,
        {
          greet: (_request, call) => {
            call.responseHeaders.set("x-served-by", "a");
            call.sendHeaders();
            call.responseTrailers.set("cost-bin", new Uint8Array([1, 2]));
            const { method, protocol, remainingMs, peer, values, signal } = call;
            return {
              greeting: [
                values.require(user),
                values.get(tenant),
                method.path,
                protocol,
                remainingMs,
                peer?.address,
                signal.aborted,
              ].join(" "),
            };
          },
        },
        { gate, interceptors: [], observers: [] },
      ),
    ],
  };
  const { response, headers, trailers } = await clientOf(app)
    .greet(
      {},
      {
        headers: { authorization: "Ada", tags: ["a", "b"], "id-bin": new Uint8Array(2), skipped: undefined },
      },
    )
    .withMetadata();
  expect(response.greeting).toBe("Ada default /greet.v1.GreetService/Greet connect Infinity memory false");
  expect(headers.get("x-served-by")).toBe("a");
  expect(trailers.getBinary("cost-bin")).toEqual(new Uint8Array([1, 2]));
});

test("a gate refuses with metadata, which reach the client", async () => {
  const closed: Gate = () => {
    throw new RpcError("unauthenticated", "log in first", { metadata: { "www-authenticate": "Bearer" } });
  };
  const error = await failure(clientOf({ ...hello, gate: closed }).greet({}));
  expect([error.code, error.message, error.metadata.get("www-authenticate"), error.isRemote]).toEqual([
    "unauthenticated",
    "log in first",
    "Bearer",
    true,
  ]);
});

test("a relay gives another call's result as its own, for each kind", async () => {
  const backend = clientOf(hello);
  const relay: GreetServiceHandlers = {
    greet: (request) => backend.greet(request),
    watch: (request) => backend.watch(request),
    collect: (requests) => backend.collect(requests),
    chat: (requests) => backend.chat(requests),
  };
  const front = clientOf({ services: [implement(GreetService, relay)] });
  expect((await front.greet({ name: "Ada" })).greeting).toBe("Hi, Ada");
  const watch = front.watch({});
  expect(await texts(watch)).toHaveLength(3);
  expect((await watch.trailers).get("b")).toBe("trailer");
  const collected = await front.collect([{}, {}, {}]).withMetadata();
  expect([collected.response.count, collected.trailers.get("counted")]).toEqual([3n, "3"]);
  expect(await texts(front.chat([{ name: "x" }]))).toEqual(["Hi, x"]);
});

test("what a partial implementation leaves out answers unimplemented", async () => {
  const client = clientOf({ services: [implementPartial(GreetService, {})] });
  expect((await failure(client.greet({}))).code).toBe("unimplemented");
  expect((await failure(client.collect([]))).code).toBe("unimplemented");
});

test("an incomplete or foreign implementation is refused at construction, naming the handler", () => {
  expect(() => implement(GreetService, {} as never)).toThrow(
    'handler "greet" of greet.v1.GreetService is missing',
  );
  expect(() => implementPartial(GreetService, { greet: 1 as never })).toThrow(
    'handler "greet" of greet.v1.GreetService is number',
  );
  const once = implementPartial(GreetService, {});
  expect(() => createInMemoryTransport({ services: [once, once] })).toThrow(
    "greet.v1.GreetService is in the App twice",
  );
});

test("one App serves from serve() and from a user's own server at the same time", async () => {
  await using server = await serve({ ...hello, port: 0, host: "127.0.0.1" });
  const own = createServer(createNodeHandler(hello)).listen(0, "127.0.0.1");
  try {
    await new Promise((listening) => own.once("listening", listening));
    const ownUrl = `http://127.0.0.1:${(own.address() as AddressInfo).port}`;
    for (const baseUrl of [server.url, ownUrl]) {
      await using transport = createTransport({ baseUrl });
      expect((await createClient(GreetService, transport).greet({ name: "Ada" })).greeting).toBe("Hi, Ada");
    }
  } finally {
    own.close();
  }
});

test("transport options set headers on every call, fixed or made for it", async () => {
  const app: App = {
    services: [
      implementPartial(GreetService, {
        greet: (_request, call) => ({
          greeting: ["x-a", "authorization", "x-client"]
            .map((name) => call.requestHeaders.get(name))
            .join(" "),
        }),
      }),
    ],
  };
  const interceptors = [
    setHeaders({ "x-a": "1" }),
    setHeaders(async () => ({ authorization: `Bearer ${await Promise.resolve("t")}` })),
  ];
  const transport = createInMemoryTransport(app, { interceptors });
  const client = createClient(GreetService, transport, { headers: { "x-client": "c" } });
  expect((await client.greet({})).greeting).toBe("1 Bearer t c");
});

test("requests may be init shapes or messages, headers a Headers; calls are real promises and can be destructured", async () => {
  const greeter = clientOf(hello);
  const { greet } = greeter;
  const asPromise: Promise<GreetReply> = greet(create(GreetRequestSchema, { name: "a" }), {
    headers: new Headers({ x: "1" }),
  });
  expect(asPromise).toBeInstanceOf(Promise);
  const [a, b] = await Promise.all([
    asPromise,
    greet({ name: "b", to: { case: "place", value: { name: "x" } } }),
  ]);
  expect([a.greeting, b.greeting]).toEqual(["Hi, a", "Hi, b"]);
});

test("a stream's headers, first message, rest and trailers can be had one by one; cancel() ends it", async () => {
  const greeter = clientOf(hello);
  {
    await using watch = greeter.watch({});
    expect((await watch.headers).get("a")).toBe("header");
    expect((await watch.receive())?.greeting).toBe("Hi, 0");
    expect(await texts(watch)).toEqual(["Hi, 1", "Hi, 2"]);
    expect((await watch.trailers).get("b")).toBe("trailer");
  }
  const canceled = greeter.watch({});
  canceled.cancel("enough");
  const error = await failure(canceled.receive());
  expect([error.code, error.message]).toEqual(["canceled", "the call was canceled: enough"]);
});

test("a client stream: send() says whether to go on, finish() gives one promise", async () => {
  const greeter = clientOf(hello);
  const upload = greeter.collect();
  expect(await upload.send({ name: "a" })).toBe(true);
  const finished = upload.finish();
  expect(upload.finish()).toBe(finished);
  expect((await finished).count).toBe(1n);
  expect((await upload.finish().withMetadata()).trailers.get("counted")).toBe("1");
  async function* names(): AsyncGenerator<Init<GreetRequest>> {
    yield { name: "a" };
    yield create(GreetRequestSchema);
  }
  expect((await greeter.collect(names(), { timeoutMs: 10_000 })).count).toBe(2n);
});

test("a bidi call answers while requests still come, and survives an async return", async () => {
  const greeter = clientOf(hello);
  const open = async () => greeter.chat();
  const chat = await open();
  await chat.send({ name: "x" });
  expect((await chat.receive())?.greeting).toBe("Hi, x");
  await chat.send({ name: "y" });
  expect((await chat.receive())?.greeting).toBe("Hi, y");
  chat.closeSend();
  expect(await chat.receive()).toBeUndefined();
});

test("methods whose names clash with JavaScript are called by their suffixed names", async () => {
  const app: App = {
    services: [
      implement(OddService, {
        then$: () => ({ greeting: "then" }),
        constructor$: () => ({ greeting: "constructor" }),
        close: () => ({ greeting: "close" }),
        async *send(requests) {
          for await (const request of requests) yield { greeting: request.name };
        },
      }),
    ],
  };
  for (const service of [OddService, fromDescriptor(OddDesc)]) {
    const makeOdd = async () => createClient(service, createInMemoryTransport(app));
    const odd = await makeOdd();
    expect(Object.keys(odd)).toEqual(["then$", "constructor$", "close", "send"]);
    expect((await odd.then$({})).greeting).toBe("then");
    expect((await odd.constructor$({})).greeting).toBe("constructor");
    expect((await odd.close({})).greeting).toBe("close");
    const sending = odd.send();
    await sending.send({ name: "sent" });
    expect((await sending.receive())?.greeting).toBe("sent");
    sending.cancel();
  }
});

test("one method can be called alone, over a transport", async () => {
  const transport = createInMemoryTransport(hello);
  expect(
    (await callUnary(transport, GreetService_greet, { name: "Ada" }, { timeoutMs: 10_000 })).greeting,
  ).toBe("Hi, Ada");
  expect(await texts(callServerStream(transport, GreetService_watch, { everyMs: 1 }))).toHaveLength(3);
  expect((await callClientStream(transport, GreetService_collect).finish()).count).toBe(0n);
  const chat = callBidi(transport, GreetService_chat);
  chat.closeSend();
  expect(await chat.receive()).toBeUndefined();
});

test("a bare descriptor, and one out of a registry, become services", async () => {
  const viaDescriptor = createClient(fromDescriptor(GreetDesc), createInMemoryTransport(hello));
  expect((await viaDescriptor.greet({ name: "x" })).greeting).toBe("Hi, x");
  const found = createRegistry(GreetDesc).getService("greet.v1.GreetService")!;
  const seen: string[] = [];
  for (const method of fromDescriptor(found).methods) {
    if (method.kind !== "unary") continue;
    const reply = await callUnary(createInMemoryTransport(hello), method, method.input.create({}));
    seen.push(`${method.path} ${reply.$typeName}`);
  }
  expect(seen).toEqual(["/greet.v1.GreetService/Greet greet.v1.GreetReply"]);
  const dynamic = { services: [implement(fromDescriptor(GreetDesc), new Greeter("Dyn"))] };
  expect((await clientOf(dynamic).greet({ name: "x" })).greeting).toBe("Dyn, x");
});

test("JSON with a service that carries no descriptor is one clear error, on either side", async () => {
  const transport = createInMemoryTransport(hello, { codec: "json" });
  const onClient = await failure(createClient(GreetServiceLite, transport).greet({}));
  expect([onClient.code, onClient.message]).toEqual([
    "internal",
    expect.stringContaining("has no JSON codec here"),
  ]);
  const lite = { services: [implement(GreetServiceLite, new Greeter("Lite"))] };
  const onServer = await failure(
    createClient(GreetService, createInMemoryTransport(lite, { codec: "json" })).greet({}),
  );
  expect([onServer.code, onServer.message]).toEqual([
    "unimplemented",
    expect.stringContaining("served without JSON"),
  ]);
  expect((await clientOf(lite).greet({ name: "x" })).greeting).toBe("Lite, x");
});

test("interceptors: headers, retry, trailers, messages, deadline, by kind, wrapped, cached", async () => {
  let failures = 1;
  const app: App = {
    services: [
      implement(GreetService, {
        greet: (request, call) => {
          if (failures-- > 0) throw new RpcError("unavailable", "try again");
          return {
            greeting: `${request.name} ${call.requestHeaders.get("x-request-id") ?? ""} ${call.remainingMs <= 60_000}`,
          };
        },
        watch: async function* () {
          yield { greeting: "w" };
        },
        collect: async (requests) => {
          let count = 0n;
          for await (const request of requests) count += BigInt(request.name.length);
          return { count };
        },
        chat: async function* (requests) {
          for await (const request of requests) yield { greeting: request.name };
        },
      }),
    ],
  };
  const seen: string[] = [];
  const addHeader: Interceptor = (call, next) => {
    call.requestHeaders.set("x-request-id", "1");
    return next(call);
  };
  const retry: Interceptor = async (call, next) => {
    for (let n = 1; ; n++) {
      try {
        return await next(call);
      } catch (error) {
        if (n === 3 || RpcError.from(error).code !== "unavailable") throw error;
        seen.push("retry");
      }
    }
  };
  const stamp: Interceptor = async (call, next) => {
    const reply = await next(call);
    reply.trailers.set("x", "y");
    return reply;
  };
  const shout: Interceptor = async (call, next) => {
    const up = (message: Message): Message => {
      if (!isMessage(message, GreetRequestSchema)) return message;
      const copy: GreetRequest = { ...message, name: message.name.toUpperCase() };
      return copy;
    };
    const reply = await next(call.mapRequests(async (message) => up(message)));
    return reply.mapResponses(async (message) => {
      seen.push(message.$typeName);
      return message;
    });
  };
  const slow: Interceptor = (call, next) => next(call.with({ timeoutMs: 60_000, headers: { a: "b" } }));
  const wrap: Interceptor = async (call, next) => {
    if (call.kind !== "bidi_streaming") return next(call);
    const through = async function* <T>(source: AsyncIterable<T>) {
      for await (const message of source) yield message;
    };
    const reply = await next(call.with({ request: through(call.request) }));
    return call.reply(through(reply.response), { headers: reply.headers });
  };
  const cache = new Map<string, GreetReply>();
  const cached: Interceptor = async (call, next) => {
    if (!isCallTo(call, GreetService_greet)) return next(call);
    const hit = cache.get(call.request.name);
    if (hit !== undefined) return call.reply(hit, { headers: { age: "1" } });
    const reply = await next(call);
    cache.set(call.request.name, reply.response);
    return reply;
  };
  const ends: CallEnd[] = [];
  const accessLog: Observer = () => ({ end: (end) => void ends.push(end) });
  const sizes: number[] = [];
  const sampled: Observer = (call) => {
    if (call.method.name !== "Greet") return;
    return { sent: (bytes) => void sizes.push(bytes) };
  };
  const transport = createInMemoryTransport(app, {
    interceptors: [cached, addHeader, retry, stamp, shout, slow, wrap],
    observers: [accessLog, sampled],
  });
  const greeter = createClient(GreetService, transport);

  const first = await greeter.greet({ name: "ada" }).withMetadata();
  expect(first.response.greeting).toBe("ADA 1 true");
  expect(first.trailers.get("x")).toBe("y");
  expect(seen).toEqual(["retry", "greet.v1.GreetReply"]);
  const second = await greeter.greet({ name: "ada" }).withMetadata();
  expect([second.response, second.headers.get("age")]).toEqual([first.response, "1"]);
  expect(await texts(greeter.watch({}))).toEqual(["w"]);
  expect((await greeter.collect([{ name: "four" }])).count).toBe(4n);
  expect(await texts(greeter.chat([{ name: "x" }]))).toEqual(["X"]);
  expect(ends.map((end) => end.code)).toEqual(["ok", "ok", "ok", "ok", "ok"]);
  expect(sizes).toEqual([5, 5]);
});

test("errors carry code, details, metadata and where they arose", async () => {
  const client = clientOf({
    services: [
      implementPartial(GreetService, {
        greet: () => {
          throw new RpcError("not_found", "no such greeting", {
            details: [errorDetail(MoodSchema, { level: 3 })],
            metadata: { a: "b" },
            cause: 1,
          });
        },
      }),
    ],
  });
  const error = await failure(client.greet({}));
  expect([error.code, error.message, error.metadata.get("a"), error.isRemote, error.cause]).toEqual([
    "not_found",
    "no such greeting",
    "b",
    true,
    undefined,
  ]);
  expect(findDetails(error, MoodSchema).map((mood) => mood.level)).toEqual([3]);
  expect(findDetails(error, GreetReplySchema)).toEqual([]);
});

test("context values go from the caller to interceptors and observers; a missing one is named", async () => {
  const tenant = contextKey("tenant", "default");
  const missing = contextKey<string>("missing");
  const seen: string[] = [];
  const read: Interceptor = (call, next) => {
    seen.push(call.values.get(tenant));
    return next(call);
  };
  const client = createClient(GreetService, createInMemoryTransport(hello, { interceptors: [read] }));
  await client.greet({}, { values: contextValues().set(tenant, "acme") });
  await client.greet({});
  expect(seen).toEqual(["acme", "default"]);
  expect(() => contextValues().require(missing)).toThrow('context value "missing" is not set');
});
