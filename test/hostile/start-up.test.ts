// What goes wrong before a byte of RPC: ports, base URLs, TLS on one side alone.
import { once } from "node:events";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { createServer as createTlsServer, connect as connectTls } from "node:tls";
import { describe, expect, test } from "vitest";
import { createClient, createTransport, ListenError, serve } from "@millrace/node";
import type { TransportOptions } from "@millrace/node";
import { GreetService } from "../../gen/greet/v1/greet_millrace.ts";
import { greeter } from "../support/greeter.ts";
import { expectQuiet } from "../support/quiet.ts";
import { clientOf, greetOnce } from "../support/our-client.ts";
import { pem } from "../support/pem.ts";
import { rawServer } from "../support/raw-server.ts";
import { RawSocket } from "../support/raw-socket.ts";

expectQuiet();

const serverTls = { key: pem("server-key"), cert: pem("server") };

const https = [
  { protocol: "connect", httpVersion: "1.1" },
  { protocol: "connect", httpVersion: "2" },
  { protocol: "connect", httpVersion: undefined },
  { protocol: "grpc", httpVersion: undefined },
  { protocol: "grpc-web", httpVersion: "1.1" },
] as const satisfies readonly Partial<TransportOptions>[];

function greetAt(baseUrl: string, options: Partial<TransportOptions>): ReturnType<typeof greetOnce> {
  return greetOnce(createClient(GreetService, createTransport({ baseUrl, ...options })));
}

test("a port that is in use is told with its address, and what to do", async () => {
  await using first = await serve({ ...greeter(), port: 0, host: "127.0.0.1" });
  const port = Number(new URL(first.url).port);
  const second = serve({ ...greeter(), port, host: "127.0.0.1" });
  await expect(second).rejects.toBeInstanceOf(ListenError);
  await expect(second).rejects.toMatchObject({
    code: "EADDRINUSE",
    message: expect.stringContaining(
      `cannot listen on 127.0.0.1:${port}: something else listens there`,
    ) as string,
  });
  // The other address of a pair is let go again.
  const free = await serve({ ...greeter(), port: 0, host: "127.0.0.1" });
  const freePort = Number(new URL(free.url).port);
  await free.close();
  const addresses = [
    { port: freePort, host: "127.0.0.1" },
    { port, host: "127.0.0.1" },
  ];
  await expect(serve({ ...greeter(), addresses })).rejects.toMatchObject({ code: "EADDRINUSE" });
  await using again = await serve({ ...greeter(), port: freePort, host: "127.0.0.1" });
  expect((await greetAt(again.url, {})).code).toBe("ok");
});

test.each([-1, 65_536, 1.5, Number.NaN, "8080x"])("port %s is refused by name", async (port) => {
  await expect(serve({ ...greeter(), port: port as number, host: "127.0.0.1" })).rejects.toThrow(
    String(port),
  );
});

test.each([
  ["", /is not an absolute URL/],
  ["localhost:8080", /does not begin with http/],
  ["/relative", /write it with its scheme/],
  ["http://", /is not an absolute URL/],
  ["http://host:99999", /is not an absolute URL/],
  ["ftp://host", /does not begin with http/],
  ["ws://host", /does not begin with http/],
  ["http://host/?a=b", /a query/],
  ["http://host/#x", /a fragment/],
  ["http://user:secret@host/", /contains credentials/],
  [undefined, /baseUrl is missing/],
  [null, /is not an absolute URL/],
  [{}, /is not an absolute URL/],
])("base URL %j is refused with a TypeError that says why, and shows no secret", (baseUrl, text) => {
  const make = (): unknown => createTransport({ baseUrl: baseUrl as string });
  expect(make).toThrow(TypeError);
  expect(make).toThrow(text);
  expect(make).not.toThrow("secret");
});

