import { createFetchHandler, implementPartial, RpcError } from "@millrace/web";
import type { App, CallEnd, FetchHandler } from "@millrace/web";
import { describe, expect, test, vi } from "vitest";
import { GreetService } from "../../../gen/greet/v1/greet_millrace.ts";
import type { GreetServiceHandlers } from "../../../gen/greet/v1/greet_millrace.ts";
import { endless } from "./endless.ts";

const base = "http://host.test/greet.v1.GreetService/";

function appOf(handlers: Partial<GreetServiceHandlers>, options: Partial<App> = {}): App {
  return { ...options, services: [implementPartial(GreetService, handlers)] };
}

/** The ends of its calls, as an observer hears them. */
function ends(): { readonly app: Pick<App, "observers">; first(): Promise<CallEnd> } {
  const ended = Promise.withResolvers<CallEnd>();
  return { app: { observers: [() => ({ end: ended.resolve })] }, first: () => ended.promise };
}

interface Sent {
  readonly headers?: Record<string, string>;
  readonly signal?: AbortSignal;
}

function unary(body: string | ReadableStream, init: Sent = {}): Request {
  const headers = { "content-type": "application/json", ...init.headers };
  return new Request(`${base}Greet`, { method: "POST", ...init, headers, body, duplex: "half" });
}

/** An enveloped Connect message in JSON. */
function enveloped(message: object): Uint8Array {
  const payload = new TextEncoder().encode(JSON.stringify(message));
  return new Uint8Array([0, 0, 0, 0, payload.length, ...payload]);
}

function stream(method: string, body: Uint8Array | ReadableStream, init: Sent = {}): Request {
  const headers = { "content-type": "application/connect+json" };
  return new Request(base + method, { method: "POST", ...init, headers, body, duplex: "half" });
}

describe("a handler", () => {
  test("answers a call, and curl's", async () => {
    const handler = createFetchHandler(appOf({ greet: ({ name }) => ({ greeting: `Hi ${name}` }) }));
    const response = await handler(unary('{"name":"Ada"}'));
    expect([response.status, await response.json()]).toEqual([200, { greeting: "Hi Ada" }]);
  });

  test("answers 404 to what is not the app's", async () => {
    const handler = createFetchHandler(appOf({}));
    const response = await handler(new Request("http://host.test/other", { method: "POST", body: "x" }));
    expect([response.status, await response.text()]).toEqual([404, "404 not found\n"]);
  });

  test("gives what is not the app's to its fallback, untouched, with what the runtime gave", async () => {
    const handler: FetchHandler<[{ readonly name: string }, number]> = createFetchHandler(
      appOf({}),
      async (request, env, count) => new Response(`${env.name} ${count} ${await request.text()}`),
    );
    const request = new Request("http://host.test/other", { method: "POST", body: "body" });
    expect(await (await handler(request, { name: "env" }, 7)).text()).toBe("env 7 body");
  });

  test("fails as its fallback fails", async () => {
    const handler = createFetchHandler(appOf({}), () => {
      throw new Error("fallback");
    });
    await expect(handler(new Request("http://host.test/other"))).rejects.toThrow("fallback");
  });

  test("tells the path and the query from a fragment, which no server gets", async () => {
    const handler = createFetchHandler(
      appOf(
        { greet: ({ name }, call) => ({ greeting: `${call.httpMethod} ${name}` }) },
        { pathPrefix: "/rpc" },
      ),
    );
    const query = "?connect=v1&encoding=json&message=%7B%22name%22%3A%22Ada%22%7D#fragment?x";
    const response = await handler(new Request(`http://host.test/rpc/greet.v1.GreetService/Greet${query}`));
    expect(await response.json()).toEqual({ greeting: "GET Ada" });
  });

  test("does not know its peer, and says so", async () => {
    const handler = createFetchHandler(appOf({ greet: (_, call) => ({ greeting: typeof call.peer }) }));
    expect(await (await handler(unary("{}"))).json()).toEqual({ greeting: "undefined" });
  });

  test("says of a body that somebody has read that it came too late", async () => {
    const heard = ends();
    const handler = createFetchHandler(appOf({ greet: () => ({}) }, heard.app));
    for (const read of [
      (request: Request) => request.text(),
      (request: Request) => request.body!.getReader(),
    ]) {
      const request = unary("{}");
      await read(request);
      const response = await handler(request);
      expect(response.status).toBe(500);
      expect(await response.text()).toBe(
        "the request's body was read before it came here: give the handler the Request before anything reads it\n",
      );
    }
    expect((await heard.first()).code).toBe("internal");
  });

  test("refuses an app that serves nothing that it could carry", () => {
    expect(() => createFetchHandler(appOf({}, { protocols: ["grpc"] }))).toThrow(TypeError);
  });

  test("tells workerd that a compressed body is compressed", async () => {
    const inits: ResponseInit[] = [];
    const Original = Response;
    vi.stubGlobal(
      "Response",
      class extends Original {
        constructor(body: ConstructorParameters<typeof Original>[0], init: ResponseInit) {
          super(body, init);
          inits.push(init);
        }
      },
    );
    const compression = { send: "gzip", minBytes: 0 };
    const handler = createFetchHandler(appOf({ greet: () => ({ greeting: "x" }) }, { compression }));
    const response = await handler(unary("{}", { headers: { "accept-encoding": "gzip" } }));
    vi.unstubAllGlobals();
    expect(response.headers.get("content-encoding")).toBe("gzip");
    expect(inits).toMatchObject([{ encodeBody: "manual" }]);
  });
});

