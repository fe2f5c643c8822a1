import dns from "node:dns";
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { Worker } from "node:worker_threads";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { Connector } from "@millrace/exchange";
import { nodeConnector } from "../src/client/node-connector.ts";
import { listen } from "../src/server/listen.ts";
import type { Listening } from "../src/server/listen-options.ts";
import { pem } from "../../../test/support/pem.ts";
import { Talk } from "./client-harness.ts";
import { replying } from "./client-reply.ts";

const tls = { key: pem("server-key"), cert: pem("server") };
const disposables: (() => unknown)[] = [];

afterEach(async () => {
  vi.restoreAllMocks();
  for (const dispose of disposables.splice(0).reverse()) await dispose();
});

/** What the resolver says of every name. */
function resolves(...addresses: string[]): void {
  vi.spyOn(dns, "lookup").mockImplementation(((_name: string, _options: object, found: Found) => {
    const list = addresses.map((address) => ({ address, family: address.includes(":") ? 6 : 4 }));
    setImmediate(() => found(null, list));
  }) as never);
}

type Found = (error: null, addresses: { address: string; family: number }[]) => void;

async function serving(port: number, scheme: string): Promise<Listening> {
  const options = { port, host: "127.0.0.1", ...(scheme === "https" ? { tls } : {}) };
  const server = await listen(replying, options);
  disposables.push(() => server.close({ graceMs: 0 }));
  return server;
}

function connector(scheme: string, port: string | number, httpVersion: "1.1" | "2" | undefined): Connector {
  const client = nodeConnector({
    baseUrl: `${scheme}://localhost:${port}`,
    httpVersion,
    ...(scheme === "https" ? { tls: { ca: pem("ca") } } : {}),
  });
  disposables.push(() => client.close(0));
  return client;
}

const lanes = [
  ["http", "1.1"],
  ["http", "2"],
  ["https", "1.1"],
  ["https", "2"],
  ["https", undefined],
] as const;

describe.each(lanes)("a name with several addresses, %s, HTTP %s:", (scheme, httpVersion) => {
  test("one that refuses is passed over at once", async () => {
    const { url } = await serving(0, scheme);
    const { port } = new URL(url);
    resolves("::1", "127.0.0.1");
    const talk = await Talk.open(connector(scheme, port, httpVersion), { head: { scheme } }).closes();
    expect([talk.status, talk.peer?.address]).toEqual([200, `127.0.0.1:${port}`]);
  });
});

test("where none can be had, the fault tells of each", async () => {
  const { url } = await serving(0, "http");
  const { port } = new URL(url);
  resolves("127.0.0.2", "127.0.0.3");
  const talk = await Talk.open(connector("http", port, "2")).closes();
  expect(talk.died?.text).toBe(`cannot connect to localhost:${port}: ECONNREFUSED`);
  expect(talk.died).toMatchObject({
    cause: { errors: [{ address: "127.0.0.2" }, { address: "127.0.0.3" }] },
  });
});

test("a name that there is not is told", async () => {
  const error = Object.assign(new Error("getaddrinfo ENOTFOUND"), { code: "ENOTFOUND" });
  vi.spyOn(dns, "lookup").mockImplementation(((_name: string, _options: object, found: (e: Error) => void) =>
    setImmediate(() => found(error))) as never);
  const talk = await Talk.open(connector("http", 9, "2")).closes();
  expect(talk.died).toMatchObject({ kind: "connect", text: "cannot connect to localhost:9: ENOTFOUND" });
});

test("a name without addresses is told", async () => {
  resolves();
  const talk = await Talk.open(connector("http", 9, "2")).closes();
  expect(talk.died?.text).toBe("cannot connect to localhost:9: the name has no address");
});

/** 127.0.0.2 with a port at which nobody answers for now: its thread sleeps, and what it can hold is full. */
async function silent(): Promise<{ readonly port: number; wake(): void }> {
  const asleep = new Int32Array(new SharedArrayBuffer(4));
  const program = `
    const { parentPort, workerData } = require("node:worker_threads");
    const server = require("node:net").createServer((socket) => socket.resume().on("error", () => {}));
    server.listen({ port: 0, host: "127.0.0.2", backlog: 1 }, () => {
      parentPort.postMessage(server.address().port);
      Atomics.wait(workerData, 0, 0);
    });`;
  const worker = new Worker(program, { eval: true, workerData: asleep });
  disposables.push(() => worker.terminate());
  const [port] = (await once(worker, "message")) as [number];
  for (let held = 0; held < 2; held++) {
    const socket: Socket = connect({ port, host: "127.0.0.2" });
    socket.on("error", () => {});
    disposables.push(() => socket.destroy());
    await once(socket, "connect");
  }
  return {
    port,
    wake() {
      Atomics.store(asleep, 0, 1);
      Atomics.notify(asleep, 0);
    },
  };
}

describe("an address that does not answer", () => {
  beforeEach(() => void vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] }));
  afterEach(() => void vi.useRealTimers());

  test.each(["http", "https"])(
    "has 250 ms to itself, then the next one is tried beside it (%s)",
    async (scheme) => {
      const { port } = await silent();
      const server = await serving(port, scheme);
      resolves("127.0.0.2", "127.0.0.1");
      const talk = Talk.open(connector(scheme, port, "2"), { head: { scheme } });
      while (vi.getTimerCount() < 2) await new Promise((resolve) => setImmediate(resolve));
      vi.advanceTimersByTime(249);
      expect(talk.log).toEqual([]);
      vi.advanceTimersByTime(2);
      await talk.closes();
      expect([talk.status, talk.peer?.address]).toEqual([200, `127.0.0.1:${new URL(server.url).port}`]);
    },
  );

  test("is not given up for one that refuses: it may be slow", async () => {
    const { port, wake } = await silent();
    resolves("127.0.0.2", "127.0.0.1");
    const talk = Talk.open(connector("http", port, "1.1"));
    while (vi.getTimerCount() < 2) await new Promise((resolve) => setImmediate(resolve));
    vi.advanceTimersByTime(251);
    wake();
    await talk.saw("sent");
    expect(talk.peer?.address).toBe(`127.0.0.2:${port}`);
  });
});
