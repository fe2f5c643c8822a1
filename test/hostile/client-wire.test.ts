// Servers that break the rules of HTTP, or cut connections, against our client.
import type { Socket } from "node:net";
import { describe, expect, test } from "vitest";
import type { Protocol } from "@millrace/node";
import { envelope, greeting, utf8 } from "../support/bytes.ts";
import {
  data,
  END_HEADERS,
  frame,
  goaway,
  headers,
  RST_STREAM,
  SETTINGS,
  windowUpdate,
} from "../support/frames.ts";
import { block } from "../support/hpack.ts";
import { expectQuiet } from "../support/quiet.ts";
import { clientOf, clientOver, greetOnce, serverFor, watchAll } from "../support/our-client.ts";
import type { Lane } from "../support/our-client.ts";
import { rawServer } from "../support/raw-server.ts";
import { http1Bytes, http2Bytes } from "../support/reply.ts";
import type { Reply } from "../support/reply.ts";

expectQuiet();

const one = greeting("one");
const two = greeting("two");
const type = (value: string, ...more: string[]): string[] => ["content-type", value, ...more];
const goodConnect: Reply = { headers: type("application/proto"), body: one };
const grpcHead = type("application/grpc+proto");
const goodGrpc: Reply = { headers: grpcHead, body: envelope(0, one), trailers: ["grpc-status", "0"] };

function chunked(status: string, fields: readonly string[], ...chunks: Uint8Array[]): Buffer {
  const head = [`HTTP/1.1 ${status}`];
  for (let i = 0; i < fields.length; i += 2) head.push(`${fields[i]}: ${fields[i + 1]}`);
  const parts: Uint8Array[] = [utf8(`${head.join("\r\n")}\r\ntransfer-encoding: chunked\r\n\r\n`)];
  for (const chunk of chunks) parts.push(utf8(`${chunk.length.toString(16)}\r\n`), chunk, utf8("\r\n"));
  return Buffer.concat([...parts, utf8("0\r\n\r\n")]);
}

describe("a connection that is cut at every byte of a response: one coded error, and the next call is served", () => {
  const streamBody = Buffer.concat([
    envelope(0, one),
    envelope(0, two),
    envelope(2, utf8('{"metadata":{"a":["b"]}}')),
  ]);
  const webTrailers = envelope(0x80, utf8("grpc-status: 0\r\ngrpc-message: \r\n"));
  const stream: Reply = { headers: type("application/connect+proto"), body: streamBody };
  const web: Reply = {
    headers: type("application/grpc-web+proto"),
    body: Buffer.concat([envelope(0, one), webTrailers]),
  };
  const error: Reply = {
    status: 503,
    headers: type("application/json"),
    body: utf8('{"code":"aborted","message":"m"}'),
  };
  const cases: readonly (readonly [string, "1.1" | "2", Protocol, Buffer, typeof greetOnce, string])[] = [
    ["Connect unary with its length", "1.1", "connect", http1Bytes(goodConnect), greetOnce, "ok"],
    [
      "Connect unary in chunks",
      "1.1",
      "connect",
      chunked("200 OK", goodConnect.headers, one.subarray(0, 2), one.subarray(2)),
      greetOnce,
      "ok",
    ],
    ["a Connect error", "1.1", "connect", http1Bytes(error), greetOnce, "aborted"],
    ["a Connect stream with its length", "1.1", "connect", http1Bytes(stream), watchAll, "ok"],
    [
      "a Connect stream in chunks",
      "1.1",
      "connect",
      chunked(
        "200 OK",
        stream.headers,
        streamBody.subarray(0, 3),
        streamBody.subarray(3, 12),
        streamBody.subarray(12),
      ),
      watchAll,
      "ok",
    ],
    [
      "gRPC-Web in chunks",
      "1.1",
      "grpc-web",
      chunked("200 OK", web.headers, web.body as Buffer),
      greetOnce,
      "ok",
    ],
    ["Connect unary", "2", "connect", http2Bytes(goodConnect, 1), greetOnce, "ok"],
    ["a Connect stream", "2", "connect", http2Bytes(stream, 1), watchAll, "ok"],
    ["gRPC-Web", "2", "grpc-web", http2Bytes(web, 1), greetOnce, "ok"],
    ["gRPC", "2", "grpc", http2Bytes(goodGrpc, 1), greetOnce, "ok"],
    [
      "a gRPC error",
      "2",
      "grpc",
      http2Bytes({ headers: [...grpcHead, "grpc-status", "10"] }, 1),
      greetOnce,
      "aborted",
    ],
    [
      "a gRPC stream",
      "2",
      "grpc",
      http2Bytes({ ...goodGrpc, body: Buffer.concat([envelope(0, one), envelope(0, two)]) }, 1),
      watchAll,
      "ok",
    ],
  ];
  const everywhere = cases.flatMap(([name, http, ...rest]) =>
    (http === "2" ? ["2" as const] : (["1.1", "fetch"] as const)).map(
      (lane): readonly [string, Lane, ...typeof rest] => [name, lane, ...rest],
    ),
  );
  test.each(everywhere)("%s over %s", async (_name, lane, protocol, whole, run, code) => {
    await using server = await serverFor(lane);
    for (const [way, step] of [
      ["end", 1],
      ["reset", 3],
    ] as const) {
      let bytes = 0;
      server.act = (socket: Socket) => {
        if (bytes > 0) socket.write(whole.subarray(0, bytes));
        if (way === "end") socket.end();
        // What was written goes first.
        else setImmediate(() => socket.resetAndDestroy());
      };
      for (; bytes < whole.length; bytes += step) {
        const ended = await run(clientOver(lane, server, { protocol }));
        // A reset may overtake what was sent before it; an end does not.
        if (ended.code !== "unavailable") {
          expect([way, bytes, ended.code]).toEqual([way, bytes, code]);
          // Behind the end of a stream there is nothing but the end of the last chunk.
          expect(whole.length - bytes).toBeLessThanOrEqual(7);
        }
      }
    }
    server.act = (socket: Socket) => socket.write(whole);
    expect((await run(clientOver(lane, server, { protocol }))).code).toBe(code);
  });
});