describe("a client that goes away", () => {
  /** A stream that waits until its call is over. */
  const waiting = (aborted: PromiseWithResolvers<unknown>): Partial<GreetServiceHandlers> => ({
    async *watch(_, call) {
      call.signal.addEventListener("abort", () => aborted.resolve(call.signal.reason));
      yield { greeting: "one" };
      await aborted.promise;
    },
  });

  test("aborts the handler's signal by the request's", async () => {
    const aborted = Promise.withResolvers<unknown>();
    const heard = ends();
    const client = new AbortController();
    const handler = createFetchHandler(appOf(waiting(aborted), heard.app));
    const response = await handler(stream("Watch", enveloped({}), { signal: client.signal }));
    await response.body!.getReader().read();
    client.abort();
    expect(RpcError.from(await aborted.promise)).toMatchObject({
      code: "canceled",
      message: "the client has gone",
    });
    expect(await heard.first()).toMatchObject({ code: "canceled", delivered: false });
  });

  test("aborts the handler's signal by leaving the response", async () => {
    const aborted = Promise.withResolvers<unknown>();
    const handler = createFetchHandler(appOf(waiting(aborted)));
    const response = await handler(stream("Watch", enveloped({})));
    const reader = response.body!.getReader();
    await reader.read();
    await reader.cancel("left");
    expect(RpcError.from(await aborted.promise).code).toBe("canceled");
  });

  test("before its request was seen is heard of all the same", async () => {
    const heard = ends();
    const handler = createFetchHandler(appOf({ greet: () => new Promise(() => {}) }, heard.app));
    const response = await handler(unary("{}", { signal: AbortSignal.abort() }));
    expect((await heard.first()).code).toBe("canceled");
    expect([response.status, response.body]).toEqual([499, null]);
  });

  test("in the middle of its requests cancels the call", async () => {
    const heard = ends();
    const collected: string[] = [];
    const handler = createFetchHandler(
      appOf(
        {
          async collect(requests) {
            for await (const { name } of requests) collected.push(name);
            collected.push("the end");
            return {};
          },
        },
        heard.app,
      ),
    );
    let sent = 0;
    const body = new ReadableStream(
      {
        pull(controller) {
          if (sent++ === 0) controller.enqueue(enveloped({ name: "one" }));
          else controller.error(new TypeError("the connection is gone"));
        },
      },
      { highWaterMark: 0 },
    );
    await handler(stream("Collect", body));
    expect((await heard.first()).code).toBe("canceled");
    expect(collected).toEqual(["one"]);
  });

  test("is noticed by a body that falls short of its content-length", async () => {
    const heard = ends();
    const greet = vi.fn(() => ({}));
    const handler = createFetchHandler(appOf({ greet }, heard.app));
    await handler(unary("{}", { headers: { "content-length": "10" } }));
    expect((await heard.first()).code).toBe("canceled");
    expect(greet).not.toHaveBeenCalled();
  });

  test("takes nothing back of a response that was handed over whole", async () => {
    const heard = ends();
    const client = new AbortController();
    const handler = createFetchHandler(appOf({ greet: () => ({ greeting: "whole" }) }, heard.app));
    const response = await handler(unary("{}", { signal: client.signal }));
    client.abort();
    expect(await response.json()).toEqual({ greeting: "whole" });
    expect(await heard.first()).toMatchObject({ code: "ok", delivered: true });
  });
});

