import { once } from "node:events";
import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  connect,
  constants,
  type OutgoingHttpHeaders,
  type SecureClientSessionOptions,
} from "node:http2";

import { connect as connectTcp, type Socket } from "node:net";

import { afterEach, describe, expect, it } from "vitest";

import { listen } from "../src/server/listen.ts";
import type { Listening, ListenOptions } from "../src/server/listen-options.ts";
import { echo, type Handlers, Recorder } from "./server-harness.ts";

const { NGHTTP2_CANCEL, NGHTTP2_INTERNAL_ERROR, NGHTTP2_NO_ERROR, NGHTTP2_PROTOCOL_ERROR } = constants;

const open: Listening[] = [];
const sessions: ClientHttp2Session[] = [];

afterEach(async () => {
  for (const session of sessions.splice(0)) session.destroy();
  await Promise.all(open.splice(0).map((server) => server.close({ graceMs: 0 })));
});

async function start(
  on: Handlers,
  options: ListenOptions = {},
  client: SecureClientSessionOptions = {},
): Promise<{
  recorder: Recorder;
  session: ClientHttp2Session;
  post: (fields?: OutgoingHttpHeaders) => Call;
}> {
  const recorder = new Recorder(on);
  const server = await listen(recorder.accept, { host: "127.0.0.1", ...options });
  open.push(server);
  const session = connect(server.url, client);
  session.on("error", () => {});
  sessions.push(session);
  return {
    recorder,
    session,
    post: (fields = {}) => new Call(session.request({ ":method": "POST", ...fields })),
  };
}

/** A request of node's client, and what became of it. */
class Call {
  readonly stream: ClientHttp2Stream;
  text = "";
  head: readonly string[] = [];
  trailers: readonly string[] = [];
  readonly interim: number[] = [];
  /** The code of its end. */
  readonly closed: Promise<number>;

  constructor(stream: ClientHttp2Stream) {
    this.stream = stream;
    stream.on("error", () => {});
    stream.on("headers", (fields) => this.interim.push(Number(fields[":status"])));
    stream.on("response", (_fields, _flags, raw) => (this.head = raw));
    stream.on("trailers", (_fields, _flags, raw) => (this.trailers = raw));
    stream.on("data", (chunk: Buffer) => (this.text += chunk.toString("latin1")));
    this.closed = new Promise((resolve) => stream.on("close", () => resolve(stream.rstCode ?? -1)));
  }
}

describe("heads", () => {
  it("keep the order and the duplicates of fields, and give pseudo-fields their own places", async () => {
    const { recorder, post } = await start(echo);
    const call = post({ ":path": "/a?b", ":authority": "other", "x-b": ["1", "2"], "x-a": "3" });
    call.stream.end();
    const { exchange } = await recorder.get();
    expect(exchange.head).toMatchObject({
      method: "POST",
      scheme: "http",
      authority: "other",
      path: "/a",
      query: "b",
    });
    expect(exchange.head.fields).toEqual(["x-b", "1", "x-b", "2", "x-a", "3"]);
    expect(exchange.caps).toMatchObject({ http: "2", trailers: true, request: "full", resets: true });
    expect(exchange.peer).toMatchObject({ tls: false });
    expect(exchange.peer.address).toMatch(/^127\.0\.0\.1:\d+$/);
  });

  it("of a response keep the order and the duplicates of fields, trailers too", async () => {
    const { post } = await start({
      end: ({ exchange }) => exchange.reply(200, ["b", "1", "a", "2", "b", "3"], null, ["t", "1", "t", "2"]),
    });
    const call = post();
    call.stream.end();
    await call.closed;
    expect(call.head.slice(0, 8)).toEqual([":status", "200", "b", "1", "a", "2", "b", "3"]);
    expect(call.trailers).toEqual(["t", "1", "t", "2"]);
  });

  it("that HTTP/2 does not allow reset their stream alone, as a fault of ours", async () => {
    const { recorder, post } = await start({
      end: ({ exchange }) =>
        exchange.reply(200, exchange.head.path === "/bad" ? ["connection", "x"] : [], null, null),
    });
    const bad = post({ ":path": "/bad" });
    const good = post({ ":path": "/good" });
    bad.stream.end();
    good.stream.end();
    expect(await bad.closed).toBe(NGHTTP2_INTERNAL_ERROR);
    await good.closed;
    expect(good.head.slice(0, 2)).toEqual([":status", "200"]);
    const { died } = await (await recorder.get(0)).saw("closed");
    expect(died).toMatchObject({ by: "local", kind: "protocol", h2: NGHTTP2_INTERNAL_ERROR });
  });

  it("may be preceded by interim responses, and by 100 when the body is wanted", async () => {
    const { recorder, post } = await start({
      ...echo,
      accept: ({ exchange }) => {
        exchange.pause();
        exchange.inform(103, ["link", "</a>"]);
      },
    });
    const call = post({ expect: "100-continue" });
    await once(call.stream, "headers");
    expect(call.interim).toEqual([103]);
    (await recorder.get()).exchange.resume();
    await once(call.stream, "headers");
    expect(call.interim).toEqual([103, 100]);
    call.stream.end("hi");
    await call.closed;
    expect(call.text).toBe("hi");
  });

  it("of HEAD and of 304 have no body", async () => {
    const { post } = await start({
      end: ({ exchange }) => {
        exchange.respond(exchange.head.method === "HEAD" ? 200 : 304, []);
        exchange.write(Buffer.from("no"));
        exchange.end(["t", "1"]);
      },
    });
    for (const method of ["HEAD", "GET"]) {
      const call = post({ ":method": method });
      call.stream.end();
      expect(await call.closed).toBe(NGHTTP2_NO_ERROR);
      expect(call.text).toBe("");
    }
  });
});

