import { once } from "node:events";
import type { Socket } from "node:net";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { ErrorCode } from "@millrace/exchange";
import { Http2Connector } from "../src/client/http2-connector.ts";
import {
  ACK,
  DATA,
  END_STREAM,
  frame,
  type Frame,
  goaway,
  HEADERS,
  headers,
  PING,
  reset,
  SETTINGS,
  settings,
  WINDOW_UPDATE,
  windowUpdate,
} from "../../../test/support/frames.ts";
import { scriptedHttp2, SocketServer, Talk, targetOf } from "./client-harness.ts";

const hello = Buffer.from("hello");
const open: { close(graceMs: number): Promise<void> }[] = [];

afterEach(async () => {
  for (const connector of open.splice(0)) await connector.close(0);
});

function connect(server: SocketServer, connectTimeoutMs?: number): Http2Connector {
  const connector = new Http2Connector(targetOf(server.url, connectTimeoutMs));
  open.push(connector);
  return connector;
}

function head(stream: number, flags = 0): Buffer {
  return headers(stream, flags === END_STREAM, ":status", "200");
}

/** Sends SETTINGS and `more` in one packet on its first connection, before it has read anything; later ones it serves. */
async function atOnce(more: Buffer): Promise<SocketServer> {
  const server = await scriptedHttp2(
    ({ type, stream }, socket) => {
      if (type === HEADERS) socket.write(head(stream, END_STREAM));
    },
    {
      settings: null,
      opened: (socket) => {
        const first = socket === server.sockets[0];
        socket.write(Buffer.concat([frame(SETTINGS, 0, 0), ...(first ? [more] : [])]));
      },
    },
  );
  return server;
}

/** Runs `answer` at each request's head. */
async function answering(answer: (socket: Socket, stream: number) => void): Promise<SocketServer> {
  return await scriptedHttp2((received, socket) => {
    if (received.type === HEADERS) answer(socket, received.stream);
  });
}

