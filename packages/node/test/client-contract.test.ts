import { subscribe, unsubscribe } from "node:diagnostics_channel";
import type { Socket } from "node:net";
import { contractFor, type Feature, type Make } from "@millrace/exchange/contract";
import type { Accept, Caps, Connector } from "@millrace/exchange";
import { describe, expect, test } from "vitest";
import { http1Caps } from "../src/client/http1-limits.ts";
import { http2Caps } from "@millrace/http2";
import { nodeConnector } from "../src/client/node-connector.ts";
import { listen } from "../src/server/listen.ts";
import { pem } from "../../../test/support/pem.ts";
import { SocketServer } from "./client-harness.ts";

/** A pair of a connector and a server. */
interface Carriage {
  readonly name: string;
  readonly caps: Caps;
  readonly lacks: readonly Feature[];
  readonly scheme: "http" | "https";
  readonly connect: (baseUrl: string) => Connector;
}

const tls = { ca: pem("ca") };

/** A port that was free a moment ago. */
async function closedPort(): Promise<number> {
  const server = await SocketServer.listen(() => {});
  const { port } = server;
  await server[Symbol.asyncDispose]();
  return port;
}

function maker({ scheme, connect }: Carriage): Make {
  return async (accept: Accept) => {
    const server = await listen(accept, {
      port: 0,
      host: "127.0.0.1",
      ...(scheme === "https" ? { tls: { key: pem("server-key"), cert: pem("server") } } : {}),
    });
    const { host, port } = new URL(server.url);
    const sockets = new Set<Socket>();
    const seen = (message: unknown): void => {
      const { socket } = message as { socket: Socket };
      if (socket.localPort === Number(port)) sockets.add(socket);
    };
    subscribe("net.server.socket", seen);
    const connector = connect(`${scheme}://${host}`);
    return {
      connector,
      scheme,
      authority: host,
      nowhere: connect(`${scheme}://127.0.0.1:${await closedPort()}`),
      cut: () => {
        for (const socket of sockets) socket.resetAndDestroy();
        sockets.clear();
      },
      goaway: () => void server.close({ graceMs: 60_000 }),
      close: async () => {
        unsubscribe("net.server.socket", seen);
        await connector.close(0);
        await server.close({ graceMs: 0 });
      },
    };
  };
}

const carriages: readonly Carriage[] = [
  {
    name: "HTTP/2",
    caps: http2Caps,
    lacks: [],
    scheme: "http",
    connect: (baseUrl) => nodeConnector({ baseUrl, httpVersion: "2" }),
  },
  {
    name: "HTTP/1.1",
    caps: http1Caps,
    lacks: ["goaway"],
    scheme: "http",
    connect: (baseUrl) => nodeConnector({ baseUrl }),
  },
  {
    name: "HTTP/2 by ALPN",
    caps: http2Caps,
    lacks: [],
    scheme: "https",
    connect: (baseUrl) => nodeConnector({ baseUrl, tls }),
  },
  {
    name: "HTTP/1.1 over TLS",
    caps: http1Caps,
    lacks: ["goaway"],
    scheme: "https",
    connect: (baseUrl) => nodeConnector({ baseUrl, tls, httpVersion: "1.1" }),
  },
];

describe.each(carriages)("$name keeps the contract", (carriage) => {
  const contract = contractFor(carriage);

  test("and is excused from nothing that it does not declare", () => {
    expect(contract.cases.length).toBeGreaterThan(50);
  });

  test.each(contract.cases)("$name", async ({ run }) => {
    await run(maker(carriage), AbortSignal.timeout(10_000));
  });
});