describe("a reply before the request has ended", () => {
  it("arrives whole with its trailers, then a reset with NO_ERROR, and the connection survives (RFC 9113 section 8.1)", async () => {
    const body = Buffer.alloc(300_000, "r");
    const { recorder, post, session } = await start({
      accept: ({ exchange }) => exchange.reply(200, [], body, ["t", "1"]),
    });
    const call = post();
    const chunk = Buffer.alloc(65_536);
    const pour = (): void => {
      while (!call.stream.destroyed && call.stream.write(chunk));
    };
    call.stream.on("drain", pour);
    pour();
    expect(await call.closed).toBe(NGHTTP2_NO_ERROR);
    expect(call.text.length).toBe(body.length);
    expect(call.trailers).toEqual(["t", "1"]);
    const recorded = await (await recorder.get()).saw("closed");
    expect(recorded.log).toEqual(["closed"]);
    expect(recorded.delivered).toBe(true);
    const next = post();
    next.stream.end();
    await next.closed;
    expect(next.trailers).toEqual(["t", "1"]);
    expect(session.destroyed).toBe(false);
  });

  it("is not cut while it waits behind the client's shut window", async () => {
    const body = Buffer.alloc(200_000, "r");
    const { recorder, post } = await start(
      { accept: ({ exchange }) => exchange.reply(200, [], body, ["t", "1"]) },
      { limits: { drainBytes: 1, drainMs: 1 } },
      { settings: { initialWindowSize: 1_000 } },
    );
    const call = post();
    call.stream.pause();
    call.stream.write(Buffer.alloc(100_000));
    await once(call.stream, "response");
    expect((await recorder.get()).log).toEqual([]);
    call.stream.resume();
    await call.closed;
    expect(call.text.length).toBe(body.length);
    expect(call.trailers).toEqual(["t", "1"]);
  });

  it("lets a short rest of the request end by itself", async () => {
    const { recorder, post } = await start({
      data: ({ exchange }) => exchange.reply(200, [], Buffer.from("early"), ["t", "1"]),
    });
    const call = post();
    call.stream.write("a");
    await once(call.stream, "trailers");
    call.stream.end("b");
    expect(await call.closed).toBe(NGHTTP2_NO_ERROR);
    expect(call.text).toBe("early");
    const recorded = await (await recorder.get()).saw("closed");
    expect(recorded.log).toEqual(["data", "closed"]);
    expect(recorded.delivered).toBe(true);
  });

  it("is not held open by a client that never ends its request", async () => {
    const { recorder, post } = await start(
      { accept: ({ exchange }) => exchange.reply(200, [], Buffer.from("early"), null) },
      { limits: { drainMs: 1 } },
    );
    const call = post();
    expect(await call.closed).toBe(NGHTTP2_NO_ERROR);
    expect(call.text).toBe("early");
    expect((await (await recorder.get()).saw("closed")).delivered).toBe(true);
  });
});

describe("a client's reset", () => {
  it("is noticed at once while the exchange is paused and holds unread bytes", async () => {
    const { recorder, post } = await start({ data: ({ exchange }) => exchange.pause() });
    const call = post();
    call.stream.write("a");
    const recorded = await (await recorder.get()).saw("data");
    call.stream.write(Buffer.alloc(60_000));
    call.stream.close(NGHTTP2_CANCEL);
    await recorded.saw("closed");
    expect(recorded.log).toEqual(["data", "fault", "closed"]);
    expect(recorded.died).toMatchObject({ by: "peer", kind: "reset", h2: NGHTTP2_CANCEL });
  });

  it("of any code ends its exchange alone", async () => {
    const { recorder, post } = await start(echo);
    for (let code = 1; code <= 0xd; code++) {
      const call = post();
      call.stream.write("a");
      const recorded = await (await recorder.get(code - 1)).saw("data");
      call.stream.close(code);
      expect((await recorded.saw("closed")).died).toMatchObject({ by: "peer", kind: "reset", h2: code });
    }
    const call = post();
    call.stream.end("alive");
    await call.closed;
    expect(call.text).toBe("alive");
  });

  it("with NO_ERROR in the middle of the request is a fault, never its end", async () => {
    const { recorder, post } = await start(echo);
    const call = post();
    call.stream.write("a");
    const recorded = await (await recorder.get()).saw("data");
    call.stream.destroy();
    await recorded.saw("closed");
    expect(recorded.log).toEqual(["data", "fault", "closed"]);
  });

  it("in the very packet that opens the stream harms nobody", async () => {
    const { recorder, post } = await start(echo);
    for (let i = 0; i < 20; i++) post().stream.close(NGHTTP2_PROTOCOL_ERROR);
    const call = post();
    call.stream.end("alive");
    await call.closed;
    expect(call.text).toBe("alive");
    await Promise.all(recorder.all.map((recorded) => recorded.saw("closed")));
  });

  it("after the response has been flushed does not make it undelivered", async () => {
    const { recorder, post } = await start({
      accept: ({ exchange }) => exchange.reply(200, [], Buffer.from("all"), ["t", "1"]),
    });
    const call = post();
    await once(call.stream, "trailers");
    call.stream.close(NGHTTP2_CANCEL);
    const recorded = await (await recorder.get()).saw("closed");
    expect(recorded.delivered).toBe(true);
    expect(recorded.died).toBeUndefined();
  });
});

