// Connections that break the rules of HTTP, and clients that vanish in every phase of a call.
import { connect as connectHttp2 } from "node:http2";
import { describe, expect, test } from "vitest";
import { greeter } from "../support/greeter.ts";
import { said } from "../support/answer.ts";
import { envelope, greeting, longGreeting, utf8 } from "../support/bytes.ts";
import {
  DATA,
  data,
  END_HEADERS,
  END_STREAM,
  frame,
  GOAWAY,
  goaway,
  headers,
  preface,
  reset,
  SETTINGS,
  windowUpdate,
} from "../support/frames.ts";
import { block } from "../support/hpack.ts";
import { grpcHead, RawHttp2 } from "../support/raw-http2.ts";
import { expectQuiet } from "../support/quiet.ts";
import { RawSocket } from "../support/raw-socket.ts";
import { carriages, served } from "../support/served.ts";
import { Standing } from "../support/standing.ts";
import { stillServes } from "../support/still-serves.ts";
import { chat, collect, greet, watch } from "../support/wires.ts";

expectQuiet();

describe.each(carriages.filter(({ http }) => http === "1.1"))("$name", (carriage) => {
  const head = (path: string, type: string, ...lines: string[]): string =>
    [`POST ${path} HTTP/1.1`, "host: victim", `content-type: ${type}`, ...lines, "", ""].join("\r\n");
  const good = head(greet, "application/json", "content-length: 2");

  test.each([
    ["garbage", "\x01\x02\x03\x04\r\n\r\n"],
    ["an HTTP/0.9 request", "GET /\r\n\r\n"],
    ["a version that is none", "POST / HTTP/9.9\r\n\r\n"],
    ["a method that is none", `P\0ST ${greet} HTTP/1.1\r\nhost: victim\r\n\r\n`],
    ["a field without a colon", `POST ${greet} HTTP/1.1\r\nhost victim\r\n\r\n`],
    ["a field with a NUL", `POST ${greet} HTTP/1.1\r\nhost: victim\r\nx: \0\r\n\r\n`],
    ["no host", `POST ${greet} HTTP/1.1\r\n\r\n`],
    ["a content-length that is no number", head(greet, "application/json", "content-length: 0x10")],
    ["two content-lengths", head(greet, "application/json", "content-length: 2", "content-length: 3")],
    [
      "content-length and chunks, as request smugglers have it",
      `${head(greet, "application/json", "content-length: 2", "transfer-encoding: chunked")}0\r\n\r\n`,
    ],
    ["a transfer coding that is none", head(greet, "application/json", "transfer-encoding: xyz")],
    ["fields beyond the limit", head(greet, "application/json", `x: ${"y".repeat(100_000)}`)],
    ["a target beyond the limit", `GET /${"y".repeat(100_000)} HTTP/1.1\r\nhost: victim\r\n\r\n`],
    ["a chunk size that is none", `${head(greet, "application/json", "transfer-encoding: chunked")}zz\r\n`],
    [
      "a chunk size beyond all numbers",
      `${head(greet, "application/json", "transfer-encoding: chunked")}${"f".repeat(20)}\r\n`,
    ],
    [
      "a chunk longer than it says",
      `${head(greet, "application/json", "transfer-encoding: chunked")}1\r\n{}\r\n0\r\n\r\n`,
    ],
  ])("%s ends its own connection, with a 4xx at most", async (_name, bytes) => {
    await using server = await served(carriage, greeter());
    const raw = RawSocket.to(server.port).send(bytes);
    await raw.closed;
    if (raw.held.length > 0) expect(raw.held.toString("latin1")).toMatch(/^HTTP\/1\.1 (4\d\d|505) /);
    await stillServes(server);
  });

  test("a request with everything cut after each byte ends without a trace", async () => {
    await using server = await served(carriage, greeter());
    const whole = `${head(greet, "application/json", "transfer-encoding: chunked")}1\r\n{\r\n1\r\n}\r\n0\r\n\r\n`;
    const cut = async (bytes: number, way: "end" | "reset"): Promise<void> => {
      const raw = RawSocket.to(server.port).send(whole.slice(0, bytes));
      if (way === "end") raw.socket.end();
      else raw.socket.once("connect", () => raw.socket.resetAndDestroy());
      await raw.closed;
      expect(raw.held.toString("latin1")).not.toContain("HTTP/1.1 200");
    };
    for (let bytes = 0; bytes < whole.length; bytes++)
      await Promise.all([cut(bytes, "end"), cut(bytes, "reset")]);
    await stillServes(server);
    expect((await server.calls.ended(server.calls.begun)).filter(({ code }) => code === "ok").length).toBe(1);
  });

  test("requests in one packet are answered in their order", async () => {
    await using server = await served(carriage, greeter());
    const raw = RawSocket.to(server.port).send(
      `${good}{}${head("/nobody/Knows", "application/json", "content-length: 2")}{}${good}{`,
    );
    expect((await raw.answer()).status).toBe(200);
    expect((await raw.answer()).status).toBe(404);
    raw.send("}");
    expect((await raw.answer()).status).toBe(200);
    raw.socket.destroy();
  });

  test("a request without a host, behind another, ends the connection behind its own answer", async () => {
    await using server = await served(carriage, greeter());
    const hostless = `POST ${greet} HTTP/1.1\r\ncontent-length: 0\r\n\r\n`;
    const unknown = head("/nobody/Knows", "application/json", "content-length: 0");
    const raw = RawSocket.to(server.port).send(unknown, hostless, hostless);
    expect((await raw.answer()).status).toBe(404);
    const last = await raw.answer();
    expect([last.status, last.headers.get("connection")?.toLowerCase()]).toEqual([400, "close"]);
    raw.send(hostless);
    await raw.closed;
    expect(raw.held.length).toBe(0);
    await stillServes(server);
  });

  test("HTTP/1.0 is served, and the connection ends", async () => {
    await using server = await served(carriage, greeter());
    const raw = RawSocket.to(server.port).send(
      `POST ${greet} HTTP/1.0\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}`,
    );
    expect((await raw.answer()).body.toString()).toBe('{"greeting":"Hello, !"}');
    await raw.closed;
  });

  test("a body that is announced and waited for (expect: 100-continue) is asked for only if it is wanted", async () => {
    await using server = await served(carriage, greeter());
    const wanted = RawSocket.to(server.port).send(
      head(greet, "application/json", "content-length: 2", "expect: 100-continue"),
    );
    await wanted.until((held) => (held.includes("\r\n\r\n") ? true : undefined));
    expect(wanted.held.toString()).toMatch(/^HTTP\/1\.1 100 /);
    expect((await wanted.send("{}").answer()).status).toBe(200);
    wanted.socket.destroy();
    const refused = RawSocket.to(server.port).send(
      head(greet, "text/plain", "content-length: 1000000000", "expect: 100-continue"),
    );
    if (carriage.name.startsWith("serve"))
      expect((await refused.until((held) => (held.length > 12 ? held : undefined)))?.toString()).toMatch(
        /^HTTP\/1\.1 415/,
      );
    refused.socket.destroy();
  });

  test.each([
    ["inside the head", "POST / HT", null],
    ["behind the head of a message", head(greet, "application/json", "content-length: 10"), "canceled"],
    ["inside a message", `${head(greet, "application/json", "content-length: 10")}{`, "canceled"],
    ["inside a chunk", `${head(greet, "application/json", "transfer-encoding: chunked")}5\r\n{`, "canceled"],
    [
      "behind the head of a stream",
      head(collect, "application/connect+proto", "transfer-encoding: chunked"),
      "canceled",
    ],
    [
      "inside an envelope of a stream",
      `${head(collect, "application/connect+proto", "content-length: 100")}${envelope(0, greeting("a")).toString("latin1")}\0\0`,
      "canceled",
    ],
    ["behind a request, while its handler runs", `${good}{}`, "canceled"],
    [
      "while a response streams",
      `${head(watch, "application/connect+proto", "content-length: 5")}${envelope(0, "").toString("latin1")}`,
      "canceled",
    ],
  ])(
    "a client that vanishes %s aborts its handler, whose generator is returned",
    async (where, bytes, code) => {
      for (const way of ["destroy", "resetAndDestroy"] as const) {
        const standing = new Standing();
        await using server = await served(carriage, standing.app());
        const raw = RawSocket.to(server.port).send(bytes);
        if (where.includes("stream") || where.includes("handler")) await standing.saw("running");
        else await stillServes(server);
        if (where === "inside an envelope of a stream") await standing.saw("a");
        if (where === "while a response streams")
          await raw.until((held) => (held.includes("one") ? true : undefined));
        raw.socket[way]();
        if (code !== null) {
          const before = where.includes("stream") || where.includes("handler") ? 0 : 1;
          const ends = await server.calls.ended(before + 1);
          expect(ends.at(-1)).toMatchObject({ code, delivered: false });
          if (where.includes("handler")) await standing.saw("aborted");
          if (where === "while a response streams") await standing.saw("returned");
          if (where.startsWith("inside an env")) await standing.saw("left the requests");
        }
        await stillServes(server);
      }
    },
  );

  test("a client that does not read its response, and then vanishes, holds no more than a buffer", async () => {
    const standing = new Standing();
    await using server = await served(carriage, {
      ...standing.app(),
    });
    const raw = RawSocket.to(server.port);
    raw.socket.pause();
    raw.send(head(chat, "application/connect+proto", "content-length: 0"));
    await standing.saw("sent");
    await stillServes(server);
    raw.socket.destroy();
    await standing.saw("returned");
    expect(standing.events.filter((event) => event === "sent").length).toBeLessThan(1000);
    expect((await server.calls.ended(2)).at(-1)?.code).toBe("canceled");
  });
});

