// README.md, section 3, Connect streaming: our client, answered by hand.
// Nothing to observe: §3.2 and §3.19 are the server's; what the client makes of their statuses is §6.2.
import { gzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { envelope, envelopes, greeting, utf8 } from "../support/bytes.ts";
import { data, headers } from "../support/frames.ts";
import { clientOf, watchAll } from "../support/our-client.ts";
import { expectQuiet } from "../support/quiet.ts";
import { rawServer } from "../support/raw-server.ts";
import { inPieces } from "../support/reply.ts";
import type { Reply } from "../support/reply.ts";
import { chat, collect, watch } from "../support/wires.ts";
import { framedRows } from "./framed-rows.ts";
import { table, type } from "../support/table.ts";
import type { Row } from "../support/table.ts";

expectQuiet();

const stream = (body: Uint8Array, encoding?: string): Reply => ({
  headers: type(
    "application/connect+proto",
    ...(encoding === undefined ? [] : ["connect-content-encoding", encoding]),
  ),
  body,
});
const end = (text: string, flags = 2): Buffer => envelope(flags, utf8(text));
const join = (...parts: Uint8Array[]): Reply => stream(Buffer.concat(parts));
const first = envelope(0, greeting("one"));
const second = envelope(0, greeting("two"));

describe.each(["1.1", "2"] as const)("over HTTP/%s", (http) => {
  test("§3.1 POST, application/connect+proto and +json", async () => {
    await using server = await rawServer(http);
    server.act = join(end("{}"));
    await watchAll(clientOf(server));
    server.act = { headers: type("application/connect+json"), body: end("{}") };
    await watchAll(clientOf(server, { codec: "json" }));
    const [binary, text] = server.heard;
    expect([binary?.method, binary?.target, binary?.field("content-type"), binary?.body]).toEqual([
      "POST",
      watch,
      "application/connect+proto",
      envelope(0, ""),
    ]);
    expect([text?.method, text?.target, text?.field("content-type"), text?.body]).toEqual([
      "POST",
      watch,
      "application/connect+json",
      envelope(0, "{}"),
    ]);
  });

  test("§3.1 the version, the timeout and metadata are sent as by a unary call", async () => {
    await using server = await rawServer(http);
    server.act = join(end("{}"));
    await clientOf(server)
      .watch({}, { timeoutMs: 60_000, headers: { a: "b" } })
      .receive();
    const request = await server.request(0);
    expect([request.field("connect-protocol-version"), request.field("a"), request.trailers]).toEqual([
      "1",
      "b",
      null,
    ]);
    expect(request.field("connect-timeout-ms")).toMatch(/^(5\d{4}|60000)$/);
  });

  test("§3.3 connect-content-encoding and connect-accept-encoding, and not HTTP's own", async () => {
    await using server = await rawServer(http);
    server.act = join(end("{}"));
    await watchAll(clientOf(server));
    await watchAll(clientOf(server, { compression: { send: "gzip", accept: ["br", "gzip"], minBytes: 0 } }));
    const [plain, packed] = server.heard;
    expect([plain?.field("connect-content-encoding"), plain?.field("connect-accept-encoding")]).toEqual([
      undefined,
      "gzip, br, zstd, deflate",
    ]);
    expect([packed?.field("connect-content-encoding"), packed?.field("connect-accept-encoding")]).toEqual([
      "gzip",
      "br, gzip",
    ]);
    for (const request of server.heard) expect(request.field("content-encoding")).toBeUndefined();
  });

  test("§3.4 §3.5 requests are enveloped, compressed message by message", async () => {
    await using server = await rawServer(http);
    server.act = stream(Buffer.concat([envelope(0, Buffer.from([8, 3])), end("{}")]));
    const client = clientOf(server, { compression: { send: "gzip", minBytes: 6 } });
    await client.collect([{ name: "Ada" }, { name: "Ada Lovelace" }, {}]);
    const { body, target } = await server.request(0);
    const parts = envelopes(body);
    expect([target, parts.map(({ flags }) => flags)]).toEqual([collect, [0, 1, 0]]);
    expect([parts[0]?.payload, parts[2]?.payload]).toEqual([greeting("Ada"), Buffer.alloc(0)]);
    expect(parts[1]?.payload.subarray(0, 2)).toEqual(Buffer.from([0x1f, 0x8b]));
  });

  test("§3.4 envelopes of a response may be split at every byte", async () => {
    await using server = await rawServer(http);
    const body = Buffer.concat([first, envelope(0, ""), second, end('{"metadata":{"a":["b"]}}')]);
    const client = clientOf(server);
    for (let at = 1; at < body.length; at++) {
      server.act = inPieces(http, stream(body), [body.subarray(0, at), body.subarray(at)]);
      expect([at, await watchAll(client)]).toMatchObject([at, { code: "ok", got: ["one", "", "two"] }]);
    }
  });

  test("§3.15 requests never set bit 1: they end with their body", async () => {
    await using server = await rawServer(http);
    server.act = join(envelope(0, ""), end("{}"));
    const client = clientOf(server, { halfDuplex: true });
    await client.collect([{ name: "Ada" }]);
    for await (const _ of client.chat([{ name: "Ada" }])) {
      // Read to its end.
    }
    await watchAll(client);
    for (const request of server.heard)
      expect(envelopes(request.body).map(({ flags }) => flags)).toEqual([0]);
  });

  test("§3.16 what came before a missing EndStream is delivered first", async () => {
    await using server = await rawServer(http);
    server.act = join(first, second);
    const replies = clientOf(server).watch({});
    expect([(await replies.receive())?.greeting, (await replies.receive())?.greeting]).toEqual([
      "one",
      "two",
    ]);
    await expect(replies.receive()).rejects.toMatchObject({ code: "internal" });
  });

  test("§3.11 the metadata of the EndStream are the trailers, duplicates in order, -bin as bytes", async () => {
    await using server = await rawServer(http);
    server.act = join(first, end('{"metadata":{"A":["1","2"],"b-bin":["AQI="]}}'));
    const replies = clientOf(server).watch({});
    for (let next = await replies.receive(); next !== undefined;) next = await replies.receive();
    const trailers = await replies.trailers;
    expect([trailers.getAll("a"), trailers.getBinary("b-bin")]).toEqual([["1", "2"], new Uint8Array([1, 2])]);
  });

  test("§3.20 streams of no messages are streams, in both directions", async () => {
    await using server = await rawServer(http);
    server.act = join(envelope(0, ""), end("{}"));
    const client = clientOf(server, { halfDuplex: true });
    expect((await client.collect([])).count).toBe(0n);
    server.act = join(end("{}"));
    expect(await watchAll(client)).toMatchObject({ code: "ok", got: [] });
    expect(await client.chat([]).receive()).toBeUndefined();
    expect(server.heard.map(({ state, body }) => [state, body.length])).toEqual([
      ["whole", 0],
      ["whole", 5],
      ["whole", 0],
    ]);
  });
});

test("§3.18 over HTTP/1.1 a bidi call is made only where the client agrees to wait, and then it works", async () => {
  await using server = await rawServer("1.1");
  await expect(clientOf(server).chat().receive()).rejects.toMatchObject({
    code: "unimplemented",
    message: expect.stringContaining("halfDuplex: true") as string,
  });
  expect(server.connections).toBe(0);
  server.act = join(first, end("{}"));
  const call = clientOf(server, { halfDuplex: true }).chat();
  await call.send({ name: "Ada" });
  call.closeSend();
  expect((await call.receive())?.greeting).toBe("one");
  expect(await call.receive()).toBeUndefined();
  expect(await server.request(0)).toMatchObject({ target: chat, body: envelope(0, greeting("Ada")) });
});

test("§3.18 over HTTP/2 answers are heard while requests are sent", async () => {
  await using server = await rawServer("2");
  server.actOn = "head";
  server.act = () => {};
  const call = clientOf(server).chat();
  await call.send({ name: "Ada" });
  const request = await server.request(0);
  const { socket, stream: id } = request;
  socket.write(
    Buffer.concat([
      headers(id, false, ":status", "200", ...type("application/connect+proto")),
      data(id, false, first),
    ]),
  );
  expect((await call.receive())?.greeting).toBe("one");
  await call.send({ name: "Eve" });
  await request.has(2 * first.length);
  socket.write(data(id, true, Buffer.concat([second, end("{}")])));
  expect((await call.receive())?.greeting).toBe("two");
  expect(await call.receive()).toBeUndefined();
});

const aborted = '{"error":{"code":"aborted"}}';
const rows: readonly Row[] = [
  ...framedRows({ unnamed: "3.6", reserved: "3.8", flags: [2] }, stream, end("{}")),
  {
    name: "§3.5 messages, compressed or not as the server likes",
    reply: stream(Buffer.concat([first, envelope(1, gzipSync(greeting("two"))), end("{}")]), "gzip"),
    code: "ok",
    got: ["one", "two"],
  },
  {
    name: "§3.9 an error as JSON with 500",
    reply: { status: 500, headers: type("application/json"), body: utf8('{"code":"aborted"}') },
    code: "unknown",
  },
  {
    name: "§3.9 a stream that ends well, with 503",
    reply: { status: 503, headers: type("application/connect+proto"), body: end("{}") },
    code: "unavailable",
  },
  {
    name: "§3.10 EndStream twice",
    reply: join(first, end("{}"), end("{}")),
    code: "internal",
    text: /goes on behind/,
    got: ["one"],
  },
  ...["", "null", "[]", "5", '"x"', "{", "{}{}", "\xff"].map((text): Row => ({
    name: `§3.11 EndStream ${JSON.stringify(text)}`,
    reply: join(first, envelope(2, Buffer.from(text, "latin1"))),
    code: "internal",
    text: /EndStream/,
    got: ["one"],
  })),
  { name: "§3.11 EndStream {}", reply: join(first, end("{}")), code: "ok", got: ["one"] },
  {
    name: "§3.11 EndStream with keys that nobody knows",
    reply: join(first, end('{"x":1,"__proto__":{"error":{}},"constructor":[]}')),
    code: "ok",
  },
  {
    name: "§3.11 an error with its message",
    reply: join(first, end('{"error":{"code":"aborted","message":"enough"}}')),
    code: "aborted",
    text: "enough",
    got: ["one"],
  },
  { name: "§3.11 metadata that are none", reply: join(first, end('{"metadata":[1,2]}')), code: "ok" },
  {
    name: "§3.11 metadata with values that are none",
    reply: join(first, end('{"metadata":{"a":"b","c":[1,null,{}],"d":null}}')),
    code: "ok",
  },
  {
    name: "§3.11 metadata with names of objects' own",
    reply: join(first, end('{"metadata":{"__proto__":["x"],"constructor":["y"]}}')),
    code: "ok",
  },
  {
    name: "§3.12 EndStream that is compressed",
    reply: stream(Buffer.concat([first, envelope(3, gzipSync(aborted))]), "gzip"),
    code: "aborted",
    got: ["one"],
  },
  {
    name: "§3.12 EndStream that is compressed, without a compression",
    reply: join(end("{}", 3)),
    code: "internal",
  },
  {
    name: "§3.12 EndStream that is not compressed, among messages that are",
    reply: stream(Buffer.concat([envelope(1, gzipSync(greeting("one"))), end(aborted)]), "gzip"),
    code: "aborted",
    got: ["one"],
  },
  {
    name: "§3.13 an error that is null",
    reply: join(first, end('{"error":null}')),
    code: "ok",
    got: ["one"],
  },
  ...[
    "{}",
    "[]",
    "5",
    '"aborted"',
    "true",
    '{"code":null}',
    '{"code":"nope"}',
    '{"code":10}',
    '{"code":"ok"}',
  ].map((text): Row => ({
    name: `§3.14 the error ${text}`,
    reply: join(first, end(`{"error":${text}}`)),
    code: "unknown",
    got: ["one"],
  })),
  {
    name: "§3.14 an error with a message and no code",
    reply: join(end('{"error":{"message":"m"}}')),
    code: "unknown",
    text: "m",
  },
  {
    name: "§3.16 nothing at all",
    reply: join(),
    code: "internal",
    text: /without an EndStream message/,
    got: [],
  },
  {
    name: "§3.16 messages and no EndStream",
    reply: join(first, second),
    code: "internal",
    text: /without an EndStream message/,
    got: ["one", "two"],
  },
  {
    name: "§3.16 half an EndStream",
    reply: join(first, Buffer.from([2, 0, 0])),
    code: "internal",
    got: ["one"],
  },
  {
    name: "§3.17 a message behind EndStream",
    reply: join(end("{}"), first),
    code: "internal",
    text: /goes on behind/,
    got: [],
  },
  { name: "§3.17 a byte behind EndStream", reply: join(end("{}"), Buffer.from([0])), code: "internal" },
  { name: "§3.17 a message behind an error", reply: join(end(aborted), first), code: "internal" },
];
table({ protocol: "connect", https: ["1.1", "2"], run: watchAll, good: join(first, end("{}")) }, rows);