describe("a lost connection", () => {
  it("is a fault of every exchange on it, at once, paused or not", async () => {
    let socket: Socket | undefined;
    const { recorder, post } = await start(
      { accept: ({ exchange }) => exchange.head.path === "/paused" && exchange.pause() },
      {},
      { createConnection: ({ port }) => (socket = connectTcp(Number(port), "127.0.0.1")) },
    );
    for (const path of ["/paused", "/flowing", "/answering"]) post({ ":path": path }).stream.write("a");
    const three = await Promise.all([0, 1, 2].map((index) => recorder.get(index)));
    three[2]?.exchange.respond(200, []);
    three[2]?.exchange.flush();
    socket?.destroy();
    for (const recorded of three)
      expect((await recorded.saw("closed")).died).toMatchObject({
        by: "transport",
        kind: "truncated",
        h2: -1,
      });
  });
});

describe("our own reset", () => {
  it("carries its code, closes without a fault, and leaves the siblings", async () => {
    const { recorder, post } = await start({
      data: ({ exchange }) => exchange.head.path === "/bad" && exchange.reset(0xb),
    });
    const bad = post({ ":path": "/bad" });
    const good = post({ ":path": "/good" });
    good.stream.write("a");
    bad.stream.write("a");
    expect(await bad.closed).toBe(0xb);
    const recorded = await (await recorder.get(0)).saw("closed");
    expect(recorded.log).toEqual(["data", "closed"]);
    (await recorder.get(1)).exchange.reply(200, [], Buffer.from("good"), null);
    good.stream.end();
    await good.closed;
    expect(good.text).toBe("good");
  });

  it("takes back a response that waits behind the client's shut window", async () => {
    const { recorder, post } = await start({}, {}, { settings: { initialWindowSize: 10 } });
    const call = post();
    call.stream.pause();
    call.stream.write("a");
    const recorded = await (await recorder.get()).saw("data");
    recorded.exchange.reply(200, [], Buffer.alloc(100_000), ["t", "1"]);
    await once(call.stream, "response");
    recorded.exchange.reset(NGHTTP2_CANCEL);
    expect((await recorded.saw("closed")).delivered).toBe(false);
    expect(await call.closed).toBe(NGHTTP2_CANCEL);
  });
});

describe("back-pressure", () => {
  it("stops a client at the stream's window, and leaves the siblings their way", async () => {
    const window = 100_000;
    const { recorder, post } = await start(
      { ...echo, accept: ({ exchange }) => exchange.head.path === "/paused" && exchange.pause() },
      { limits: { streamWindowBytes: window } },
    );
    const paused = post({ ":path": "/paused" });
    const total = 2_000_000;
    paused.stream.end(Buffer.alloc(total));
    const recorded = await recorder.get();
    // What could be sent has been sent when a sibling has come and gone twice.
    for (let i = 0; i < 2; i++) {
      const sibling = post();
      sibling.stream.end("x".repeat(1_000));
      await sibling.closed;
      expect(sibling.text.length).toBe(1_000);
    }
    expect(recorded.bytes).toBe(0);
    expect(paused.stream.writableFinished).toBe(false);
    recorded.exchange.resume();
    await recorded.saw("end");
    expect(recorded.bytes).toBe(total);
  });

  it("holds a writer back when the client does not read, and lets it go on when it does", async () => {
    const { recorder, post } = await start({ accept: ({ exchange }) => exchange.respond(200, []) });
    const call = post();
    call.stream.pause();
    call.stream.end();
    const recorded = await (await recorder.get()).saw("end");
    let written = 0;
    while (recorded.exchange.write(Buffer.alloc(65_536))) written += 65_536;
    expect(written).toBeLessThan(16 * 1024 * 1024);
    expect(recorded.log).not.toContain("writable");
    call.stream.resume();
    await recorded.saw("writable");
    recorded.exchange.end(null);
    expect((await recorded.saw("closed")).delivered).toBe(true);
  });
});

describe("concurrency", () => {
  it("tells the layer above what its peer may have open", async () => {
    const { recorder, post } = await start(echo, { limits: { maxConcurrentStreams: 7 } });
    post().stream.end();
    expect((await recorder.get()).exchange.maxConcurrent).toBe(7);
  });
});