describe("how a response ends", () => {
  const whole: Record<string, (stream: number) => Buffer[]> = {
    "DATA with END_STREAM": (id) => [head(id), frame(DATA, END_STREAM, id, hello)],
    "an empty DATA with END_STREAM": (id) => [
      head(id),
      frame(DATA, 0, id, hello),
      frame(DATA, END_STREAM, id),
    ],
    "HEADERS with END_STREAM": (id) => [head(id, END_STREAM)],
    trailers: (id) => [head(id), frame(DATA, 0, id, hello), headers(id, true, "t-a", "1", "t-a", "2")],
    "DATA with END_STREAM, then RST_STREAM(NO_ERROR)": (id) => [
      head(id),
      frame(DATA, END_STREAM, id, hello),
      reset(id, ErrorCode.NO_ERROR),
    ],
    "trailers, then RST_STREAM(NO_ERROR)": (id) => [
      head(id),
      headers(id, true, "t-a", "1", "t-a", "2"),
      reset(id, ErrorCode.NO_ERROR),
    ],
  };
  test.each(Object.keys(whole))("a response that ends with %s is whole", async (name) => {
    const frames = whole[name] as (stream: number) => Buffer[];
    for (const body of [null, "streamed"] as const) {
      await using server = await answering((socket, id) => socket.write(Buffer.concat(frames(id))));
      const talk = Talk.open(connect(server), { body, on: { end: ({ exchange }) => exchange.end(null) } });
      await talk.closes();
      expect(talk.log.filter((event) => event !== "data")).toEqual(["sent", "head", "end", "closed"]);
      expect(talk.trailers).toEqual(name.includes("trailers") ? ["t-a", "1", "t-a", "2"] : null);
      if (!name.includes("NO_ERROR")) expect(talk.delivered).toBe(true);
    }
  });

  const cut: Record<string, [(socket: Socket, stream: number) => void, object]> = {
    "RST_STREAM(NO_ERROR) in the middle": [
      (socket, id) => socket.write(Buffer.concat([head(id), frame(DATA, 0, id, hello), reset(id, 0)])),
      { by: "peer", kind: "reset", h2: 0, processed: "maybe" },
    ],
    "RST_STREAM(CANCEL) in the middle": [
      (socket, id) => socket.write(Buffer.concat([head(id), frame(DATA, 0, id, hello), reset(id, 8)])),
      { by: "peer", kind: "reset", h2: 8, processed: "maybe" },
    ],
    "a connection that the peer closes": [
      (socket, id) => socket.end(Buffer.concat([head(id), frame(DATA, 0, id, hello)])),
      { by: "transport", kind: "lost", h2: -1, processed: "maybe" },
    ],
    "GOAWAY with an error": [
      (socket, id) =>
        socket.write(
          Buffer.concat([head(id), frame(DATA, 0, id, hello), goaway(id, ErrorCode.ENHANCE_YOUR_CALM)]),
        ),
      { by: "peer", kind: "goaway", h2: 11, processed: "maybe" },
    ],
    "a frame that breaks the rules": [
      (socket, id) =>
        socket.write(Buffer.concat([head(id), frame(DATA, 0, id, hello), frame(DATA, 0, 0, hello)])),
      { by: "local", kind: "protocol", h2: 1, processed: "maybe" },
    ],
    "less than its content-length": [
      (socket, id) =>
        socket.write(
          Buffer.concat([
            headers(id, false, ":status", "200", "content-length", "10"),
            frame(DATA, END_STREAM, id, hello),
          ]),
        ),
      { by: "local", kind: "protocol", h2: 1, processed: "maybe" },
    ],
  };
  test.each(Object.keys(cut))(
    "a response cut by %s is a fault behind its bytes, never an end",
    async (name) => {
      const [answer, fault] = cut[name] as (typeof cut)[string];
      for (const body of [null, "streamed"] as const) {
        await using server = await answering(answer);
        const talk = await Talk.open(connect(server), { body }).closes();
        expect(talk.log).toEqual(["sent", "head", "data", "fault", "closed"]);
        expect(talk.text).toBe("hello");
        expect(talk.died).toMatchObject(fault);
        expect(talk.delivered).toBe(false);
      }
    },
  );

  test("a connection that is reset in the middle is lost, with node's error as the cause", async () => {
    await using server = await answering((socket, id) =>
      socket.write(Buffer.concat([head(id), frame(DATA, 0, id, hello)])),
    );
    const talk = Talk.open(connect(server), { on: { data: () => server.sockets[0]?.resetAndDestroy() } });
    await talk.closes();
    expect(talk.log).toEqual(["sent", "head", "data", "fault", "closed"]);
    expect(talk.died).toMatchObject({ kind: "lost", processed: "maybe", cause: { code: "ECONNRESET" } });
    expect(talk.died?.text).toMatch(/127\.0\.0\.1:\d+ was lost: ECONNRESET/);
  });

  test("bytes that wait behind a pause survive the stream's reset", async () => {
    await using server = await answering((socket, id) =>
      socket.write(
        Buffer.concat([head(id), frame(DATA, 0, id, hello), frame(DATA, 0, id, hello), reset(id, 2)]),
      ),
    );
    const talk = Talk.open(connect(server), { on: { head: ({ exchange }) => exchange.pause() } });
    await talk.saw("head");
    // Another exchange on the same connection ends: the reset has been read by then.
    await Talk.open(open[0] as Http2Connector).closes();
    expect(talk.log).toEqual(["sent", "head"]);
    talk.exchange.resume();
    await talk.closes();
    expect(talk.text).toBe("hellohello");
    expect(talk.died).toMatchObject({ kind: "reset", h2: 2 });
  });

  test("a reply that is whole is not revoked by a reset of the upload, which faults", async () => {
    await using server = await answering((socket, id) =>
      socket.write(Buffer.concat([head(id), frame(DATA, END_STREAM, id, hello), reset(id, 8)])),
    );
    const talk = await Talk.open(connect(server), { body: "streamed" }).closes();
    expect(talk.log).toEqual(["sent", "head", "data", "end", "fault", "closed"]);
    expect(talk.died).toMatchObject({ kind: "reset", h2: 8 });
  });

  test("an upload that is stuck in the window when the peer stops it with NO_ERROR is not delivered", async () => {
    // Nobody gives credit: the stream stalls after 65,535 bytes.
    let received = 0;
    await using server = await scriptedHttp2(({ type, stream, payload }, socket) => {
      if (type !== DATA) return;
      received += payload.length;
      if (received < 65_535) return;
      socket.write(Buffer.concat([head(stream, END_STREAM), reset(stream, 0)]));
    });
    const talk = await Talk.open(connect(server), { body: Buffer.alloc(200_000) }).closes();
    expect(talk.log).toEqual(["sent", "head", "end", "closed"]);
    expect(talk.delivered).toBe(false);
  });
});

