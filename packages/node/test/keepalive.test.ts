import type { Socket } from "node:net";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { type NodeConnectorOptions, nodeConnector } from "../src/client/node-connector.ts";
import { listen } from "../src/server/listen.ts";
import type { ListenOptions } from "../src/server/listen-options.ts";
import { ErrorCode, type Sink } from "@millrace/exchange";
import { ACK, frame, goaway, HEADERS, headers, PING, SETTINGS } from "../../../test/support/frames.ts";
import { RawHttp2 } from "../../../test/support/raw-http2.ts";
import { Watchable } from "../../../test/support/watchable.ts";
import { scriptedHttp2, type SocketServer, Talk } from "./client-harness.ts";

beforeEach(() => void vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] }));
afterEach(() => void vi.useRealTimers());

/** Lets what is under way arrive, and be dealt with. */
async function arrive(): Promise<void> {
  for (let turns = 0; turns < 20; turns++) await new Promise((resolve) => setImmediate(resolve));
}

describe("a client's keepalive", () => {
  interface Stage extends AsyncDisposable {
    readonly server: SocketServer;
    readonly talk: Talk;
    /** PINGs that the server has heard. */
    pings: number;
    readonly watch: Watchable;
    /** Lets the server answer what the talk asks, which ends it. */
    answer(): void;
  }

  /** A client of a server that answers nothing but SETTINGS. */
  async function stage(keepalive: NodeConnectorOptions["keepalive"]): Promise<Stage> {
    const watch = new Watchable();
    let open: { socket: Socket; stream: number } | undefined;
    const server = await scriptedHttp2(({ type, flags, stream }, socket) => {
      if (type === HEADERS) open = { socket, stream };
      if (type === PING && flags !== ACK) on.pings++;
      watch.changed();
    });
    const connector = nodeConnector({ baseUrl: server.url, httpVersion: "2", keepalive });
    const talk = Talk.open(connector);
    const on: Stage = {
      server,
      talk,
      pings: 0,
      watch,
      answer: () => open?.socket.write(headers(open.stream, true, ":status", "200")),
      async [Symbol.asyncDispose]() {
        vi.useRealTimers();
        await connector.close(0);
        await server[Symbol.asyncDispose]();
      },
    };
    await talk.saw("sent");
    await watch.until(() => open);
    await arrive();
    return on;
  }

  test("asks after five minutes, and gives a server twenty seconds, unless told otherwise", async () => {
    await using on = await stage(undefined);
    vi.advanceTimersByTime(299_900);
    await arrive();
    expect(on.pings).toBe(0);
    vi.advanceTimersByTime(101);
    await on.watch.until(() => on.pings || undefined);
    vi.advanceTimersByTime(19_800);
    await arrive();
    expect(on.talk.log).toEqual(["sent"]);
    vi.advanceTimersByTime(201);
    await on.talk.closes();
    expect(on.talk.died).toMatchObject({ by: "transport", kind: "lost", processed: "maybe" });
    expect(on.talk.died?.text).toMatch(/ was lost: no answer to PING within 20000 ms$/);
    expect(on.pings).toBe(1);
  });

  test("does not ask while nothing runs", async () => {
    await using on = await stage(undefined);
    on.answer();
    await on.talk.closes();
    await arrive();
    vi.advanceTimersByTime(10_000_000);
    await arrive();
    expect([on.pings, on.server.sockets[0]?.destroyed]).toEqual([0, false]);
  });

  test("asks while nothing runs where it is told to", async () => {
    await using on = await stage({ intervalMs: 1000, timeoutMs: 100, whileIdle: true });
    on.answer();
    await on.talk.closes();
    await arrive();
    vi.advanceTimersByTime(1001);
    await on.watch.until(() => on.pings || undefined);
    const gone = new Promise((resolve) => on.server.sockets[0]!.once("close", resolve));
    vi.advanceTimersByTime(101);
    await gone;
  });

  test("asks half as often once a server of gRPC has taken it for abuse", async () => {
    const watch = new Watchable();
    const pings: number[] = [];
    await using server = await scriptedHttp2(({ type, flags }, socket) => {
      if (type !== PING || flags === ACK) return;
      const number = server.sockets.indexOf(socket);
      pings.push(number);
      watch.changed();
      if (number === 0) socket.write(goaway(2 ** 31 - 1, ErrorCode.ENHANCE_YOUR_CALM, "too_many_pings"));
    });
    const keepalive = { intervalMs: 1000, timeoutMs: 100_000 };
    const connector = nodeConnector({ baseUrl: server.url, httpVersion: "2", keepalive });
    const first = await Talk.open(connector).saw("sent");
    await arrive();
    vi.advanceTimersByTime(1001);
    await first.closes();
    expect(first.died?.text).toMatch(/GOAWAY ENHANCE_YOUR_CALM \(too_many_pings\)$/);
    const second = await Talk.open(connector).saw("sent");
    await arrive();
    vi.advanceTimersByTime(1900);
    await arrive();
    expect(pings).toEqual([0]);
    vi.advanceTimersByTime(101);
    await watch.until(() => pings[1]);
    second.exchange.reset(ErrorCode.CANCEL);
    vi.useRealTimers();
    await connector.close(0);
  });

  test("never asks where there is none", async () => {
    await using on = await stage(false);
    vi.advanceTimersByTime(100_000_000);
    await arrive();
    expect([on.pings, on.talk.log]).toEqual([0, ["sent"]]);
  });
});

describe("a server's keepalive", () => {
  async function stage(
    keepalive: ListenOptions["keepalive"],
  ): Promise<AsyncDisposable & { client: RawHttp2; pings(): number }> {
    // A request that is never answered: a connection of no use ends by itself.
    const accept = (): Sink => ({ data() {}, end() {}, fault() {}, writable() {}, closed() {} });
    const server = await listen(accept, { port: 0, host: "127.0.0.1", keepalive });
    const client = RawHttp2.open(Number(new URL(server.url).port), frame(SETTINGS, ACK, 0));
    client.request(false, ":method", "POST", ":scheme", "http", ":authority", "a", ":path", "/");
    await client.read();
    return {
      client,
      pings: () => client.frames.filter(({ type, flags }) => type === PING && flags !== ACK).length,
      async [Symbol.asyncDispose]() {
        client.raw.socket.destroy();
        await server.close({ graceMs: 0 });
      },
    };
  }

  test("asks after five minutes, and gives a client twenty seconds, unless told otherwise", async () => {
    await using on = await stage(undefined);
    vi.advanceTimersByTime(299_900);
    await on.client.read();
    expect(on.pings()).toBe(0);
    vi.advanceTimersByTime(300_001);
    expect((await on.client.until(({ type, flags }) => type === PING && flags !== ACK))?.stream).toBe(0);
    vi.advanceTimersByTime(19_800);
    await arrive();
    expect(on.client.raw.ended).toBe(false);
    vi.advanceTimersByTime(201);
    await on.client.raw.closed;
  });

  test("asks as it is told", async () => {
    await using on = await stage({ intervalMs: 1000, timeoutMs: 100 });
    vi.advanceTimersByTime(1101);
    await arrive();
    vi.advanceTimersByTime(101);
    await on.client.raw.closed;
  });

  test("never asks where there is none", async () => {
    await using on = await stage(false);
    vi.advanceTimersByTime(100_000_000);
    await on.client.read();
    expect(on.pings()).toBe(0);
  });
});
