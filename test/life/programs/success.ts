// Counts what a successful call must not make: errors, aborted signals, rejected promises. The globals are replaced before
// anything of ours is loaded, so that every class that extends them is counted too.
import { promiseHooks } from "node:v8";
import { inspect } from "node:util";
import type { Interceptor, Server, Transport } from "@millrace/node";

const made: string[] = [];
let counting = false;
const noteError = (error: Error): void => {
  if (counting) made.push(error.stack ?? String(error));
};

function counted<E extends ErrorConstructor>(original: E): E {
  return new Proxy(original, {
    construct(target, args: unknown[], newTarget) {
      const error = Reflect.construct(target, args, newTarget) as Error;
      noteError(error);
      return error;
    },
    apply(target, self, args: unknown[]) {
      const error = Reflect.apply(target, self, args) as Error;
      noteError(error);
      return error;
    },
  });
}

const globals = globalThis as unknown as Record<string, ErrorConstructor>;
for (const name of ["Error", "TypeError", "RangeError", "SyntaxError", "AggregateError", "DOMException"]) {
  globals[name] = counted(globals[name] as ErrorConstructor);
}
const abort = AbortController.prototype.abort;
AbortController.prototype.abort = function (this: AbortController, reason?: unknown) {
  if (counting) made.push("abort()");
  abort.call(this, reason);
};

let hooking = false;
promiseHooks.onSettled((promise) => {
  if (!counting || hooking) return;
  hooking = true;
  const shown = inspect(promise, { depth: 0 });
  hooking = false;
  if (shown.includes("<rejected>")) made.push(`a rejected promise: ${shown}`);
});

const {
  createFetchHandler,
  createTransport: createFetchTransport,
  connect,
  grpcWeb,
} = await import("@millrace/web");
const { createClient, createInMemoryTransport, createTransport, implementPartial, serve } =
  await import("@millrace/node");
const { GreetService } = await import("../../../gen/greet/v1/greet_millrace.ts");

const passes: Interceptor = (call, next) => next(call);
const signals: AbortSignal[] = [];
const app = (interceptors: readonly Interceptor[]) => ({
  interceptors,
  observers: [() => ({ end() {} })],
  services: [
    implementPartial(GreetService, {
      greet: (request, call) => {
        signals.push(call.signal);
        return { greeting: request.name };
      },
      async *watch(_, call) {
        signals.push(call.signal);
        yield { greeting: "one" };
        yield { greeting: "two" };
      },
      async collect(requests, call) {
        signals.push(call.signal);
        let count = 0n;
        for await (const _ of requests) count++;
        return { count };
      },
      async *chat(requests, call) {
        signals.push(call.signal);
        for await (const { name } of requests) yield { greeting: name };
      },
    }),
  ],
});

/** Each kind of call once, in every way to read it. */
async function calls(transport: Transport, bidi: boolean): Promise<void> {
  const client = createClient(GreetService, transport);
  const { signal } = new AbortController();
  const options = { timeoutMs: 60_000, signal };
  await client.greet({ name: "Ada" }, options).withMetadata();
  {
    await using stream = client.watch({}, options);
    for await (const _ of stream);
    await stream.trailers;
  }
  await client.collect([{ name: "a" }, { name: "b" }], options);
  const upload = client.collect(options);
  await upload.send({ name: "a" });
  await upload.finish();
  await upload[Symbol.asyncDispose]();
  if (!bidi) return;
  const chat = client.chat(options);
  await chat.send({ name: "a" });
  await chat.receive();
  chat.closeSend();
  for await (const _ of chat);
  chat.cancel();
}

const report: Record<string, readonly string[]> = {};
const protocols = ["connect", "grpc", "grpc-web"] as const;
// Closed at the end: a connection that fetch keeps makes an error when it is closed.
const servers: Server[] = [];
for (const protocol of protocols) {
  for (const interceptors of [[], [passes]]) {
    const how = interceptors.length === 0 ? "" : ", interceptors";
    const options = { protocol, interceptors };
    const server = await serve({ ...app(interceptors), port: 0, host: "127.0.0.1" });
    servers.push(server);
    const lanes: [string, Transport, boolean][] = [
      ["in memory", createInMemoryTransport(app(interceptors), options), true],
      ["HTTP/2", createTransport({ ...options, baseUrl: server.url, httpVersion: "2" }), true],
    ];
    if (protocol !== "grpc") {
      lanes.push([
        "HTTP/1.1",
        createTransport({ ...options, baseUrl: server.url, httpVersion: "1.1" }),
        false,
      ]);
      const overFetch = { interceptors, protocol: protocol === "connect" ? connect : grpcWeb };
      lanes.push(["fetch", createFetchTransport({ ...overFetch, baseUrl: server.url }), false]);
      const handler = createFetchHandler(app(interceptors));
      const fetch = (url: string, init: RequestInit): Promise<Response> => handler(new Request(url, init));
      lanes.push([
        "fetch to a handler",
        createFetchTransport({ ...overFetch, baseUrl: "http://in.process", fetch }),
        false,
      ]);
    }
    for (const [name, transport, bidi] of lanes) {
      // The first time warms up what loads late.
      await calls(transport, bidi);
      counting = true;
      await calls(transport, bidi);
      await new Promise((resolve) => setImmediate(resolve));
      counting = false;
      report[`${name}, ${protocol}${how}`] = made.splice(0);
      await transport.close();
    }
  }
}

// Proof that it counts at all.
counting = true;
const failing = createClient(GreetService, createInMemoryTransport(app([])));
await failing
  .watch({}, { timeoutMs: -1 })
  .receive()
  .catch(() => {});
counting = false;
for (const server of servers) await server.close({ graceMs: 0 });
process.stdout.write(
  JSON.stringify({
    report,
    proof: made.length,
    aborted: signals.filter(({ aborted }) => aborted).length,
    calls: signals.length,
  }),
);