describe.each(carriages.filter(({ http }) => http === "2"))("$name", (carriage) => {
  const request = (...fields: string[]): string[] => [
    ":method",
    "POST",
    ":scheme",
    "http",
    ":authority",
    "victim",
    ":path",
    greet,
    ...fields,
  ];
  const json = request("content-type", "application/json");
  const opened = headers(1, false, ...json);

  test.each([
    ["no preface at all", [frame(SETTINGS, 0, 0)]],
    ["half a preface, then something else", [preface.subarray(0, 20), utf8("nonsense that is no preface")]],
    ["a preface without SETTINGS", [preface, opened]],
    [
      "a frame larger than was agreed",
      [preface, frame(SETTINGS, 0, 0), opened, frame(0, 0, 1, Buffer.alloc(20_000))],
    ],
    ["DATA on the connection", [preface, frame(SETTINGS, 0, 0), frame(0, 0, 0, utf8("x"))]],
    ["DATA on a stream that was never opened", [preface, frame(SETTINGS, 0, 0), data(7, true, utf8("x"))]],
    [
      "a header block that is none",
      [preface, frame(SETTINGS, 0, 0), frame(1, END_HEADERS, 1, Buffer.alloc(20, 0xff))],
    ],
    ["CONTINUATION that continues nothing", [preface, frame(SETTINGS, 0, 0), frame(9, 4, 1, utf8("x"))]],
    [
      "a header block that is interrupted",
      [preface, frame(SETTINGS, 0, 0), frame(1, 0, 1, block(...json)), data(1, true, utf8("{}"))],
    ],
    ["a stream with an even number", [preface, frame(SETTINGS, 0, 0), headers(2, true, ...json)]],
    [
      "PUSH_PROMISE from a client",
      [preface, frame(SETTINGS, 0, 0), frame(5, END_HEADERS, 1, Buffer.alloc(8))],
    ],
    ["SETTINGS of a wrong length", [preface, frame(SETTINGS, 0, 0, Buffer.alloc(5))]],
    [
      "SETTINGS with a window beyond all windows",
      [preface, frame(SETTINGS, 0, 0, Buffer.from([0, 4, 0xff, 0xff, 0xff, 0xff]))],
    ],
    ["PING of a wrong length", [preface, frame(SETTINGS, 0, 0), frame(6, 0, 0, Buffer.alloc(7))]],
    [
      "a connection window beyond all windows",
      [preface, frame(SETTINGS, 0, 0), windowUpdate(0, 2 ** 31 - 1)],
    ],
    ["RST_STREAM of a stream that was never opened", [preface, frame(SETTINGS, 0, 0), reset(9, 8)]],
    [
      "padding longer than the frame",
      [preface, frame(SETTINGS, 0, 0), opened, frame(0, 8, 1, Buffer.from([200, 1]))],
    ],
    [
      "an HTTP/1 request behind the preface",
      [preface, frame(SETTINGS, 0, 0), utf8("POST / HTTP/1.1\r\nhost: x\r\n\r\n")],
    ],
  ])("%s ends its own connection, and no other", async (_name, parts) => {
    await using server = await served(carriage, greeter());
    await stillServes(server);
    const client = new RawHttp2(server.port).send(...parts);
    const last = await client.until((one) => one.type === GOAWAY);
    if (last !== undefined) expect(last.payload.readUInt32BE(4)).not.toBe(0);
    await client.raw.closed;
    await stillServes(server);
    await server.calls.ended(server.calls.begun);
  });

  test.each([
    ["no path", [":method", "POST", ":scheme", "http", ":authority", "victim"], "reset with 1"],
    ["two paths", [...json.slice(0, 8), ":path", greet, ...json.slice(8)], "reset with 1"],
    ["a pseudo-field behind the fields", [...json, ":path", greet], "reset with 1"],
    ["a pseudo-field of its own", [":evil", "x", ...json], "reset with 1"],
    ["an upper-case name", [...json, "X-Evil", "x"], "reset with 1"],
    ["a connection field", [...json, "connection", "keep-alive"], "reset with 1"],
    ["a transfer-encoding", [...json, "transfer-encoding", "chunked"], "reset with 1"],
    ["te that is not trailers", [...json, "te", "gzip"], "reset with 1"],
    // nghttp2 passes over a field with such bytes, and serves the rest; section 8.2.1 calls the request malformed.
    ["a name with a line end", [...json, "x\r\ny", "x"], "reset with 1", 'served: {"greeting":"no x"}'],
    ["a value with a line end", [...json, "x", "x\r\ny: z"], "reset with 1", 'served: {"greeting":"no x"}'],
    ["a value with a NUL", [...json, "x", "\0"], "reset with 1", 'served: {"greeting":"no x"}'],
    ["less than its content-length", [...json, "content-length", "3"], "reset with 1"],
    // An error of the connection, as section 5.4.1 lets it be; the code is node's.
    ["more than its content-length", [...json, "content-length", "1"], "reset with 1", "goaway with 2"],
    ["a response's head", [":status", "200"], "reset with 1"],
  ])(
    "a malformed request (RFC 9113 section 8.1.1) with %s costs itself, and no other",
    async (_name, fields, ours, ofNode = ours) => {
      const outcome = carriage.name.startsWith("serve") ? ours : ofNode;
      const app = greeter({
        greet: (_, call) => ({
          greeting: [...call.requestHeaders].some(([name]) => name[0] === "x") ? "x" : "no x",
        }),
      });
      await using server = await served(carriage, app);
      const client = RawHttp2.open(server.port, headers(1, false, ...json));
      client.send(headers(3, false, ...fields), data(3, true, utf8("{}")));
      const code = await client.streamEnd(3);
      if (code === undefined) {
        const last = await client.until((one) => one.type === GOAWAY);
        expect(`goaway with ${last?.payload.readUInt32BE(4)}`).toBe(outcome);
      } else {
        const body = client.frames.filter((one) => one.stream === 3 && one.type === DATA);
        const text = body.map(({ payload }) => payload.toString()).join("");
        expect(code === -1 ? `served: ${text}` : `reset with ${code}`).toBe(outcome);
        client.send(data(1, true, utf8("{}")));
        expect(await client.streamEnd(1)).toBe(-1);
      }
      client.raw.socket.destroy();
      const answer = await server.ask({
        path: greet,
        headers: ["content-type", "application/json"],
        body: utf8("{}"),
      });
      expect(answer.body.toString()).toBe('{"greeting":"no x"}');
      await server.calls.ended(server.calls.begun);
    },
  );

  test.each([
    ["behind the head", collect, [], "running"],
    ["inside a message", collect, [envelope(0, greeting("a")), Buffer.from([0, 0])], "a"],
    ["while its handler runs", greet, [envelope(0, greeting("x"))], "running"],
    ["while a response streams", watch, [envelope(0, "")], "running"],
    ["while nobody reads the response", chat, [envelope(0, "")], "sent"],
  ])(
    "a client that vanishes %s aborts its handler, whose generator is returned",
    async (where, path, body, seen) => {
      const unary = path === greet || path === watch;
      for (const way of ["reset", "goaway and close", "close", "cut"] as const) {
        const standing = new Standing();
        await using server = await served(carriage, standing.app());
        const client = RawHttp2.open(server.port, grpcHead(1, path));
        client.send(...body.map((bytes) => data(1, unary, bytes)));
        await standing.saw(seen);
        if (way === "reset") client.send(reset(1, 8));
        else if (way === "goaway and close") client.send(goaway(0, 0)).raw.socket.end();
        else if (way === "close") client.raw.socket.end();
        else client.raw.socket.resetAndDestroy();
        const [end] = await server.calls.ended(1);
        expect(end).toMatchObject({ code: "canceled", delivered: false });
        if (path === greet) await standing.saw("aborted");
        if (path === watch || path === chat) await standing.saw("returned");
        if (path === collect) await standing.saw("left the requests");
        if (way === "reset") {
          // The connection goes on, once it has credit again.
          client.send(windowUpdate(0, 1_000_000));
          client.send(headers(3, false, ...json), data(3, true, utf8('{"name":"Ada"}')));
          expect(await client.streamEnd(3)).toBe(-1);
        }
        client.raw.socket.destroy();
        await stillServes(server);
      }
    },
  );

  test("a request cut after each byte ends without a trace", async () => {
    await using server = await served(carriage, greeter());
    const whole = Buffer.concat([
      preface,
      frame(SETTINGS, 0, 0),
      headers(1, false, ...json),
      data(1, false, utf8('{"name":')),
      frame(0, END_STREAM, 1, utf8('"x"}')),
    ]);
    const cut = async (bytes: number): Promise<void> => {
      const raw = RawSocket.to(server.port).send(whole.subarray(0, bytes));
      raw.socket.end();
      await raw.closed;
    };
    for (let bytes = 0; bytes < whole.length; bytes += 8)
      await Promise.all(Array.from({ length: Math.min(8, whole.length - bytes) }, (_, n) => cut(bytes + n)));
    await stillServes(server);
    const ends = await server.calls.ended(server.calls.begun);
    expect(ends.filter(({ code }) => code === "ok").length).toBe(1);
    expect(ends.filter(({ code }) => code !== "ok").every(({ code }) => code === "canceled")).toBe(true);
  });

  test("a request in frames of one byte, with empty ones between, is read", async () => {
    await using server = await served(carriage, greeter());
    const body = envelope(0, greeting("Ada"));
    const client = RawHttp2.open(server.port, grpcHead(1, greet));
    for (const byte of body)
      client.send(data(1, false, Buffer.alloc(0)), data(1, false, Buffer.from([byte])));
    client.send(data(1, true, Buffer.alloc(0)));
    expect(await client.streamEnd(1)).toBe(-1);
    expect(client.frames.some(({ payload }) => payload.includes("Hello, Ada!"))).toBe(true);
    client.raw.socket.destroy();
  });

  test("trailers behind a request end it", async () => {
    await using server = await served(carriage, greeter());
    const client = RawHttp2.open(
      server.port,
      grpcHead(1, greet),
      data(1, false, envelope(0, greeting("Ada"))),
    );
    client.send(headers(1, true, "x", "y"));
    expect(await client.streamEnd(1)).toBe(-1);
    client.raw.socket.destroy();
  });

  test("a handler that never reads gets no more than the stream's window, and its siblings go on", async () => {
    const standing = new Standing();
    await using server = await served(carriage, {
      ...greeter({
        greet: (request) => ({ greeting: `Hello, ${request.name}!` }),
        collect: (_requests, call) => standing.stand(call),
      }),
      maxReceiveBytes: 1e9,
    });
    const session = connectHttp2(`http://127.0.0.1:${server.port}`);
    const stream = session.request([
      ":method",
      "POST",
      ":path",
      collect,
      "content-type",
      "application/grpc+proto",
      "te",
      "trailers",
    ] as never);
    stream.on("error", () => {});
    const message = envelope(0, longGreeting(100_000));
    let given = 0;
    // Until the server gives no more credit: then a ping finds the buffer still full.
    for (;;) {
      while (stream.write(message)) given += message.length;
      given += message.length;
      const drained = await new Promise<boolean>((resolve) => {
        stream.once("drain", () => resolve(true));
        let turns = 0;
        const ping = (): void => void session.ping(() => (turns++ < 5 ? ping() : resolve(false)));
        ping();
      });
      if (!drained) break;
      expect(given).toBeLessThan(32e6);
    }
    await stillServes(server);
    stream.close(8);
    await standing.saw("aborted");
    expect((await server.calls.ended(2)).at(-1)?.code).toBe("canceled");
    session.destroy();
  });

  test("a deadline ends a handler that never reads, while the client still sends", async () => {
    const standing = new Standing();
    await using server = await served(
      carriage,
      greeter({ collect: (_requests, call) => standing.stand(call) }),
    );
    const client = RawHttp2.open(server.port, grpcHead(1, collect, "grpc-timeout", "30m"));
    client.send(data(1, false, envelope(0, longGreeting(10_000))));
    expect(await client.streamEnd(1)).toBe(-1);
    await standing.saw("aborted");
    expect((await server.calls.ended(1))[0]?.code).toBe("deadline_exceeded");
    client.raw.socket.destroy();
  });
});

test("a handler that never reads answers all the same, over HTTP/1.1 too", async () => {
  for (const carriage of carriages) {
    await using server = await served(carriage, greeter({ collect: () => ({ count: 7n }) }));
    const body = Buffer.concat(Array.from({ length: 10 }, () => envelope(0, longGreeting(10_000))));
    const headers = ["content-type", "application/connect+proto"];
    const answer = said(await server.ask({ path: collect, headers, body }));
    expect(answer).toMatchObject({ code: "ok", messages: [Buffer.from([8, 7])] });
  }
});