describe("frames that break the rules of HTTP/2 cost their connection, and the calls on it one coded error each", () => {
  const head = (stream: number): Buffer => headers(stream, false, ":status", "200", ...grpcHead);
  test.each<readonly [string, (stream: number) => Buffer]>([
    ["bytes that are no frames", () => utf8("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")],
    [
      "a frame larger than was agreed",
      (stream) => Buffer.concat([head(stream), frame(0, 0, stream, Buffer.alloc(70_000))]),
    ],
    ["a header block that is none", (stream) => frame(1, END_HEADERS, stream, Buffer.alloc(20, 0xff))],
    ["DATA on the connection", () => frame(0, 0, 0, utf8("x"))],
    ["DATA before the head", (stream) => data(stream, false, utf8("x"))],
    ["DATA on a stream that was never opened", () => data(99, true, utf8("x"))],
    [
      "PUSH_PROMISE, which was refused",
      (stream) =>
        frame(5, END_HEADERS, stream, Buffer.concat([Buffer.from([0, 0, 0, 2]), block(":method", "GET")])),
    ],
    [
      "a header block that is interrupted",
      (stream) =>
        Buffer.concat([frame(1, 0, stream, block(":status", "200")), data(stream, true, utf8("x"))]),
    ],
    ["SETTINGS of a wrong length", () => frame(SETTINGS, 0, 0, Buffer.alloc(5))],
    [
      "a window beyond all windows",
      () => Buffer.concat([windowUpdate(0, 2 ** 31 - 1), windowUpdate(0, 2 ** 31 - 1)]),
    ],
    ["RST_STREAM of a wrong length", (stream) => frame(RST_STREAM, 0, stream, Buffer.alloc(3))],
    [
      "trailers without END_STREAM",
      (stream) =>
        Buffer.concat([
          head(stream),
          data(stream, false, envelope(0, one)),
          headers(stream, false, "grpc-status", "0"),
        ]),
    ],
    ["a status that is none", (stream) => headers(stream, true, ":status", "abc")],
    ["no status", (stream) => headers(stream, true, ...grpcHead)],
    [
      "an upper-case name",
      (stream) => headers(stream, true, ":status", "200", "Content-Type", "application/grpc"),
    ],
    [
      "a connection field",
      (stream) => headers(stream, true, ":status", "200", "connection", "close", ...grpcHead),
    ],
    [
      "a pseudo-field in the trailers",
      (stream) => Buffer.concat([head(stream), headers(stream, true, ":status", "200")]),
    ],
    [
      "less than its content-length",
      (stream) =>
        Buffer.concat([
          headers(stream, false, ":status", "200", "content-length", "100", ...grpcHead),
          data(stream, true, envelope(0, one)),
        ]),
    ],
    [
      "fields beyond the limit",
      (stream) => {
        const fields = block(":status", "200", "x", "y".repeat(200_000));
        const parts = [frame(1, 0, stream, fields.subarray(0, 16_000))];
        for (let at = 16_000; at < fields.length; at += 16_000)
          parts.push(
            frame(
              9,
              at + 16_000 >= fields.length ? END_HEADERS : 0,
              stream,
              fields.subarray(at, at + 16_000),
            ),
          );
        return Buffer.concat(parts);
      },
    ],
  ])("%s", async (_name, bytes) => {
    await using server = await rawServer("2");
    const client = clientOf(server, { protocol: "grpc" });
    server.act = (socket, stream) => socket.write(bytes(stream));
    const ended = await greetOnce(client);
    expect(["internal", "unavailable", "resource_exhausted", "unknown"]).toContain(ended.code);
    expect(ended.message).not.toBe("");
    server.act = goodGrpc;
    expect((await greetOnce(client)).code).toBe("ok");
  });
});

test("interim responses over HTTP/2 are passed over", async () => {
  await using server = await rawServer("2");
  server.act = (socket, stream) =>
    socket.write(
      Buffer.concat([headers(stream, false, ":status", "103", "link", "x"), http2Bytes(goodGrpc, stream)]),
    );
  expect((await greetOnce(clientOf(server, { protocol: "grpc" }))).code).toBe("ok");
});