describe("who processed what", () => {
  test("REFUSED_STREAM says never", async () => {
    await using server = await answering((socket, id) => socket.write(reset(id, 7)));
    const talk = await Talk.open(connect(server)).closes();
    expect(talk.died).toMatchObject({ by: "peer", kind: "reset", h2: 7, processed: "never" });
  });

  test("a stream above GOAWAY's last was never processed; one below it goes on, and the next exchange reconnects", async () => {
    let leave = (): void => {};
    await using server = await scriptedHttp2(({ type, stream }, socket) => {
      if (type !== HEADERS) return;
      if (server.sockets.length === 2) socket.write(head(stream, END_STREAM));
      else if (stream === 1) socket.write(head(stream));
      else leave = () => socket.write(Buffer.concat([goaway(1, 0), frame(DATA, END_STREAM, 1, hello)]));
      if (stream === 3) leave();
    });
    const connector = connect(server);
    const below = Talk.open(connector);
    await below.saw("head");
    const above = await Talk.open(connector).closes();
    expect(above.died).toMatchObject({ by: "peer", kind: "goaway", h2: 0, processed: "never" });
    await below.closes();
    expect([below.text, below.delivered]).toEqual(["hello", true]);
    const next = await Talk.open(connector).closes();
    expect([next.status, next.delivered, server.sockets.length]).toEqual([200, true, 2]);
  });

  test.each([
    ["of the first that it takes", 0, 0],
    ["of all that there can be", 2 ** 31 - 1, 0],
    ["with an error", 2 ** 31 - 1, 11],
  ])(
    "GOAWAY %s behind a limit that lets none go: what waited was never processed",
    async (_name, last, code) => {
      await using server = await atOnce(Buffer.concat([settings(3, 0), goaway(last, code)]));
      const connector = connect(server);
      const talks = [Talk.open(connector), Talk.open(connector, { body: "streamed" })];
      for (const talk of talks) {
        await talk.closes();
        expect(talk.log).toEqual(["fault", "closed"]);
        expect(talk.died).toMatchObject({ by: "peer", kind: "goaway", h2: code, processed: "never" });
      }
      const next = await Talk.open(connector).closes();
      expect([next.status, next.delivered, server.sockets.length]).toEqual([200, true, 2]);
    },
  );

  test.each([0, 2 ** 31 - 1])(
    "GOAWAY of %i in one packet with SETTINGS: what waited for them was never processed",
    async (last) => {
      await using server = await atOnce(goaway(last, 0));
      const connector = connect(server);
      const talk = await Talk.open(connector).closes();
      expect(talk.died).toMatchObject({ by: "peer", kind: "goaway", h2: 0, processed: "never" });
      const next = await Talk.open(connector).closes();
      expect([next.status, server.sockets.length]).toEqual([200, 2]);
    },
  );

  test("GOAWAY's debug data is shown", async () => {
    await using server = await answering((socket) => socket.write(goaway(0, 11, "too_many_pings\n")));
    const talk = await Talk.open(connect(server)).closes();
    expect(talk.died).toMatchObject({ kind: "goaway", h2: 11, processed: "never" });
    expect(talk.died?.text).toContain("GOAWAY ENHANCE_YOUR_CALM (too_many_pings?)");
  });
});

