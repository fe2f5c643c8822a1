import { createClient, createTransport, connect, grpcWeb, implementPartial, RpcError } from "@millrace/web";
import type { Fetch, TransportOptions } from "@millrace/web";
import { grpcClient } from "@millrace/core/host";
import { createFetchHandler, createInMemoryTransport } from "@millrace/web";
import { afterEach, describe, expect, test, vi } from "vitest";
import { GreetService } from "../../../gen/greet/v1/greet_millrace.ts";
import type { GreetServiceClient } from "../../../gen/greet/v1/greet_millrace.ts";

afterEach(() => {
  vi.unstubAllGlobals();
});

const greeter = implementPartial(GreetService, {
  greet: ({ name }, call) => ({
    greeting: `${call.httpMethod} ${name} ${call.requestHeaders.get("x-a") ?? ""}`,
  }),
  async collect(requests) {
    let count = 0n;
    for await (const _ of requests) count++;
    return { count };
  },
});
const handler = createFetchHandler({ services: [greeter] });

/** A client of the handler, and the requests that it made of it. */
function clientOf(options: Partial<TransportOptions> = {}): {
  readonly client: GreetServiceClient;
  readonly asked: { readonly url: string; readonly init: RequestInit }[];
} {
  const asked: { url: string; init: RequestInit }[] = [];
  const fetch: Fetch = (url, init) => {
    asked.push({ url, init });
    return handler(new Request(url, init));
  };
  const transport = createTransport({
    baseUrl: "http://host.test/base/",
    protocol: connect,
    fetch,
    ...options,
  });
  return { client: createClient(GreetService, transport), asked };
}

async function outcomeOf(call: Promise<unknown>): Promise<RpcError> {
  return call.then(
    () => expect.unreachable("the call should fail"),
    (error: unknown) => RpcError.from(error),
  );
}

describe("what a request is made of", () => {
  test("its URL is the base URL and the method's path", async () => {
    const { client, asked } = clientOf();
    await outcomeOf(client.greet({ name: "Ada" }));
    expect(asked[0]?.url).toBe("http://host.test/base/greet.v1.GreetService/Greet");
  });

  test("redirects are not followed: a POST may come out of one as a GET", async () => {
    const { client, asked } = clientOf({ baseUrl: "http://host.test" });
    await client.greet({ name: "Ada" });
    expect(asked[0]?.init.redirect).toBe("manual");
  });

  test("credentials and cache are there when they are asked for; some runtimes refuse them", async () => {
    const plain = clientOf({ baseUrl: "http://host.test" });
    await plain.client.greet({});
    expect(Object.keys(plain.asked[0]!.init)).not.toContain("credentials");
    expect(Object.keys(plain.asked[0]!.init)).not.toContain("cache");
    const asked: RequestInit[] = [];
    const transport = createTransport({
      baseUrl: "http://host.test",
      protocol: connect,
      credentials: "include",
      cache: "no-cache",
      fetch: (url, init) => {
        asked.push(init);
        return handler(new Request(url, { method: "POST", headers: init.headers!, body: init.body! }));
      },
    });
    await createClient(GreetService, transport).greet({});
    expect(asked[0]).toMatchObject({ credentials: "include", cache: "no-cache" });
  });

  test("only a streamed body says duplex", async () => {
    const { client, asked } = clientOf({ baseUrl: "http://host.test" });
    await client.greet({});
    await client.collect([{}, {}]);
    expect(asked.map(({ init }) => (init as { duplex?: string }).duplex)).toEqual([undefined, "half"]);
  });

  test("of compressions, those are asked for that every fetch unpacks", async () => {
    const encodings = async (options: Partial<TransportOptions>): Promise<string | null> => {
      const { client, asked } = clientOf({ baseUrl: "http://host.test", ...options });
      await client.greet({});
      return new Headers(asked[0]!.init.headers).get("accept-encoding");
    };
    expect(await encodings({})).toBe("gzip");
    expect(await encodings({ compression: { accept: [] } })).toBe("identity");
    expect(await encodings({ compression: { accept: ["deflate"] } })).toBe("identity");
    // gRPC-Web has fields of its own for it.
    expect(await encodings({ protocol: grpcWeb })).toBe("identity");
  });

  test("a Connect GET carries no body, and its message in the URL", async () => {
    const { client, asked } = clientOf({ baseUrl: "http://host.test", connectGet: true });
    expect((await client.greet({ name: "Ada" })).greeting).toContain("GET Ada");
    expect(asked[0]).toMatchObject({ init: { method: "GET", body: null } });
    expect(asked[0]!.url).toMatch(/^http:\/\/host\.test\/greet\.v1\.GreetService\/Greet\?connect=v1&/);
  });

  test("the global fetch is looked up for each call", async () => {
    const transport = createTransport({ baseUrl: "http://host.test", protocol: connect });
    const client = createClient(GreetService, transport);
    for (const name of ["one", "two"]) {
      vi.stubGlobal("fetch", (url: string, init: RequestInit) => {
        const headers = new Headers(init.headers);
        headers.set("x-a", name);
        return handler(new Request(url, { ...init, headers }));
      });
      expect((await client.greet({})).greeting).toContain(name);
    }
  });
});

