// Node's fetch with what a browser's does otherwise. What they really do, tests in a browser tell.
import type * as Web from "@millrace/web";
import { afterEach, describe, expect, test, vi } from "vitest";
import { GreetService } from "../../../gen/greet/v1/greet_millrace.ts";

const NodeRequest = Request;

/** As browsers do: some fields are dropped without a word. */
class GuardedRequest extends NodeRequest {
  constructor(url: string, init: RequestInit = {}) {
    const headers = new Headers(init.headers);
    for (const name of ["cookie", "accept-encoding", "origin"]) headers.delete(name);
    super(url, { ...init, headers });
  }
}

/** One that streams requests looks at `duplex`, and takes the stream. */
const chrome = GuardedRequest;

/** One that does not know request streams makes text of them, whether or not it looks at `duplex`. */
class Firefox extends GuardedRequest {
  constructor(url: string, init: RequestInit = {}) {
    const streamed = (init as { duplex?: string }).duplex === "half" && init.body instanceof ReadableStream;
    super(url, streamed ? { method: init.method!, body: "[object ReadableStream]" } : init);
  }
}

/** One takes a stream, does not ask for `duplex`, and then cannot send it. */
class Safari extends GuardedRequest {
  constructor(url: string, init: RequestInit = {}) {
    super(url, init.body instanceof ReadableStream ? { method: init.method! } : init);
  }
}

afterEach(() => {
  vi.unstubAllGlobals();
  vi.resetModules();
});

/** What the package finds out about a runtime it finds out once: it is loaded anew. */
async function loadedIn(browser: unknown): Promise<typeof Web> {
  vi.stubGlobal("Request", browser);
  vi.resetModules();
  return import("@millrace/web");
}

interface Tried {
  readonly requests: RequestInit[];
  codes(): Promise<Record<string, string>>;
  texts: Record<string, string>;
}

async function tried(browser: unknown, baseUrl: string): Promise<Tried> {
  const { connect, createClient, createFetchHandler, createTransport, implementPartial, RpcError } =
    await loadedIn(browser);
  const requests: RequestInit[] = [];
  const handler = createFetchHandler({
    services: [
      implementPartial(GreetService, {
        greet: ({ name }) => ({ greeting: name }),
        async collect(messages) {
          for await (const _ of messages);
          return {};
        },
        async *chat(messages) {
          for await (const { name } of messages) yield { greeting: name };
        },
      }),
    ],
  });
  const transport = createTransport({
    baseUrl,
    protocol: connect,
    halfDuplex: true,
    fetch: (url, init) => {
      requests.push(init);
      return handler(new NodeRequest(url, init));
    },
  });
  const client = createClient(GreetService, transport);
  const texts: Record<string, string> = {};
  const codeOf = async (name: string, call: Promise<unknown>): Promise<string> => {
    try {
      await call;
      return "ok";
    } catch (error) {
      const { code, message } = RpcError.from(error);
      texts[name] = message;
      return code;
    }
  };
  return {
    requests,
    texts,
    codes: async () => ({
      unary: await codeOf("unary", client.greet({})),
      collect: await codeOf("collect", client.collect([{}])),
      chat: await codeOf("chat", client.chat([{}]).receive()),
      cookie: await codeOf("cookie", client.greet({}, { headers: { cookie: "a=b" } })),
    }),
  };
}

describe("client streams", () => {
  test("go where a browser streams requests: under https", async () => {
    const on = await tried(chrome, "https://host.test");
    expect(await on.codes()).toMatchObject({ unary: "ok", collect: "ok", chat: "ok" });
  });

  test.each([
    ["a browser that streams requests, under http", chrome, "http://host.test"],
    ["a browser that makes text of a stream", Firefox, "https://host.test"],
    ["a browser that takes a stream and cannot send it", Safari, "https://host.test"],
  ])("are refused at once, with what to do instead: %s", async (_, browser, baseUrl) => {
    const on = await tried(browser, baseUrl);
    expect(await on.codes()).toMatchObject({ unary: "ok", collect: "unimplemented", chat: "unimplemented" });
    expect(on.texts["collect"]).toBe(
      "this fetch cannot stream a request (browsers can under https, those that can at all): send the messages in unary calls, or in one of them",
    );
    expect(on.requests).toHaveLength(1);
  });
});

test("a header that a browser would drop without a word is refused, and nothing is sent", async () => {
  const on = await tried(chrome, "https://host.test");
  expect(await on.codes()).toMatchObject({ cookie: "internal" });
  expect(on.texts["cookie"]).toBe(
    'the request cannot be sent: browsers do not let programs set the header "cookie"',
  );
  expect(on.requests).toHaveLength(3);
});

test("accept-encoding is the browser's own", async () => {
  const on = await tried(chrome, "https://host.test");
  await on.codes();
  for (const { headers } of on.requests) expect(new Headers(headers).has("accept-encoding")).toBe(false);
});

test("a failure that a browser does not explain names what it may be", async () => {
  const { connect, createClient, createTransport, RpcError } = await loadedIn(chrome);
  const transport = createTransport({
    baseUrl: "https://host.test",
    protocol: connect,
    fetch: () => Promise.reject(new TypeError("Failed to fetch")),
  });
  const error = await createClient(GreetService, transport).greet({}).catch(RpcError.from);
  expect(error).toMatchObject({
    code: "unavailable",
    message:
      "no response from host.test: Failed to fetch (the server may be down, or its CORS headers may not allow this page: browsers tell programs nothing more)",
  });
});