describe("streams and connections", () => {
  test("where the peer takes few streams at once, there are more connections, up to 8; then exchanges wait", async () => {
    await using server = await scriptedHttp2(() => {}, { settings: settings(3, 2) });
    const connector = connect(server);
    const talks = Array.from({ length: 19 }, () => Talk.open(connector));
    await Promise.all(talks.slice(0, 16).map((talk) => talk.saw("sent")));
    expect(server.sockets.length).toBe(8);
    expect(talks.slice(16).map(({ log }) => log.length)).toEqual([0, 0, 0]);
    // One that waits goes without a trace; the others keep their order.
    talks[16]?.exchange.reset(ErrorCode.CANCEL);
    await talks[16]?.closes();
    talks[0]?.exchange.reset(ErrorCode.CANCEL);
    await talks[17]?.saw("sent");
    expect(talks[18]?.log).toEqual([]);
    talks[1]?.exchange.reset(ErrorCode.CANCEL);
    await talks[18]?.saw("sent");
    expect(talks[16]?.log).toEqual(["closed"]);
    expect(server.sockets.length).toBe(8);
  });

  test("a limit that SETTINGS raise later lets those that wait go", async () => {
    await using server = await scriptedHttp2(
      ({ type, stream }, socket) => {
        if (type === HEADERS && stream === 1) socket.write(settings(3, 10));
      },
      { settings: settings(3, 1) },
    );
    const connector = connect(server);
    const [, second] = [Talk.open(connector), Talk.open(connector)];
    await second.saw("sent");
  });

  test("a limit that is lowered to 0 holds back what waits until it is raised, in its order", async () => {
    const lowered = Promise.withResolvers<void>();
    const all = Promise.withResolvers<number[]>();
    const seen: number[] = [];
    await using server = await scriptedHttp2(
      ({ type, flags, stream }, socket) => {
        if (socket !== server.sockets[0]) return;
        if (type === HEADERS && seen.push(stream) === 3) all.resolve(seen);
        if (type === SETTINGS && flags === ACK && seen.length > 0) lowered.resolve();
      },
      {
        settings: null,
        opened: (socket) => void socket.write(settings(3, socket === server.sockets[0] ? 1 : 0)),
      },
    );
    const connector = connect(server);
    const [runs, reset, next, last] = [0, 1, 2, 3].map(() => Talk.open(connector)) as [
      Talk,
      Talk,
      Talk,
      Talk,
    ];
    await runs.saw("sent");
    const first = await server.first;
    first.write(Buffer.concat([settings(3, 0), head(1, END_STREAM)]));
    await Promise.all([runs.closes(), lowered.promise]);
    reset.exchange.reset(ErrorCode.CANCEL);
    await reset.closes();
    expect([reset.log, next.log, last.log]).toEqual([["closed"], [], []]);
    first.write(settings(3, 1));
    await next.saw("sent");
    expect(last.log).toEqual([]);
    first.write(head(3, END_STREAM));
    await last.saw("sent");
    expect(await all.promise).toEqual([1, 3, 5]);
  });

  describe("on a clock", () => {
    beforeEach(() => void vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] }));
    afterEach(() => void vi.useRealTimers());

    test("a server that takes no streams yet is there: exchanges wait for it, not for the connect timeout", async () => {
      const acknowledged = Promise.withResolvers<Socket>();
      await using server = await scriptedHttp2(
        ({ type, flags }, socket) => {
          if (type === SETTINGS && flags === ACK) acknowledged.resolve(socket);
        },
        { settings: settings(3, 0) },
      );
      const talk = Talk.open(connect(server, 5000));
      const socket = await acknowledged.promise;
      vi.advanceTimersByTime(60_000);
      expect(talk.log).toEqual([]);
      socket.write(settings(3, 1));
      await talk.saw("sent");
    });
  });

  test("what is written while the exchange waits is sent in order", async () => {
    let body = "";
    await using server = await scriptedHttp2(({ type, flags, stream, payload }, socket) => {
      if (type === DATA) body += payload.toString();
      if (type === DATA && flags === END_STREAM) socket.write(head(stream, END_STREAM));
    });
    const talk = Talk.open(connect(server), { body: "streamed" });
    expect(talk.exchange.write(Buffer.from("one "))).toBe(false);
    expect(talk.exchange.write(Buffer.from("two "))).toBe(false);
    await talk.saw("writable");
    talk.exchange.write(Buffer.from("three"));
    talk.exchange.end(null);
    await talk.closes();
    expect([body, talk.delivered]).toEqual(["one two three", true]);
    expect(talk.log.filter((event) => event === "writable")).toHaveLength(1);
  });

  test("fields travel in order with their duplicates, and the query behind the path", async () => {
    let block: Buffer = Buffer.alloc(0);
    await using server = await scriptedHttp2(({ type, stream, payload }, socket) => {
      if (type !== HEADERS) return;
      block = payload;
      socket.write(headers(stream, true, ":status", "200", "b", "1", "a", "2", "b", "3", "set-cookie", "x"));
    });
    const fields = ["x-b", "1", "x-a", "2", "x-b", "3"];
    const talk = await Talk.open(connect(server), { head: { query: "a=1", fields } }).closes();
    expect(talk.fields).toEqual(["b", "1", "a", "2", "b", "3", "set-cookie", "x"]);
    expect(block.length).toBeGreaterThan(0);
  });

  test("interim responses come before the head", async () => {
    await using server = await answering((socket, id) =>
      socket.write(
        Buffer.concat([
          // `:status: 103`, literal with an indexed name.
          headers(id, false, ":status", "103", "link", "x"),
          head(id, END_STREAM),
        ]),
      ),
    );
    const talk = await Talk.open(connect(server)).closes();
    expect(talk.log).toEqual(["sent", "inform 103 link x", "head", "end", "closed"]);
  });

  test("a header field that HTTP/2 does not allow is a fault of this side, and nothing is sent", async () => {
    await using server = await answering(() => {});
    const connector = connect(server);
    for (const fields of [
      ["connection", "close"],
      ["te", "gzip"],
      ["bad name", "x"],
    ]) {
      const talk = await Talk.open(connector, { head: { fields } }).closes();
      expect(talk.log).toEqual(["fault", "closed"]);
      expect(talk.died).toMatchObject({ by: "local", kind: "protocol", processed: "never" });
    }
  });

  test("header fields too large for one request fail that request alone", async () => {
    await using server = await scriptedHttp2(
      ({ type, stream }, socket) => {
        if (type === HEADERS) socket.write(head(stream, END_STREAM));
      },
      { settings: settings(6, 65_536) },
    );
    const connector = connect(server);
    const large = Talk.open(connector, { head: { fields: ["x-large", "x".repeat(300_000)] } });
    await large.closes();
    expect(large.died).toMatchObject({ by: "local", kind: "limit", processed: "never" });
    const next = await Talk.open(connector).closes();
    expect(next.status).toBe(200);
  });
});

