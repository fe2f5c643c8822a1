import { once } from "node:events";
import { readFileSync } from "node:fs";
import { X509Certificate } from "node:crypto";
import { type AddressInfo, connect as connectTcp, createServer, type Socket } from "node:net";
import { duplexPair } from "node:stream";
import { connect as connectTls, createServer as createTlsServer } from "node:tls";
import type { Accept, ServerExchange } from "@millrace/exchange";
import { afterEach, describe, expect, test } from "vitest";
import {
  connect,
  type Connected,
  type ConnectOptions,
  listen,
  type Listening,
  type ListenOptions,
  nodeRuntime,
} from "../src/node.ts";
import { concat } from "./hpack/support.ts";
import { requestHead } from "./support/client-script.ts";
import { bytesOf, preface, settings } from "./support/frames.ts";
import { RecordedSink } from "./support/recorded-sink.ts";

const pem = (name: string): string =>
  readFileSync(new URL(`../../node/test/tls/${name}.pem`, import.meta.url), "utf8");
const cert = pem("server");
const key = pem("server-key");
const ca = pem("ca");

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

/** What requests met, the last one last. */
let served: ServerExchange[] = [];
const hello: Accept = (exchange) => {
  served.push(exchange);
  exchange.reply(200, [], new TextEncoder().encode("hello"), ["x-trailer", "1"]);
  return new RecordedSink();
};

async function start(options: Partial<ListenOptions> = {}): Promise<Listening & { readonly origin: string }> {
  served = [];
  const server = await listen({ accept: hello, host: "127.0.0.1", ...options });
  cleanups.push(() => server.close(0));
  const origin = `http${options.tls === undefined ? "" : "s"}://127.0.0.1:${server.port}`;
  return Object.assign(server, { origin });
}

async function connected(url: string, options?: ConnectOptions): Promise<Connected> {
  const connection = await connect(url, options);
  cleanups.push(() => connection.abort());
  return connection;
}

class Call extends RecordedSink {
  readonly whenClosed = Promise.withResolvers<void>();

  constructor(connection: Connected, path = requestHead.path) {
    super();
    const head = { ...requestHead, path, authority: connection.name };
    this.exchange = connection.open(head, null, undefined, this);
  }

  override closed(delivered: boolean): void {
    super.closed(delivered);
    this.whenClosed.resolve();
  }

  async outcome(): Promise<string[]> {
    await this.whenClosed.promise;
    return this.events();
  }
}

const answered = ["sent", "head 200", "data hello", "end x-trailer=1", "closed true"];

describe.each([
  ["cleartext", {}, {}],
  ["TLS", { tls: { cert, key } }, { tls: { ca } }],
])("listen() and connect(), %s", (_, forServer: Partial<ListenOptions>, forClient: ConnectOptions) => {
  test("carry requests, and say who is at the other end", async () => {
    const server = await start(forServer);
    const connection = await connected(server.origin, forClient);
    expect(await new Call(connection).outcome()).toEqual(answered);
    const tls = forServer.tls !== undefined;
    expect(served[0]!.head.authority).toBe(`127.0.0.1:${server.port}`);
    expect(served[0]!.peer).toMatchObject({ address: expect.stringMatching(/^127\.0\.0\.1:\d+$/), tls });
    expect(connection.peer).toMatchObject({ address: `127.0.0.1:${server.port}`, tls });
    expect(connection.peer.certificate()?.length ?? 0).toBe(tls ? new X509Certificate(cert).raw.length : 0);
  });

  test("a server that is closed lets what runs end, and takes no more", async () => {
    const accept: Accept = (exchange) => {
      served.push(exchange);
      exchange.respond(200, []);
      exchange.flush();
      return new RecordedSink();
    };
    const server = await start({ ...forServer, accept });
    const connection = await connected(server.origin, forClient);
    const call = new Call(connection);
    const head = Promise.withResolvers<void>();
    call.head = () => head.resolve();
    await head.promise;
    const closing = server.close(1e9);
    await expect(connect(server.origin, forClient)).rejects.toMatchObject({ code: "ECONNREFUSED" });
    served[0]!.end(["x-trailer", "2"]);
    expect(await call.outcome()).toContain("end x-trailer=2");
    await closing;
    const late = new Call(connection);
    await late.outcome();
    expect(late.lastFault?.processed).toBe("never");
  });

  test("a server that is closed cuts what runs when its grace is over", async () => {
    const server = await start({ ...forServer, accept: () => new RecordedSink() });
    const call = new Call(await connected(server.origin, forClient));
    const sent = Promise.withResolvers<void>();
    call.sent = () => sent.resolve();
    await sent.promise;
    const closing = server.close();
    await server.close(0);
    await closing;
    expect((await call.outcome()).at(-1)).toBe("closed false");
  });

  test("options reach the connections", async () => {
    const server = await start({ ...forServer, limits: { maxConcurrentStreams: 7 } });
    const connection = await connected(server.origin, forClient);
    await new Call(connection).outcome();
    expect(connection.room).toBe(7);
    expect(served[0]!.maxConcurrent).toBe(7);
    const bad = { limits: { maxHeaderFields: 0 } };
    await expect(listen({ accept: hello, ...bad })).rejects.toThrow(/limits\.maxHeaderFields is 0/);
    await expect(connect(server.origin, bad)).rejects.toThrow(/limits\.maxHeaderFields is 0/);
  });
});