describe("a reply before the request has ended", () => {
  test("is given at once; 262,144 bytes are read on, and the rest is refused", async () => {
    const heard = ends();
    const gate = (): never => {
      throw new RpcError("unauthenticated", "log in first");
    };
    const handler = createFetchHandler(appOf({ greet: () => ({}) }, { ...heard.app, gate }));
    const { body, canceled, pulled } = endless();
    const response = await handler(unary(body));
    expect(response.status).toBe(401);
    await canceled;
    expect(pulled()).toBe(262_144 + 65_536);
    expect(await heard.first()).toMatchObject({ code: "unauthenticated", delivered: true });
  });

  test("waits a second for a body that does not come, and no longer", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
    const handler = createFetchHandler(appOf({}));
    const canceled = vi.fn();
    await handler(
      unary(new ReadableStream({ cancel: canceled }), { headers: { "content-type": "text/plain" } }),
    );
    vi.advanceTimersByTime(999);
    expect(canceled).not.toHaveBeenCalled();
    vi.advanceTimersByTime(1);
    expect(canceled).toHaveBeenCalledTimes(1);
    vi.useRealTimers();
  });
});

test("responses are made at the pace of their taker, and small ones go together", async () => {
  let made = 0;
  const handler = createFetchHandler(
    appOf({
      async *watch() {
        for (;;) {
          made++;
          yield { greeting: "x".repeat(1_000) };
        }
      },
    }),
  );
  const response = await handler(stream("Watch", enveloped({})));
  for (let turn = 0; turn < 50; turn++) await new Promise((resolve) => setImmediate(resolve));
  const ahead = made;
  expect(ahead).toBeLessThan(80);
  const reader = response.body!.getReader();
  const { value } = await reader.read();
  expect(value!.length).toBeGreaterThan(60_000);
  for (let turn = 0; turn < 50; turn++) await new Promise((resolve) => setImmediate(resolve));
  expect(made).toBeGreaterThan(ahead);
  expect(made).toBeLessThan(2 * 80);
  await reader.cancel();
});

test("a bidi call goes both ways at once", async () => {
  const handler = createFetchHandler(
    appOf({
      async *chat(requests) {
        for await (const { name } of requests) yield { greeting: `${name}!` };
      },
    }),
  );
  const requests = new TransformStream<Uint8Array, Uint8Array>();
  const writer = requests.writable.getWriter();
  void writer.write(enveloped({ name: "one" }));
  const response = await handler(stream("Chat", requests.readable));
  const reader = response.body!.getReader();
  const text = async (): Promise<string> =>
    new TextDecoder().decode((await reader.read()).value?.subarray(5));
  expect(await text()).toBe('{"greeting":"one!"}');
  void writer.write(enveloped({ name: "two" }));
  expect(await text()).toBe('{"greeting":"two!"}');
  await writer.close();
  expect(await text()).toBe("{}");
});