describe("connections that fail", () => {
  test("GOAWAY, malformed frames and resets on an idle connection cost nobody anything", async () => {
    const endings: ((socket: Socket) => void)[] = [
      (socket) => void socket.write(goaway(1, 0)),
      (socket) => void socket.write(goaway(1, ErrorCode.ENHANCE_YOUR_CALM)),
      (socket) => void socket.write(frame(DATA, 0, 0, hello)),
      (socket) => void socket.write("not a frame at all, not by a long way"),
      (socket) => void socket.end(),
    ];
    await using server = await answering((socket, id) => socket.write(head(id, END_STREAM)));
    const connector = connect(server);
    for (const ending of endings) {
      const talk = await Talk.open(connector).closes();
      expect(talk.delivered).toBe(true);
      const socket = server.sockets.at(-1) as Socket;
      ending(socket);
      // It is the client that closes, or has closed; then it has seen what there was to see.
      if (!socket.destroyed) await new Promise((resolve) => socket.once("close", resolve).resume());
    }
    expect((await Talk.open(connector).closes()).delivered).toBe(true);
    expect(server.sockets.length).toBe(endings.length + 1);
  });

  test("a reset on an idle connection loses at most the exchange that crosses it", async () => {
    await using server = await answering((socket, id) => socket.write(head(id, END_STREAM)));
    const connector = connect(server);
    await Talk.open(connector).closes();
    server.sockets[0]?.resetAndDestroy();
    const crossing = await Talk.open(connector).closes();
    if (crossing.died !== undefined)
      expect(crossing.died).toMatchObject({ kind: "lost", processed: "maybe" });
    expect((await Talk.open(connector).closes()).delivered).toBe(true);
  });

  test("a refused connection is a fault of kind connect that names host, port and reason", async () => {
    const server = await SocketServer.listen(() => {});
    const { port } = server;
    await server[Symbol.asyncDispose]();
    const talk = await Talk.open(connect({ url: `http://localhost:${port}` } as SocketServer)).closes();
    expect(talk.log).toEqual(["fault", "closed"]);
    expect(talk.died).toMatchObject({ kind: "connect", processed: "never" });
    expect(talk.died?.text).toBe(`cannot connect to localhost:${port}: ECONNREFUSED`);
    expect(talk.died?.cause).toBeInstanceOf(Error);
  });

  test("an HTTP/1.1 server is told from an HTTP/2 one", async () => {
    await using server = await SocketServer.listen((socket) => {
      socket.once("data", () => socket.end("HTTP/1.1 400 Bad Request\r\nconnection: close\r\n\r\n"));
    });
    const talk = await Talk.open(connect(server)).closes();
    expect(talk.log).toEqual(["fault", "closed"]);
    expect(talk.died).toMatchObject({ kind: "connect", processed: "never" });
    expect(talk.died?.text).toMatch(
      /does not speak HTTP\/2: it began with "HTTP\/1.1 400 Bad Request", which is no frame; set httpVersion: "1\.1"; write https:\/\/ in the base URL if/,
    );
  });

  test("a server that greets first is told by its greeting, at once, though it ends nothing", async () => {
    // The connection lingers for a while, of which nobody is to wait for the end.
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    await using server = await SocketServer.listen((socket) => {
      socket.write(`220 mail.example ESMTP \x1b${"x".repeat(60)}\r\nmore\r\n`);
    });
    const talk = await Talk.open(connect(server)).closes();
    expect(talk.died).toMatchObject({ kind: "connect", processed: "never" });
    expect(talk.died?.text).toContain(`it began with "220 mail.example ESMTP ?${"x".repeat(16)}...", which`);
    vi.useRealTimers();
  });

  test("a reset before the server's first byte says nothing of what it speaks, and is safe to try again", async () => {
    await using server = await SocketServer.listen((socket) => {
      socket.once("data", () => socket.resetAndDestroy());
    });
    const talk = await Talk.open(connect(server)).closes();
    expect(talk.log).toEqual(["fault", "closed"]);
    expect(talk.died).toMatchObject({ by: "transport", kind: "connect", processed: "never" });
    expect(talk.died?.text).toMatch(
      /^the connection to 127\.0\.0\.1:\d+ was reset before the server had said anything \((ECONNRESET|EPIPE)\): /,
    );
    expect(talk.died?.text).not.toContain("does not speak");
  });

  test("a server that says nothing is given up after the connect timeout", async () => {
    await using server = await SocketServer.listen(() => {});
    const talk = await Talk.open(connect(server, 50)).closes();
    expect(talk.log).toEqual(["fault", "closed"]);
    expect(talk.died?.text).toMatch(/sent no HTTP\/2 SETTINGS within 50 ms/);
  });

  test("a server that closes every connection at once fails those that wait instead of being asked for ever", async () => {
    await using server = await scriptedHttp2(() => {}, {
      settings: settings(3, 0),
      opened: (socket) => socket.write(goaway(0, 0)),
    });
    const talk = await Talk.open(connect(server)).closes();
    expect(talk.died).toMatchObject({ kind: "goaway", processed: "never" });
    expect(server.sockets.length).toBe(1);
  });

  test.each([
    ["closes", (socket: Socket): void => void socket.end(), "connect", -1],
    ["says GOAWAY on", (socket: Socket): void => void socket.write(goaway(0, 0)), "goaway", 0],
  ] as const)(
    "a server that takes no stream and then %s each connection is asked five times, one by one",
    async (_name, leave, kind, h2) => {
      let most = 0;
      const live = new Set<Socket>();
      await using server = await scriptedHttp2(
        ({ type, flags }, socket) => {
          if (type === SETTINGS && flags === ACK) leave(socket);
        },
        {
          settings: settings(3, 0),
          opened: (socket) => {
            most = Math.max(most, live.add(socket).size);
            socket.once("close", () => live.delete(socket));
          },
        },
      );
      const connector = connect(server);
      const talks = [Talk.open(connector), Talk.open(connector, { body: "streamed" })];
      for (const talk of talks) {
        await talk.closes();
        expect(talk.log).toEqual(["fault", "closed"]);
        expect(talk.died).toMatchObject({ kind, h2, processed: "never" });
        expect(talk.died?.text).toContain(
          "(5 connections in a row have ended before they carried a request)",
        );
      }
      expect(server.sockets.length).toBe(5);
      // The end of one may be heard behind the beginning of the next.
      expect(most).toBeLessThanOrEqual(2);
    },
  );

  test("a server that shuts down before it takes a stream has its calls taken by the next", async () => {
    await using server = await scriptedHttp2(
      ({ type, flags, stream }, socket) => {
        if (type === HEADERS) socket.write(head(stream, END_STREAM));
        else if (type === SETTINGS && flags === ACK && server.sockets.length < 5) socket.write(goaway(0, 0));
      },
      {
        settings: null,
        opened: (socket) => void socket.write(server.sockets.length < 5 ? settings(3, 0) : settings()),
      },
    );
    const talk = await Talk.open(connect(server)).closes();
    expect([talk.status, server.sockets.length]).toEqual([200, 5]);
  });

  test("where one takes streams, others that end at once are tried five times for each stream that it takes", async () => {
    const all: Promise<void>[] = [];
    const pong = Promise.withResolvers<void>();
    await using server = await scriptedHttp2(
      ({ type, flags, stream }, socket) => {
        if (socket !== server.sockets[0] && type === SETTINGS && flags === ACK) socket.end();
        if (type === HEADERS && stream === 3) socket.write(head(stream, END_STREAM));
        if (type === PING && flags === ACK) pong.resolve();
      },
      {
        settings: null,
        opened: (socket) => {
          socket.write(settings(3, socket === server.sockets[0] ? 1 : 0));
          // Each time there is a word of room, and none.
          const first = server.sockets[0]!;
          if (socket !== first) all.push(once(socket, "close").then(() => void first.write(settings(3, 1))));
        },
      },
    );
    const connector = connect(server);
    const runs = await Talk.open(connector).saw("sent");
    const waits = Talk.open(connector);
    await vi.waitFor(() => expect(server.sockets.length).toBe(6));
    await Promise.all(all);
    // Behind the last word of room: its answer has come.
    server.sockets[0]!.write(frame(PING, 0, 0, Buffer.alloc(8)));
    await pong.promise;
    expect([waits.log, server.sockets.length]).toEqual([[], 6]);
    runs.exchange.reset(ErrorCode.CANCEL);
    expect((await waits.closes()).status).toBe(200);
  });

  test("all that wait for a connection fail with it, and the next exchange tries anew", async () => {
    let refuse = true;
    await using server = await scriptedHttp2(
      ({ type, stream }, socket) => {
        if (type === HEADERS) socket.write(head(stream, END_STREAM));
      },
      { opened: (socket) => refuse && socket.resetAndDestroy() },
    );
    const connector = connect(server);
    const talks = [Talk.open(connector), Talk.open(connector, { body: "streamed" })];
    for (const talk of talks)
      expect((await talk.closes()).died).toMatchObject({ kind: "connect", processed: "never" });
    refuse = false;
    expect((await Talk.open(connector).closes()).status).toBe(200);
  });
});