describe("the turns of an event loop", () => {
  test("go on behind one that throws", async () => {
    const listeners = process.listeners("uncaughtException");
    process.removeAllListeners("uncaughtException");
    cleanups.push(() => {
      process.removeAllListeners("uncaughtException");
      for (const listener of listeners) process.on("uncaughtException", listener);
    });
    const thrown: unknown[] = [];
    process.on("uncaughtException", (error) => thrown.push(error));
    const first = new Error("first");
    const second = new Error("second");
    const ran: string[] = [];
    await new Promise<void>((resolve) => {
      const fail = (error: Error) => (): void => {
        throw error;
      };
      nodeRuntime.soon(fail(first));
      nodeRuntime.soon(() => ran.push("soon"));
      nodeRuntime.later(fail(second));
      nodeRuntime.later(() => ran.push("later"));
      nodeRuntime.later(resolve);
    });
    expect(thrown).toEqual([first, second]);
    expect(ran).toEqual(["soon", "later"]);
  });
});

/** A client of TLS 1.2 that answers the server's certificate with the alert `unknown_ca` (RFC 5246 section 7.2). */
function alerting(port: number): Socket {
  const socket = connectTcp(port, "127.0.0.1");
  const [near, far] = duplexPair();
  connectTls({ socket: near, maxVersion: "TLSv1.2", ALPNProtocols: ["h2"] }).on("error", () => {});
  far.once("data", (hello: Uint8Array) => socket.write(hello));
  socket.once("data", () => socket.end(Uint8Array.of(0x15, 3, 3, 0, 2, 2, 48)));
  return socket;
}

