import { subscribe, unsubscribe } from "node:diagnostics_channel";
import type { Socket } from "node:net";
import type { Caps } from "@millrace/exchange";
import { contractFor } from "@millrace/exchange/contract";
import type { Feature, Make } from "@millrace/exchange/contract";
import { describe, expect, test } from "vitest";
import { listen } from "../../node/src/server/listen.ts";
import { FetchConnector } from "../src/client/fetch-connector.ts";
import { respondTo, notFound } from "../src/server/respond-to.ts";

const caps: Caps = { http: "fetch", trailers: false, request: "half", resets: false, duplicates: false };

/** Node's fetch, to a server of another carriage. */
const overHttp1: Make = async (accept) => {
  const server = await listen(accept, { port: 0, host: "127.0.0.1" });
  const { host, port } = new URL(server.url);
  const sockets = new Set<Socket>();
  const seen = (message: unknown): void => {
    const { socket } = message as { socket: Socket };
    if (socket.localPort === Number(port)) sockets.add(socket);
  };
  subscribe("net.server.socket", seen);
  const connector = new FetchConnector({
    origin: server.url,
    fetch: (url, init) => fetch(url, init),
    init: {},
  });
  return {
    connector,
    authority: host,
    cut: () => {
      for (const socket of sockets) socket.resetAndDestroy();
      sockets.clear();
    },
    close: async () => {
      unsubscribe("net.server.socket", seen);
      await connector.close(0);
      await server.close({ graceMs: 0 });
    },
  };
};

/** Both sides of this package, without a network: what the handler gives is what fetch gives. */
const inProcess: Make = async (accept) => {
  const connector = new FetchConnector({
    origin: "http://millrace.test",
    fetch: async (url, init) => respondTo(accept, new Request(url, init)) ?? notFound(),
    init: {},
  });
  return { connector, close: () => connector.close(0) };
};

const carriages: readonly { name: string; make: Make; lacks: readonly Feature[] }[] = [
  { name: "fetch over HTTP/1.1", make: overHttp1, lacks: ["goaway", "nowhere", "inform"] },
  {
    name: "fetch to a handler in this process",
    make: inProcess,
    lacks: ["cut", "goaway", "nowhere", "inform"],
  },
];

describe.each(carriages)("$name keeps the contract", ({ make, lacks }) => {
  const contract = contractFor({ caps, lacks });

  test("and is excused from nothing that it does not declare", () => {
    expect(contract.cases.length).toBeGreaterThan(100);
  });

  test.each(contract.cases)("$name", async ({ run }) => {
    await run(make, AbortSignal.timeout(10_000));
  });
});