describe("flow control", () => {
  test("a paused stream gets no credit beyond its window, while its sibling flows", async () => {
    const credit = new Map<number, number>();
    let window = 65_535;
    await using server = await scriptedHttp2(({ type, flags, stream, payload }: Frame, socket) => {
      if (type === SETTINGS && flags !== ACK) {
        for (let i = 0; i < payload.length; i += 6)
          if (payload.readUInt16BE(i) === 4) window = payload.readUInt32BE(i + 2);
      }
      if (type === WINDOW_UPDATE) credit.set(stream, (credit.get(stream) ?? 0) + payload.readUInt32BE(0));
      if (type !== HEADERS) return;
      socket.write(head(stream));
      for (let sent = 0; sent < window; sent += 16_384)
        socket.write(frame(DATA, 0, stream, Buffer.alloc(Math.min(16_384, window - sent))));
      if (stream === 3) socket.write(frame(DATA, END_STREAM, stream));
    });
    const connector = connect(server);
    const paused = Talk.open(connector, { on: { head: ({ exchange }) => exchange.pause() } });
    await paused.saw("head");
    const flowing = await Talk.open(connector).closes();
    expect(flowing.bytes).toBe(window);
    expect([paused.bytes, credit.get(1) ?? 0]).toEqual([0, 0]);
    paused.exchange.resume();
    await paused.until(() => paused.bytes === window);
    const after = Talk.open(connector, { on: { head: ({ exchange }) => exchange.reset(ErrorCode.CANCEL) } });
    await after.closes();
    expect(credit.get(1)).toBeGreaterThan(0);
    // The connection's own window was opened beyond one stream's.
    expect(credit.get(0)).toBeGreaterThan(window);
  });

  test("a writer is told to wait when the peer gives no credit, and to go on when it does", async () => {
    let received = 0;
    let stall: Socket | undefined;
    await using server = await scriptedHttp2(({ type, flags, stream, payload }, socket) => {
      if (type !== DATA) return;
      received += payload.length;
      if (received === 65_535) stall = socket;
      if (flags === END_STREAM) socket.write(head(stream, END_STREAM));
    });
    const talk = Talk.open(connect(server), { body: "streamed" });
    await talk.saw("sent");
    let written = 0;
    while (talk.exchange.write(Buffer.alloc(8192))) written += 8192;
    expect(written).toBeLessThan(1_000_000);
    const before = talk.log.length;
    talk.exchange.end(null);
    while (stall === undefined && received < written) await new Promise((resolve) => setImmediate(resolve));
    stall?.write(Buffer.concat([windowUpdate(0, 1_000_000), windowUpdate(1, 1_000_000)]));
    await talk.closes();
    expect(received).toBe(written + 8192);
    expect(talk.log.slice(before)).not.toContain("fault");
    expect(talk.delivered).toBe(true);
  });
});

