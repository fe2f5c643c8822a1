import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { createServer, type AddressInfo, type Socket } from "node:net";
import { contractFor, type Feature, type Make } from "@millrace/exchange/contract";
import type { Accept, Caps, Connector } from "@millrace/exchange";
import { describe, expect, test } from "vitest";
import { parseBaseUrl } from "../src/client/base-url.ts";
import type { Target } from "../src/client/dial.ts";
import { Http1Connector } from "../src/client/http1-connector.ts";
import { http1Caps } from "../src/client/http1-limits.ts";
import { Http2Connector } from "../src/client/http2-connector.ts";
import { http2Caps } from "../src/client/http2-exchange.ts";
import { listen } from "../src/server/listen.ts";

function targetOf(url: string): Target {
  return { url: parseBaseUrl(url), connectTimeoutMs: 5_000 };
}

/** A port that was free a moment ago. */
async function closedPort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

function maker(connect: (target: Target) => Connector): Make {
  return async (accept: Accept) => {
    const server = await listen(accept, { port: 0, host: "127.0.0.1" });
    const sockets = new Set<Socket>();
    const seen = (message: unknown): void => {
      const { socket } = message as { socket: Socket };
      if (socket.localPort === Number(new URL(server.url).port)) sockets.add(socket);
    };
    subscribe("net.server.socket", seen);
    const connector = connect(targetOf(server.url));
    return {
      connector,
      authority: new URL(server.url).host,
      nowhere: connect(targetOf(`http://127.0.0.1:${await closedPort()}`)),
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

const carriages: readonly {
  name: string;
  caps: Caps;
  lacks: readonly Feature[];
  connect: (target: Target) => Connector;
}[] = [
  { name: "HTTP/2", caps: http2Caps, lacks: [], connect: (target) => new Http2Connector(target) },
  { name: "HTTP/1.1", caps: http1Caps, lacks: ["goaway"], connect: (target) => new Http1Connector(target) },
];

describe.each(carriages)("$name keeps the contract", ({ caps, lacks, connect }) => {
  const contract = contractFor({ caps, lacks });

  test("and is excused from nothing that it does not declare", () => {
    expect(contract.cases.length).toBeGreaterThan(50);
  });

  test.each(contract.cases)("$name", async ({ run }) => {
    await run(maker(connect), AbortSignal.timeout(10_000));
  });
});