describe.each(https)("$protocol over HTTP/$httpVersion", (options) => {
  test("nobody listens: unavailable, with the address", async () => {
    const server = createServer().listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    await new Promise((resolve) => server.close(resolve));
    for (const scheme of ["http", "https"]) {
      const ended = await greetAt(`${scheme}://127.0.0.1:${port}`, options);
      expect(ended).toMatchObject({
        code: "unavailable",
        message: `cannot connect to 127.0.0.1:${port}: ECONNREFUSED`,
      });
    }
  });

  test("a host that does not exist: unavailable, with its name", async () => {
    const ended = await greetAt("http://nobody.invalid:1", options);
    expect(ended.code).toBe("unavailable");
    expect(ended.message).toContain("cannot connect to nobody.invalid:1");
  });

  test("https to a cleartext server: unavailable, and what to change", async () => {
    await using server = await serve({ ...greeter(), port: 0, host: "127.0.0.1" });
    const ended = await greetAt(server.url.replace("http:", "https:"), options);
    expect(ended.code).toBe("unavailable");
    expect(ended.message).toMatch(/TLS/);
    expect((await greetAt(server.url, options)).code).toBe("ok");
  });

  test("http to a TLS server: a coded error that names https", async () => {
    await using server = await serve({ ...greeter(), port: 0, host: "127.0.0.1", tls: serverTls });
    const ended = await greetAt(server.url.replace("https:", "http:"), options);
    expect(["unavailable", "internal"]).toContain(ended.code);
    expect(ended.message).toMatch(/https|TLS/);
    expect((await greetAt(server.url, { ...options, tls: { ca: pem("ca") } })).code).toBe("ok");
  });

  test("a certificate that nobody vouches for: unavailable, and nothing is sent", async () => {
    let calls = 0;
    await using server = await serve({
      ...greeter({}, { observers: [() => void calls++] }),
      port: 0,
      host: "127.0.0.1",
      tls: serverTls,
    });
    const ended = await greetAt(server.url, options);
    expect(ended.code).toBe("unavailable");
    expect(ended.message).toMatch(/certificate|UNABLE_TO/i);
    const wrongName = await greetAt(server.url, {
      ...options,
      tls: { ca: pem("ca"), servername: "elsewhere.example" },
    });
    expect(wrongName.code).toBe("unavailable");
    expect(wrongName.message).toContain("elsewhere.example");
    expect(calls).toBe(0);
  });

  test("a server that hangs up in the middle of everything: unavailable", async () => {
    for (const bytes of [Buffer.alloc(0), Buffer.from([0x16]), Buffer.from([0x15, 3, 3, 0, 2, 2, 40])]) {
      const server = createServer((socket) =>
        socket
          .on("error", () => {})
          .resume()
          .end(bytes),
      ).listen(0, "127.0.0.1");
      await once(server, "listening");
      const { port } = server.address() as AddressInfo;
      expect((await greetAt(`https://127.0.0.1:${port}`, options)).code).toBe("unavailable");
      expect(["unavailable", "internal"]).toContain(
        (await greetAt(`http://127.0.0.1:${port}`, options)).code,
      );
      await new Promise((resolve) => server.close(resolve));
    }
  });
});

test("gRPC to a server that speaks HTTP/1.1 only is told so", async () => {
  await using server = await rawServer("1.1");
  const ended = await greetOnce(clientOf(server, { protocol: "grpc", httpVersion: "2" }));
  expect(ended.code).toBe("unavailable");
  expect(ended.message).toContain("does not speak HTTP/2");
  const refused = await greetOnce(clientOf(server, { protocol: "grpc", httpVersion: "1.1" }));
  expect(refused).toMatchObject({
    code: "unimplemented",
    message: expect.stringContaining(
      "gRPC needs HTTP/2, this is HTTP/1.1: leave httpVersion out, or use",
    ) as string,
  });
  // What is proposed can work.
  expect(ended.message).toContain('or protocol "grpc-web" or "connect" with httpVersion "1.1"');
});

test("a TLS server without h2 is told to a client that needs it", async () => {
  const server = createTlsServer({ ...serverTls, ALPNProtocols: ["http/1.1"] }, (socket) => socket.end());
  server.on("tlsClientError", () => {});
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const ended = await greetAt(`https://127.0.0.1:${port}`, { protocol: "grpc", tls: { ca: pem("ca") } });
  expect(ended.code).toBe("unavailable");
  expect(ended.message).toContain("ALPN");
  await new Promise((resolve) => server.close(resolve));
});

test("a TLS server survives handshakes that are none, and tells of them", async () => {
  const failures: string[] = [];
  await using server = await serve({
    ...greeter(),
    port: 0,
    host: "127.0.0.1",
    tls: serverTls,
    onConnectionFailure: ({ text }) => failures.push(text),
  });
  const port = Number(new URL(server.url).port);
  for (const bytes of [
    "POST / HTTP/1.1\r\nhost: x\r\n\r\n",
    "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    Buffer.from([0x16, 3, 1, 0, 5, 1, 0, 0, 1, 0]),
    Buffer.alloc(1000, 0xff),
  ]) {
    await RawSocket.to(port).send(bytes).closed;
  }
  const gone = RawSocket.to(port);
  await once(gone.socket, "connect");
  gone.socket.resetAndDestroy();
  await gone.closed;
  // An ALPN that we do not speak.
  const other = connectTls({ port, host: "127.0.0.1", rejectUnauthorized: false, ALPNProtocols: ["spdy/3"] });
  await new Promise((resolve) => other.on("error", resolve));
  expect((await greetAt(server.url, { tls: { ca: pem("ca") } })).code).toBe("ok");
  expect(failures.length).toBeGreaterThanOrEqual(4);
  expect(failures.every((text) => text.startsWith("TLS handshake: "))).toBe(true);
});

test("a cleartext server survives TLS clients, and tells of them", async () => {
  const failures: string[] = [];
  await using server = await serve({
    ...greeter(),
    port: 0,
    host: "127.0.0.1",
    onConnectionFailure: ({ text }) => failures.push(text),
  });
  const client = connectTls({ port: Number(new URL(server.url).port), host: "127.0.0.1" });
  await new Promise((resolve) => client.on("error", resolve));
  expect(failures).toEqual(["a TLS client came to a cleartext port"]);
  expect((await greetAt(server.url, {})).code).toBe("ok");
});