describe("what a client says that it takes, and takes", () => {
  test("SETTINGS and the connection's window, at once", async () => {
    const said: Record<number, number> = {};
    const window = Promise.withResolvers<number>();
    await using server = await scriptedHttp2(({ type, flags, stream, payload }) => {
      if (type === SETTINGS && flags !== ACK)
        for (let at = 0; at < payload.length; at += 6)
          said[payload.readUInt16BE(at)] = payload.readUInt32BE(at + 2);
      if (type === WINDOW_UPDATE && stream === 0) window.resolve(65_535 + payload.readUInt32BE());
    });
    const talk = Talk.open(connect(server));
    expect(await window.promise).toBe(1024 * 1024);
    // RFC 9113 section 6.5.2: no push, no streams of the server's, the window of a stream, the sizes of a frame and of a list of
    // fields; RFC 9218 section 2.1: none of the old priorities.
    expect(said).toEqual({ 2: 0, 3: 0, 4: 65_535, 5: 16_384, 6: 64 * 1024, 9: 1 });
    talk.exchange.reset(ErrorCode.CANCEL);
    await talk.closes();
  });

  test("a head of as many fields as its size allows, and none that is larger", async () => {
    const many = (count: number): string[] => Array.from({ length: count }, () => ["x", "1"]).flat();
    // Section 6.5.2 counts 32 bytes for each field beside its name and value.
    const most = Math.floor((64 * 1024 - 42) / 34);
    let count = most;
    await using server = await answering((socket, id) =>
      socket.write(headers(id, true, ":status", "200", ...many(count))),
    );
    const connector = connect(server);
    const full = await Talk.open(connector).closes();
    expect([full.fields.length, full.delivered]).toEqual([2 * most, true]);
    count = most + 1;
    const beyond = await Talk.open(connector).closes();
    expect([beyond.status, beyond.delivered]).toEqual([undefined, false]);
  });

  test("exchanges beside one that has 32 MiB to send and no credit for it", async () => {
    await using server = await answering((socket, id) => {
      if (id > 1) socket.write(head(id, END_STREAM));
    });
    const connector = connect(server);
    const stuck = Talk.open(connector, { body: Buffer.alloc(32 * 1024 * 1024) });
    await stuck.saw("sent");
    expect((await Talk.open(connector).closes()).delivered).toBe(true);
    stuck.exchange.reset(ErrorCode.CANCEL);
    await stuck.closes();
  });
});
