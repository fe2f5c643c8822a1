import { AsyncLocalStorage } from "node:async_hooks";
import { afterEach, expect, test } from "vitest";
import type { Connector } from "@millrace/exchange";
import { nodeConnector } from "../src/client/node-connector.ts";
import { nodeHost } from "../src/host/node-host.ts";
import { listen } from "../src/server/listen.ts";
import { Talk } from "./client-harness.ts";
import { replying } from "./client-reply.ts";

const open: Connector[] = [];

afterEach(async () => {
  for (const connector of open.splice(0)) await connector.close(0);
});

test.each([
  ["1.1", null],
  ["1.1", "streamed"],
  ["2", null],
  ["2", "streamed"],
] as const)(
  "a connection made inside one call carries nothing of it into the next (HTTP/%s, body %s)",
  async (httpVersion, body) => {
    await using server = await listen(replying, { port: 0, host: "127.0.0.1" });
    const connector = nodeConnector({ baseUrl: server.url, httpVersion });
    open.push(connector);
    const users = new AsyncLocalStorage<string>();
    const seen: unknown[] = [];
    const look = (): void => void seen.push(nodeHost.current(), users.getStore());
    const call = (name: string): Talk =>
      users.run(name, () =>
        nodeHost.enter(name, () => Talk.open(connector, { body, on: { head: look, data: look, end: look } })),
      );
    for (const name of ["call 1", "call 2", "call 3"]) {
      const talk = call(name);
      talk.exchange.end(null);
      await talk.closes();
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(seen.length).toBe(18);
    expect(new Set(seen)).toEqual(new Set([undefined]));
  },
);
