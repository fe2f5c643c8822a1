// Clients that send more than a server should have to bear, or take their time over it: each costs itself its connection or
// its stream, and nobody else anything.
import { describe, expect, test } from "vitest";
import { serve } from "@millrace/node";
import type { App, ConnectionFailure, ServerLimits } from "@millrace/node";
import { askerOf } from "../support/asker.ts";
import type { Asker } from "../support/asker.ts";
import { envelope, utf8 } from "../support/bytes.ts";
import {
  CONTINUATION,
  data,
  END_HEADERS,
  frame,
  FrameReader,
  GOAWAY,
  HEADERS,
  headers,
  PING,
  preface,
  reset,
  RST_STREAM,
  SETTINGS,
} from "../support/frames.ts";
import { greeter } from "../support/greeter.ts";
import { block } from "../support/hpack.ts";
import { expectQuiet } from "../support/quiet.ts";
import { grpcHead, RawHttp2 } from "../support/raw-http2.ts";
import { RawSocket } from "../support/raw-socket.ts";
import { CallLog } from "../support/served.ts";
import { Standing } from "../support/standing.ts";
import { stillServes } from "../support/still-serves.ts";
import { greet, watch } from "../support/wires.ts";

expectQuiet();

interface Listening extends AsyncDisposable, Pick<Asker, "ask"> {
  readonly port: number;
  readonly calls: CallLog;
}

async function listening(
  limits: Partial<ServerLimits>,
  app: App = greeter(),
  onConnectionFailure?: (failure: ConnectionFailure) => void,
): Promise<Listening> {
  const calls = new CallLog();
  const observers = [calls.observer];
  const server = await serve({ ...app, observers, limits, onConnectionFailure, host: "127.0.0.1", port: 0 });
  const port = Number(new URL(server.url).port);
  const asker = askerOf("2", port);
  return {
    port,
    calls,
    ask: (request) => asker.ask(request),
    async [Symbol.asyncDispose]() {
      asker.leave();
      await server.close({ graceMs: 0 });
    },
  };
}

const json = ["content-type", "application/json"];
const request = [":method", "POST", ":scheme", "http", ":authority", "victim", ":path", greet, ...json];

/** Sends the same again and again until the server has closed the connection. */
async function pour({ raw: { socket } }: RawHttp2, bytes: Uint8Array): Promise<void> {
  while (!socket.destroyed) {
    expect(socket.bytesWritten).toBeLessThan(64e6);
    if (socket.write(bytes)) continue;
    await new Promise<void>((resolve) => {
      const go = (): void => {
        socket.off("drain", go).off("close", go);
        resolve();
      };
      socket.on("drain", go).on("close", go);
    });
  }
}

