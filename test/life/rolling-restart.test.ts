import { once } from "node:events";
import { createServer as createHttp2 } from "node:http2";
import type { ServerHttp2Session } from "node:http2";
import type { AddressInfo } from "node:net";
import { createClient, createNodeHandler, createTransport, implementPartial, serve } from "@millrace/node";
import type { App } from "@millrace/node";
import { expect, test } from "vitest";
import { GreetService } from "../../gen/greet/v1/greet_millrace.ts";
import type { GreetServiceClient } from "../../gen/greet/v1/greet_millrace.ts";
import { pem } from "../support/pem.ts";
import { expectNothingUnhandled, turn } from "./support/life.ts";
import { TcpRelay } from "./support/tcp-relay.ts";

expectNothingUnhandled();

const restarts = 6;
/** Calls under way at once, of each client. */
const width = 8;

type Start = (app: App) => Promise<{ readonly port: number; close(): Promise<void> }>;

const serving =
  (options: object): Start =>
  async (app) => {
    const server = await serve({ ...app, host: "127.0.0.1", ...options });
    return { port: Number(new URL(server.url).port), close: () => server.close() };
  };

/** A server of node:http2, which says GOAWAY once: what is under way to it then is not served. */
const mounted: Start = async (app) => {
  const server = createHttp2(createNodeHandler(app));
  const sessions = new Set<ServerHttp2Session>();
  server.on("session", (session) => {
    sessions.add(session);
    session.on("close", () => sessions.delete(session));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    async close() {
      const closed = once(server, "close");
      server.close();
      for (const session of sessions) session.close();
      await closed;
    },
  };
};

/** Calls that fail unless they are answered as they should be. */
const kinds: Record<string, (client: GreetServiceClient) => Promise<void>> = {
  async unary(client) {
    expect((await client.greet({ name: "Ada" })).greeting).toBe("Ada");
  },
  async "server stream"(client) {
    const greetings: string[] = [];
    for await (const { greeting } of client.watch({})) greetings.push(greeting);
    expect(greetings).toEqual(["0", "1", "2"]);
  },
  async "client stream"(client) {
    const upload = client.collect();
    await upload.send({ name: "one" });
    await upload.send({ name: "two" });
    expect((await upload.finish()).count).toBe(2n);
  },
};

const tls = { key: pem("server-key"), cert: pem("server") };

test.each<[string, "http" | "https", Start, readonly string[]]>([
  ["of serve(), http", "http", serving({}), Object.keys(kinds)],
  ["of serve(), https", "https", serving({ tls }), Object.keys(kinds)],
  // Requests that are streams cannot be sent again.
  ["of node:http2", "http", mounted, ["unary", "server stream"]],
])("servers that are replaced one by one under load lose no call: %s", async (_, scheme, start, names) => {
  /** How many calls each server has begun. */
  const served: number[] = [];
  const next = (): ReturnType<Start> => {
    const number = served.push(0) - 1;
    const work = async (): Promise<void> => {
      served[number] = served[number]! + 1;
      for (let turns = served[number] % 5; turns > 0; turns--) await turn();
    };
    const service = implementPartial(GreetService, {
      async greet({ name }) {
        await work();
        return { greeting: name };
      },
      async *watch() {
        await work();
        for (let count = 0; count < 3; count++) {
          yield { greeting: String(count) };
          await turn();
        }
      },
      async collect(requests) {
        await work();
        let count = 0n;
        for await (const _ of requests) count++;
        return { count };
      },
    });
    return start({ services: [service] });
  };

  let server = await next();
  const relay = await TcpRelay.to(server.port);
  const failures: unknown[] = [];
  let calls = 0;
  let state: "running" | "over" = "running";
  const transports = (["connect", "grpc", "grpc-web"] as const).map((protocol) =>
    createTransport({
      baseUrl: `${scheme}://localhost:${relay.port}`,
      protocol,
      httpVersion: "2",
      ...(scheme === "https" ? { tls: { ca: pem("ca") } } : {}),
    }),
  );
  const loops = transports.flatMap((transport) => {
    const client = createClient(GreetService, transport);
    return Array.from({ length: width }, async (__, first) => {
      for (let at = first; state === "running"; at++) {
        const call = kinds[names[at % names.length]!]!;
        await call(client).catch((error: unknown) => void failures.push(error));
        calls++;
      }
    });
  });
  const round = async (): Promise<void> => {
    const enough = calls + 3 * width * transports.length;
    while (calls < enough) await turn();
  };

  for (let count = 0; count < restarts; count++) {
    await round();
    const old = server;
    server = await next();
    relay.target = server.port;
    await old.close();
  }
  await round();
  state = "over";
  await Promise.all(loops);
  for (const transport of transports) await transport.close();
  await relay.close();
  await server.close();

  expect(failures).toEqual([]);
  expect(served.every((count) => count > 0)).toBe(true);
  expect(served.reduce((sum, count) => sum + count)).toBe(calls);
  expect(relay.accepted).toBe((restarts + 1) * transports.length);
});