describe("listen()", () => {
  test("rejects with node's error if the port is taken", async () => {
    const { port } = await start();
    await expect(start({ port })).rejects.toMatchObject({ code: "EADDRINUSE" });
  });

  test("on all addresses says an IPv4 client's address as it is, not as IPv6 has it", async () => {
    const { origin } = await start({ host: undefined });
    await new Call(await connected(origin)).outcome();
    expect(served[0]?.peer.address).toMatch(/^127\.0\.0\.1:\d+$/);
  });

  test("with keepalive ends a connection whose client does not answer", async () => {
    const { port } = await start({ keepalive: { intervalMs: 1, timeoutMs: 1 } });
    const socket = connectTcp(port, "127.0.0.1").on("error", () => {});
    const closed = new Promise((resolve) => socket.resume().on("close", resolve));
    socket.write(concat(preface, bytesOf(settings())));
    await closed;
  });

  test("tells what a client does wrong, and whose it is", async () => {
    const told = Promise.withResolvers<unknown>();
    const { port } = await start({ onProblem: (text, { address }) => told.resolve([text, address]) });
    const socket = connectTcp(port, "127.0.0.1").end("GET / HTTP/1.1\r\n\r\n");
    await once(socket, "connect");
    const address = `127.0.0.1:${socket.localPort}`;
    expect(await told.promise).toEqual(["the connection does not begin with the preface of HTTP/2", address]);
  });

  test.each([
    ["no ALPN", {}, /does not ask for h2 by ALPN/],
    ["ALPN of HTTP/1.1 alone", { ALPNProtocols: ["http/1.1"] }, /^TLS: /],
  ])("over TLS sends a client away that has %s", async (_, alpn, problem) => {
    const told = Promise.withResolvers<string>();
    const { port } = await start({ tls: { cert, key }, onProblem: told.resolve });
    const socket = connectTls({ port, host: "127.0.0.1", ca, ...alpn });
    const closed = new Promise((resolve) => socket.on("error", () => {}).on("close", resolve));
    expect(await told.promise).toMatch(problem);
    await closed;
  });

  test("over TLS sends a client away that does not finish its handshake in time", async () => {
    const told = Promise.withResolvers<string>();
    const limits = { handshakeTimeoutMs: 1 };
    const { port } = await start({ tls: { cert, key }, limits, onProblem: told.resolve });
    const socket = connectTcp(port, "127.0.0.1").on("error", () => {});
    const closed = new Promise((resolve) => socket.resume().on("close", resolve));
    expect(await told.promise).toBe("TLS: TLS handshake timeout");
    await closed;
  });

  test.each<[string, (port: number) => Socket, string]>([
    [
      "leaves",
      (port) => connectTcp(port, "127.0.0.1").end(),
      "TLS: the client left before the end of the handshake: it may not trust the certificate",
    ],
    [
      "rejects the certificate",
      (port) => connectTls({ port, host: "127.0.0.1", ALPNProtocols: ["h2"] }),
      "TLS: the client left before the end of the handshake: it may not trust the certificate",
    ],
    [
      "says that it does not know the authority",
      (port) => alerting(port),
      "TLS: tlsv1 alert unknown ca (the client does not trust the certificate)",
    ],
    [
      "comes in cleartext",
      (port) => connectTcp(port, "127.0.0.1").end(preface),
      "TLS: wrong version number (the client does not speak TLS)",
    ],
    [
      "comes with HTTP/1",
      (port) => connectTcp(port, "127.0.0.1").end("GET / HTTP/1.1\r\n\r\n"),
      "TLS: http request (the client does not speak TLS)",
    ],
  ])("over TLS tells in one line of a client that %s, and whose it is", async (_, come, text) => {
    const told = Promise.withResolvers<unknown>();
    const { port } = await start({
      tls: { cert, key },
      onProblem: (problem, { address }) => told.resolve([problem, address]),
    });
    const socket = come(port);
    socket.on("error", () => {});
    let address = "";
    socket.on("connect", () => (address = `127.0.0.1:${socket.localPort}`));
    const [problem, who] = (await told.promise) as [string, string];
    expect([problem, who]).toEqual([text, address]);
  });

  test("over TLS does not tell of clients whose handshakes close() has cut", async () => {
    const problems: string[] = [];
    const server = await start({ tls: { cert, key }, onProblem: (text) => problems.push(text) });
    const socket = connectTcp(server.port, "127.0.0.1").on("error", () => {});
    await once(socket, "connect");
    await new Call(await connected(server.origin, { tls: { ca } })).outcome();
    await server.close();
    // The server hears of its own socket before that.
    if (!socket.destroyed) await once(socket.resume(), "close");
    expect(problems).toEqual([]);
  });

  const thrower: Accept = () => {
    throw new Error("no\nhandler");
  };
  test.each<[string, Accept, string[], string]>([
    ["throws", thrower, ["sent", "head 500", "end", "closed true"], "accept() threw Error: no handler"],
    [
      "throws behind a head",
      (exchange) => {
        exchange.respond(200, []);
        return thrower(exchange);
      },
      ["sent", "fault peer reset INTERNAL_ERROR maybe", "closed false"],
      "accept() threw Error: no handler",
    ],
    [
      "gives nothing",
      () => undefined as never,
      ["sent", "head 500", "end", "closed true"],
      "accept() gave undefined: it must give a sink, or null for 404",
    ],
  ])("answers for an accept() that %s, tells of it, and goes on", async (_, accept, outcome, text) => {
    const problems: string[] = [];
    const { origin } = await start({
      accept: (exchange) => (exchange.head.path === "/right" ? hello(exchange) : accept(exchange)),
      onProblem: (problem) => problems.push(problem),
    });
    const connection = await connected(origin);
    expect(await new Call(connection).outcome()).toEqual(outcome);
    expect(problems).toEqual([text]);
    expect(await new Call(connection, "/right").outcome()).toEqual(answered);
  });

  test("close() does not wait for a TLS handshake that stands still", async () => {
    const server = await start({ tls: { cert, key } });
    const socket = connectTcp(server.port, "127.0.0.1").on("error", () => {});
    await once(socket, "connect");
    // One that is through has come behind it.
    await new Call(await connected(server.origin, { tls: { ca } })).outcome();
    await server.close(1e9);
    if (!socket.destroyed) await once(socket, "close");
  });

  test("and connect() are closed by `await using`", async () => {
    let origin: string;
    {
      await using server = await listen({ accept: hello, host: "127.0.0.1" });
      origin = `http://127.0.0.1:${server.port}`;
      let connection;
      {
        await using open = await connect(origin);
        connection = open;
        expect(await new Call(open).outcome()).toEqual(answered);
        expect(open.room).toBe(256);
      }
      expect(connection.room).toBe(0);
    }
    await expect(connect(origin)).rejects.toMatchObject({ code: "ECONNREFUSED" });
  });
});

