import { createServer as createHttp1Server } from "node:http";
import { createServer as createHttp2Server, type ServerHttp2Session } from "node:http2";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";

import type { Accept, Connector } from "@millrace/exchange";
import { contractFor, type Declaration, type Make, poisonAccept } from "@millrace/exchange/contract";
import { describe, it } from "vitest";

import { parseBaseUrl } from "../src/client/base-url.ts";
import type { Target } from "../src/client/dial.ts";
import { Http1Connector } from "../src/client/http1-connector.ts";
import { Http2Connector } from "../src/client/http2-connector.ts";
import { Connections } from "../src/server/connections.ts";
import { SERVER_LIMITS } from "../src/server/limits.ts";
import { mount } from "../src/server/mount/mount.ts";

const HTTP1: Declaration["caps"] = {
  http: "1.1",
  // undici sends none.
  trailers: false,
  request: "half",
  resets: false,
  duplicates: true,
};
const HTTP2: Declaration["caps"] = {
  http: "2",
  trailers: true,
  request: "full",
  resets: true,
  duplicates: true,
};

/** Listens on a free port, and remembers the sockets, to cut them. */
async function open(
  server: Server,
): Promise<{ readonly port: number; readonly sockets: ReadonlySet<Socket> }> {
  const sockets = new Set<Socket>();
  server.on("connection", (socket: Socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { port: (server.address() as AddressInfo).port, sockets };
}

async function shut(server: Server): Promise<void> {
  await new Promise<void>((resolve) => server.close(() => resolve()));
}

function target(port: number): Target {
  return { url: parseBaseUrl(`http://127.0.0.1:${port}`), connectTimeoutMs: 5_000 };
}

const overHttp1 = (port: number): Connector => new Http1Connector(target(port));
const overHttp2 = (port: number): Connector => new Http2Connector(target(port));

/** The listener's own carriage. */
const listener =
  (connect: (port: number) => Connector): Make =>
  async (accept) => {
    const connections = new Connections({
      accept,
      limits: SERVER_LIMITS,
      keepalive: undefined,
      upgrade: undefined,
      report: () => {},
    });
    const server = createServer((socket) => {
      connections.track(socket);
      connections.clear(socket, undefined);
    });
    const { port, sockets } = await open(server);
    const connector = connect(port);
    const authority = `127.0.0.1:${port}`;
    return {
      connector,
      authority,
      nowhere: connect(1),
      goaway: () => void connections.drain(),
      cut: () => sockets.forEach((socket) => socket.destroy()),
      close: async () => {
        await connector.close(0);
        connections.cut();
        await shut(server);
      },
    };
  };

/** A user's node:http server. */
const mountedHttp1: Make = async (accept) => {
  const server = createHttp1Server(mount(accept));
  const { port, sockets } = await open(server);
  const connector = overHttp1(port);
  return {
    connector,
    authority: `127.0.0.1:${port}`,
    nowhere: overHttp1(1),
    cut: () => sockets.forEach((socket) => socket.destroy()),
    close: async () => {
      await connector.close(0);
      server.closeAllConnections();
      await shut(server);
    },
  };
};

/** A user's node:http2 server, through the compatibility layer's request and response. */
const mountedHttp2: Make = async (accept) => {
  const server = createHttp2Server(mount(accept));
  const sessions = new Set<ServerHttp2Session>();
  server.on("session", (session) => {
    sessions.add(session);
    session.on("error", () => {});
    session.on("close", () => sessions.delete(session));
  });
  const { port, sockets } = await open(server);
  const connector = overHttp2(port);
  return {
    connector,
    authority: `127.0.0.1:${port}`,
    nowhere: overHttp2(1),
    cut: () => sockets.forEach((socket) => socket.destroy()),
    goaway: () => sessions.forEach((session) => session.close()),
    close: async () => {
      await connector.close(0);
      sessions.forEach((session) => session.destroy());
      await shut(server);
    },
  };
};

function suite(name: string, declared: Declaration, make: Make): void {
  describe(name, () => {
    const poisoned = (accept: Accept): ReturnType<Make> => make(poisonAccept(accept));
    for (const rule of contractFor(declared).cases)
      it(rule.name, async () => {
        await rule.run(poisoned, AbortSignal.timeout(10_000));
      });
  });
}

suite("the listener over HTTP/1.1", { caps: HTTP1, lacks: ["goaway", "inform"] }, listener(overHttp1));
suite("a handler in a node:http server", { caps: HTTP1, lacks: ["goaway", "inform"] }, mountedHttp1);
suite("the listener over HTTP/2", { caps: HTTP2 }, listener(overHttp2));
suite("a handler in a node:http2 server", { caps: HTTP2 }, mountedHttp2);