describe("over HTTP/2", () => {
  test("resets beyond the burst (rapid reset) end the connection; handlers that were begun are as few as the burst", async () => {
    await using server = await listening({ streamResetBurst: 20, streamResetRate: 1 });
    const client = RawHttp2.open(server.port);
    for (let n = 0; n < 300; n++) client.send(headers(2 * n + 1, false, ...request), reset(2 * n + 1, 8));
    await client.until((one) => one.type === GOAWAY);
    await client.raw.closed;
    expect(server.calls.begun).toBeLessThan(50);
    expect((await server.calls.ended(server.calls.begun)).every(({ code }) => code === "canceled")).toBe(
      true,
    );
    await stillServes(server);
  });

  test("a header block without an end (CONTINUATION flood) ends the connection, and begins nothing", async () => {
    await using server = await listening({});
    const client = new RawHttp2(server.port);
    client.send(preface, frame(SETTINGS, 0, 0), frame(HEADERS, 0, 1, block(...request)));
    const more = frame(CONTINUATION, 0, 1, block("x", "y".repeat(100)));
    await pour(client, Buffer.concat(Array.from({ length: 100 }, () => more)));
    expect(server.calls.begun).toBe(0);
    await stillServes(server);
  });

  test.each([
    ["SETTINGS", frame(SETTINGS, 0, 0)],
    ["PING", frame(PING, 0, 0, Buffer.alloc(8))],
  ])("%s without an end, whose answers nobody reads, end the connection", async (_name, one) => {
    const told = Promise.withResolvers<string>();
    await using server = await listening({}, greeter(), ({ text }) => told.resolve(text));
    const client = new RawHttp2(server.port);
    client.raw.socket.pause();
    client.send(preface, frame(SETTINGS, 0, 0));
    await pour(client, Buffer.concat(Array.from({ length: 2_000 }, () => one)));
    expect(await told.promise).toMatch(/^HTTP\/2: /);
    await stillServes(server);
  });

  const watching = (stream: number): Buffer =>
    Buffer.concat([grpcHead(stream, watch), data(stream, true, envelope(0, ""))]);

  test("a stream above SETTINGS_MAX_CONCURRENT_STREAMS is refused; when one has ended there is room", async () => {
    const standing = new Standing();
    await using server = await listening({ maxConcurrentStreams: 2 }, standing.app());
    // It cannot know of the limit yet.
    const client = RawHttp2.open(server.port, watching(1), watching(3), watching(5));
    const refused = await client.until((one) => one.type === RST_STREAM);
    expect([refused?.stream, refused?.payload.readUInt32BE(0)]).toEqual([5, 7]);
    client.send(reset(1, 8));
    await server.calls.ended(1);
    client.send(headers(7, false, ...request), data(7, true, utf8('{"name":"Ada"}')));
    expect(await client.streamEnd(7)).toBe(-1);
    expect(server.calls.begun).toBe(3);
    client.raw.socket.destroy();
  });

  test("one that knows the limit, and goes beyond it again and again, loses its connection", async () => {
    const standing = new Standing();
    await using server = await listening(
      { maxConcurrentStreams: 2, streamResetBurst: 20, streamResetRate: 1 },
      standing.app(),
    );
    const client = RawHttp2.open(server.port);
    await client.read();
    client.send(watching(1), watching(3));
    for (let n = 2; n < 40; n++) client.send(watching(2 * n + 1));
    expect((await client.until((one) => one.type === GOAWAY))?.payload.readUInt32BE(4)).toBe(11);
    await client.raw.closed;
    expect(server.calls.begun).toBe(2);
    await server.calls.ended(2);
    await stillServes(server);
  });

  test("more header fields than are allowed end their stream, and no other", async () => {
    await using server = await listening({ maxHeaderFields: 50 });
    const client = RawHttp2.open(server.port);
    const many = Array.from({ length: 60 }, (_, n) => [`x-${n}`, "y"]).flat();
    client.send(headers(1, true, ...request, ...many));
    expect((await client.answer(1)).status).toBe(431);
    client.send(headers(3, false, ...request), data(3, true, utf8("{}")));
    expect(await client.streamEnd(3)).toBe(-1);
    expect(server.calls.begun).toBe(1);
    client.raw.socket.destroy();
  });

  test("header fields that are larger than allowed do not reach a handler", async () => {
    await using server = await listening({ maxHeaderBytes: 4_096 });
    const client = RawHttp2.open(server.port);
    const big = [...request, "x", "y".repeat(10_000)];
    client.send(frame(HEADERS, END_HEADERS, 1, block(...big)));
    await client.streamEnd(1);
    expect(server.calls.begun).toBe(0);
    client.send(headers(3, false, ...request), data(3, true, utf8("{}")));
    expect(await client.streamEnd(3)).toBe(-1);
    client.raw.socket.destroy();
  });
});

describe("slow ones", () => {
  test.each([
    ["nothing", ""],
    ["half a preface", preface.subarray(0, 10).toString("latin1")],
  ])("a connection that says %s is closed when its time is over", async (_name, bytes) => {
    await using server = await listening({ handshakeTimeoutMs: 30 });
    const raw = RawSocket.to(server.port).send(bytes);
    await raw.closed;
    expect(raw.held.length).toBe(0);
    await stillServes(server);
  });

  test("a head that does not come to an end (slowloris) is answered with 408 when its time is over", async () => {
    await using server = await listening({ headersTimeoutMs: 50 });
    const raw = RawSocket.to(server.port).send(`POST ${greet} HTTP/1.1\r\nhost: x\r\nx: `);
    expect((await raw.answer()).status).toBe(408);
    await raw.closed;
    expect(server.calls.begun).toBe(0);
  });

  test("a preface without SETTINGS behind it is waited for as long once more", async () => {
    await using server = await listening({ handshakeTimeoutMs: 30 });
    const raw = RawSocket.to(server.port).send(preface);
    await raw.closed;
    const goaway = [...new FrameReader().read(raw.held)].find((one) => one.type === GOAWAY);
    // SETTINGS_TIMEOUT
    expect(goaway?.payload.readUInt32BE(4)).toBe(4);
  });

  test("an HTTP/2 head that does not come to an end costs the connection when its time is over", async () => {
    await using server = await listening({ headersTimeoutMs: 50 });
    const client = RawHttp2.open(server.port);
    // Nothing may come between the parts of a head, so it has said what it owes the server before.
    await client.read();
    client.send(frame(HEADERS, 0, 1, block(...request)));
    const goaway = await client.until((one) => one.type === GOAWAY);
    // ENHANCE_YOUR_CALM
    expect(goaway?.payload.readUInt32BE(4)).toBe(11);
    expect(server.calls.begun).toBe(0);
  });

  test("a connection that is not used is closed when its time is over", async () => {
    await using server = await listening({ keepAliveTimeoutMs: 30 });
    const raw = RawSocket.to(server.port);
    raw.send(
      `POST ${greet} HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}`,
    );
    expect((await raw.answer()).status).toBe(200);
    await raw.closed;
  });
});