describe.each([
  ["HTTP/1.1", "1.1"],
  ["HTTP/1.1, by fetch", "fetch"],
] as const)("%s", (_name, lane) => {
  test.each([
    [102, "Processing"],
    [103, "Early Hints"],
  ])("interim responses (%i) are passed over", async (status, text) => {
    await using server = await rawServer("1.1");
    server.act = (socket) => {
      for (let n = 0; n < 3; n++) socket.write(`HTTP/1.1 ${status} ${text}\r\nlink: x\r\n\r\n`);
      socket.write(http1Bytes(goodConnect));
    };
    expect((await greetOnce(clientOver(lane, server))).code).toBe("ok");
  });

  test.each<readonly [string, string | Buffer, string]>([
    ["garbage", "\x01\x02\x03\x04\r\n\r\n", "internal"],
    ["a line of another protocol", "SSH-2.0-OpenSSH_9.6\r\n", "internal"],
    ["a TLS alert", Buffer.from([0x15, 3, 1, 0, 2, 2, 70]), "internal"],
    ["HTTP/2", Buffer.concat([frame(SETTINGS, 0, 0), goaway(0, 1)]), "internal"],
    ["a status that is none", "HTTP/1.1 abc OK\r\n\r\n", "internal"],
    ["a field without a colon", "HTTP/1.1 200 OK\r\nnonsense\r\n\r\n", "internal"],
    ["two lengths", "HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nxx", "internal"],
    [
      "a length and chunks",
      "HTTP/1.1 200 OK\r\ncontent-length: 1\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
      "internal",
    ],
    [
      "a chunk size that is none",
      "HTTP/1.1 200 OK\r\ncontent-type: application/proto\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n",
      "internal",
    ],
    ["a head beyond the limit", `HTTP/1.1 200 OK\r\nx: ${"y".repeat(100_000)}\r\n\r\n`, "resource_exhausted"],
    [
      "a switch of protocols that nobody asked for",
      "HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n",
      "internal",
    ],
    // Not to be refused (RFC 9110 section 15.2.1), but undici does.
    ["a 100 that nobody asked for", "HTTP/1.1 100 Continue\r\n\r\n", "internal"],
    ["the end of the connection", "", "unavailable"],
  ])("%s is one coded error, and the next call is served", async (_name, bytes, code) => {
    await using server = await rawServer("1.1");
    const client = clientOver(lane, server);
    server.act = (socket) => socket.end(bytes);
    const ended = await greetOnce(client);
    // Fetch does not tell one from another.
    const expected = lane === "fetch" ? "unavailable" : code;
    expect([ended.code, ended.message]).toEqual([expected, expect.stringContaining("127.0.0.1")]);
    if (expected === "resource_exhausted") expect(ended.message).toContain("65536 bytes");
    server.act = goodConnect;
    expect((await greetOnce(client)).code).toBe("ok");
  });

  test("a response without a length ends with its connection", async () => {
    await using server = await rawServer("1.1");
    const client = clientOver(lane, server);
    server.act = (socket) =>
      socket.end(Buffer.concat([utf8("HTTP/1.0 200 OK\r\ncontent-type: application/proto\r\n\r\n"), one]));
    expect(await greetOnce(client)).toMatchObject({ code: "ok", got: ["one"] });
    const cut = Buffer.concat([envelope(0, one), envelope(0, two)]);
    server.act = (socket) =>
      socket.end(
        Buffer.concat([utf8("HTTP/1.0 200 OK\r\ncontent-type: application/connect+proto\r\n\r\n"), cut]),
      );
    expect(await watchAll(client)).toMatchObject({ code: "internal", got: ["one", "two"] });
  });

  test("bytes behind a response are nobody's, and cost at most the connection", async () => {
    await using server = await rawServer("1.1");
    const client = clientOver(lane, server);
    server.act = (socket) =>
      socket.write(
        Buffer.concat([
          http1Bytes(goodConnect),
          utf8("HTTP/1.1 200 OK\r\ncontent-type: application/proto\r\ncontent-length: 5\r\n\r\n"),
          two,
        ]),
      );
    expect(await greetOnce(client)).toMatchObject({ code: "ok", got: ["one"] });
    server.act = goodConnect;
    expect((await greetOnce(client)).got).toEqual(["one"]);
  });
});

test.each(["1.1", "2", "fetch"] as const)(
  "a response before the request has ended is the call's, and the rest is not sent, over %s",
  async (lane) => {
    await using server = await serverFor(lane);
    server.actOn = "head";
    server.act = {
      status: 503,
      headers: type("application/json"),
      body: utf8('{"code":"unavailable","message":"busy"}'),
    };
    const call = clientOver(lane, server).collect();
    await call.send({ name: "x" });
    await expect(call.finish()).rejects.toMatchObject({ code: "unavailable" });
    const request = await server.request(0);
    await request.until(() => (request.state === "open" ? undefined : true));
    expect(envelope(0, greeting("x")).subarray(0, request.body.length)).toEqual(request.body);
  },
);