describe("content-encoding", () => {
  const gzipped = Buffer.from("not what the field says");

  test("is over when fetch has received the response: the body is unpacked, though the field is still there", async () => {
    const reply = await handler(
      new Request("http://host.test/greet.v1.GreetService/Greet", {
        method: "POST",
        headers: { "content-type": "application/proto" },
      }),
    );
    const headers = new Headers(reply.headers);
    headers.set("content-encoding", "gzip");
    const received = new Response(await reply.arrayBuffer(), { headers });
    Object.defineProperty(received, "url", { value: "http://host.test/greet.v1.GreetService/Greet" });
    const { client } = clientOf({ baseUrl: "http://host.test", fetch: async () => received });
    expect((await client.greet({})).greeting).toContain("POST");
  });

  test("is not over in a response that a handler in this process has made", async () => {
    const packing = createFetchHandler({ services: [greeter], compression: { send: "gzip", minBytes: 0 } });
    const encodings: (string | null)[] = [];
    const { client } = clientOf({
      baseUrl: "http://host.test",
      fetch: async (url, init) => {
        const response = await packing(new Request(url, init));
        encodings.push(response.headers.get("content-encoding"));
        return response;
      },
    });
    expect((await client.greet({ name: "Ada" })).greeting).toContain("Ada");
    expect(encodings).toEqual(["gzip"]);
  });

  test("that no fetch knows is told by its name", async () => {
    const response = new Response(gzipped, {
      headers: { "content-type": "application/proto", "content-encoding": "snappy" },
    });
    Object.defineProperty(response, "url", { value: "http://host.test/" });
    const { client } = clientOf({ baseUrl: "http://host.test", fetch: async () => response });
    expect(await outcomeOf(client.greet({}))).toMatchObject({
      code: "internal",
      message: 'the response is compressed with "snappy", which was not asked for: gzip, deflate',
    });
  });
});

describe("bad options are told with their fix", () => {
  const bad = (options: Partial<Record<keyof TransportOptions, unknown>>): (() => unknown) => {
    return () =>
      createTransport({ baseUrl: "http://host.test", protocol: connect, ...options } as TransportOptions);
  };

  test.each([
    [{ baseUrl: undefined }, "baseUrl is missing: give the URL of the server"],
    [{ baseUrl: "/api" }, 'baseUrl "/api" is not an absolute URL: write it with its scheme'],
    [{ baseUrl: "host:80" }, 'baseUrl "host:80" does not begin with http:// or https://'],
    [{ baseUrl: "ftp://host" }, 'baseUrl "ftp://host" does not begin with http:// or https://'],
    [{ baseUrl: "http://h/?a=b" }, 'baseUrl "http://h/?…" has a query: leave it out'],
    [{ baseUrl: "http://h/#a" }, 'baseUrl "http://h/#…" has a fragment: leave it out'],
    [{ baseUrl: "http://me:secret@h" }, 'baseUrl for host "h" contains credentials'],
    [
      { protocol: "connect" },
      'protocol is "connect": give connect or grpcWeb, imported from "@millrace/web"',
    ],
    [{ protocol: undefined }, "protocol is undefined: give connect or grpcWeb"],
    [{ protocol: "grpc" }, "gRPC needs HTTP trailers, which fetch does not give: use grpcWeb or connect"],
    [{ compression: { send: "br" } }, 'compression.send: "br" is not to be had here: use gzip, deflate'],
    [{ codec: "xml" }, "codec"],
  ])("%j", (options, text) => {
    expect(bad(options)).toThrow(TypeError);
    expect(bad(options)).toThrow(text);
  });

  test("a password in a base URL is not shown", () => {
    expect(bad({ baseUrl: "http://me:secret@h" })).not.toThrow("secret");
  });

  test("on a page a base URL may be relative to it", async () => {
    vi.stubGlobal("location", { href: "https://page.test/app/index.html" });
    const asked: string[] = [];
    const transport = createTransport({
      baseUrl: "/api",
      protocol: connect,
      fetch: (url) => {
        asked.push(url);
        return Promise.reject(new TypeError("enough"));
      },
    });
    await outcomeOf(createClient(GreetService, transport).greet({}));
    expect(asked).toEqual(["https://page.test/api/greet.v1.GreetService/Greet"]);
  });
});

test("gRPC fails at once and says what can be used", async () => {
  const { client, asked } = clientOf({ protocol: grpcClient });
  expect(await outcomeOf(client.greet({}))).toMatchObject({
    code: "unimplemented",
    message: "gRPC needs HTTP/2 and its trailers, which fetch does not give: use gRPC-Web or Connect",
  });
  expect(asked).toEqual([]);
});

test("a transport in memory takes protocols by value too", async () => {
  for (const protocol of [undefined, connect, grpcWeb]) {
    await using transport = createInMemoryTransport({ services: [greeter] }, { protocol });
    expect((await createClient(GreetService, transport).greet({ name: "Ada" })).greeting).toContain("Ada");
  }
  expect(() => createInMemoryTransport({ services: [greeter] }, { protocol: "grpc-web" as never })).toThrow(
    'protocol is "grpc-web"',
  );
});