describe("connect()", () => {
  /** A server that is none. */
  async function silent(server = createServer()): Promise<string> {
    server.on("connection", (socket: Socket) => cleanups.push(() => socket.destroy()));
    cleanups.push(() => server.close());
    await once(server.listen(0, "127.0.0.1"), "listening");
    return `127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  test.each(["ftp://a", "127.0.0.1:8080", "localhost:8080", "http://[a"])("refuses %s", async (url) => {
    await expect(connect(url)).rejects.toThrow(
      new TypeError(`cannot connect to ${url}: it must be a URL that begins with http: or https:`),
    );
  });

  test("rejects if TLS does not stand in time", async () => {
    const host = await silent();
    await expect(connect(`https://${host}`, { timeoutMs: 1 })).rejects.toThrow(
      `cannot connect to ${host} within 1 ms`,
    );
  });

  test("with keepalive ends a connection whose server does not answer", async () => {
    const keepalive = { intervalMs: 1, timeoutMs: 1, whileIdle: true };
    const call = new Call(await connected(`http://${await silent()}`, { keepalive }));
    await call.outcome();
    expect(call.lastFault?.text).toContain("no answer to PING within 1 ms");
  });

  test.each<[string, (socket: Socket) => unknown, string]>([
    [
      "answers in HTTP/1",
      (socket) => socket.end("HTTP/1.1 400 Bad Request\r\n\r\n"),
      'broke the rules of HTTP/2: it began with "HTTP/1.1 400 Bad Request", which is no frame',
    ],
    [
      "answers with an alert of TLS",
      (socket) => socket.end(Uint8Array.of(0x15, 3, 1, 0, 2, 2, 70)),
      "broke the rules of HTTP/2: it answers in TLS: write https: if it speaks HTTP/2",
    ],
    [
      "closes",
      (socket) => socket.resume().end(),
      "was lost: the peer closed it without a word: it may not speak HTTP/2 here, or expect TLS (https:)",
    ],
  ])("tells calls what a server may be that %s", async (_, answer, text) => {
    const host = await silent(createServer((socket) => socket.once("data", () => answer(socket))));
    const call = new Call(await connected(`http://${host}`));
    await call.outcome();
    expect(call.lastFault?.text).toContain(text);
  });

  test("does not blame a server that has spoken before it closes", async () => {
    const host = await silent(
      createServer((socket) => socket.once("data", () => socket.end(bytesOf(settings())))),
    );
    const call = new Call(await connected(`http://${host}`));
    await call.outcome();
    expect(call.lastFault?.text).toBe(`the connection to ${host} was lost: the peer closed it`);
  });

  test("rejects if the server does not agree on h2", async () => {
    const host = await silent(createTlsServer({ cert, key }));
    await expect(connect(`https://${host}`, { tls: { ca } })).rejects.toThrow(
      `${host} does not agree on h2 by ALPN`,
    );
  });

  test("rejects if the server refuses h2 by ALPN", async () => {
    const host = await silent(createTlsServer({ cert, key, ALPNProtocols: ["http/1.1"] }));
    await expect(connect(`https://${host}`, { tls: { ca } })).rejects.toThrow(
      `${host} does not agree on h2 by ALPN`,
    );
  });

  test("rejects if what answers is no TLS", async () => {
    const host = await silent(createServer((socket) => socket.end("HTTP/1.1 400 Bad Request\r\n\r\n")));
    await expect(connect(`https://${host}`)).rejects.toThrow(
      new Error(
        `cannot connect to ${host}: TLS: wrong version number (the server may speak no TLS there: http:)`,
      ),
    );
  });

  test("rejects if the certificate is not to be trusted", async () => {
    const { origin } = await start({ tls: { cert, key } });
    await expect(connect(origin)).rejects.toThrow(/certificate/);
  });
});
