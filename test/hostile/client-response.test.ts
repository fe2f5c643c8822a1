// Responses that are wrong, by hand, against our client (PROTOCOL.md sections 1, 3, 4, 5, 6, 7, 8).
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Protocol } from "@millrace/node";
import { envelope, greeting, longGreeting, utf8 } from "../support/bytes.ts";
import type { GreetServiceClient } from "../../gen/greet/v1/greet_millrace.ts";
import { expectQuiet } from "../support/quiet.ts";
import { clientOf, greetOnce, watchAll } from "../support/our-client.ts";
import { rawServer } from "../support/raw-server.ts";
import type { Ended } from "../support/our-client.ts";
import type { RawServer, Reply } from "../support/raw-server.ts";

expectQuiet();

interface Row {
  readonly name: string;
  readonly reply: Reply;
  readonly code: string;
  /** Its text, or what that has to say. */
  readonly text?: string | RegExp;
  readonly got?: readonly string[];
}

const one = greeting("one");
const two = greeting("two");
const type = (value: string, ...more: string[]): string[] => ["content-type", value, ...more];

/** Runs a table on one client: each hostile response, and then a good one, which must come through. */
function table(
  protocol: Protocol,
  https: readonly ("1.1" | "2")[],
  rows: readonly Row[],
  run: typeof greetOnce,
  good: Reply,
  check: (ended: Ended, row: Row) => void = () => {},
): void {
  describe.each(https)("over HTTP/%s", (http) => {
    let server: RawServer;
    let client: GreetServiceClient;
    beforeAll(async () => {
      server = await rawServer(http);
      client = clientOf(server, { protocol, maxReceiveBytes: 1000 });
    });
    afterAll(() => server[Symbol.asyncDispose]());
    test.each(rows)("$name: $code", async (row) => {
      server.act = row.reply;
      const ended = await run(client);
      expect(ended.code).toBe(row.code);
      if (typeof row.text === "string") expect(ended.message).toBe(row.text);
      else if (row.text !== undefined) expect(ended.message).toMatch(row.text);
      if (row.got !== undefined) expect(ended.got).toEqual(row.got);
      check(ended, row);
      server.act = good;
      expect(await run(client)).toMatchObject({ code: "ok" });
      if (http === "2") expect(server.connections).toBe(1);
    });
  });
}

const page = utf8("<html><body><h1>502 Bad Gateway</h1></body></html>");

/** Statuses without anything of RPC in them: section 6. */
const statuses: readonly (readonly [number, string])[] = [
  [201, "unknown"],
  [204, "unknown"],
  [301, "unknown"],
  [302, "unknown"],
  [304, "unknown"],
  [307, "unknown"],
  [400, "internal"],
  [401, "unauthenticated"],
  [403, "permission_denied"],
  [404, "unimplemented"],
  [408, "unknown"],
  [409, "unknown"],
  [413, "unknown"],
  [415, "unknown"],
  [429, "unavailable"],
  [431, "unknown"],
  [500, "unknown"],
  [501, "unknown"],
  [502, "unavailable"],
  [503, "unavailable"],
  [504, "unavailable"],
  [505, "unknown"],
  [599, "unknown"],
];

const statusRows = statuses.map(([status, code]): Row => {
  const location = status === 301 || status === 302 || status === 307 ? ["location", "/elsewhere"] : [];
  const bodiless = status === 204 || status === 304;
  return {
    name: `HTTP status ${status} with a page of HTML`,
    reply: { status, headers: type("text/html", ...location), body: bodiless ? undefined : page },
    code,
    ...(status === 304 ? {} : { text: new RegExp(`HTTP status ${status}`) }),
  };
});

describe("Connect unary", () => {
  const good: Reply = { headers: type("application/proto"), body: one };
  const json = (status: number, body: string | Uint8Array, ...more: string[]): Reply => ({
    status,
    headers: type("application/json", ...more),
    body: typeof body === "string" ? utf8(body) : body,
  });
  const rows: readonly Row[] = [
    ...statusRows,
    {
      name: "a page of HTML with 200",
      reply: { headers: type("text/html"), body: page },
      code: "unknown",
      text: /"text\/html" is not application\/proto/,
    },
    { name: "no content type", reply: { headers: [], body: one }, code: "unknown" },
    {
      name: "another codec",
      reply: { headers: type("application/json"), body: utf8("{}") },
      code: "internal",
      text: /"application\/json" is not application\/proto/,
    },
    {
      name: "a stream's content type",
      reply: { headers: type("application/connect+proto"), body: envelope(0, one) },
      code: "unknown",
    },
    {
      name: "gRPC's content type",
      reply: { headers: type("application/grpc"), body: envelope(0, one) },
      code: "unknown",
    },
    {
      name: "a message that is none",
      reply: { headers: type("application/proto"), body: utf8("\xff") },
      code: "internal",
      text: /cannot decode greet.v1.GreetReply/,
    },
    {
      name: "a message above the limit",
      reply: { headers: type("application/proto"), body: longGreeting(998) },
      code: "resource_exhausted",
      text: /limit of 1000 bytes \(maxReceiveBytes\)/,
    },
    {
      name: "a compression that was not asked for",
      reply: { headers: type("application/proto", "content-encoding", "snappy"), body: one },
      code: "internal",
      text: /"snappy"/,
    },
    {
      name: "a compressed message that is none",
      reply: { headers: type("application/proto", "content-encoding", "gzip"), body: one },
      code: "internal",
      text: /gzip/,
    },
    {
      name: "a compressed message cut short",
      reply: {
        headers: type("application/proto", "content-encoding", "gzip"),
        body: gzipSync(one).subarray(0, -1),
      },
      code: "internal",
      text: /gzip/,
    },
    {
      name: "bytes behind a compressed message",
      reply: {
        headers: type("application/proto", "content-encoding", "gzip"),
        body: Buffer.concat([gzipSync(one), utf8("more")]),
      },
      code: "internal",
      text: /gzip/,
    },
    {
      name: "a bomb",
      reply: {
        headers: type("application/proto", "content-encoding", "gzip"),
        body: gzipSync(longGreeting(200_000)),
      },
      code: "resource_exhausted",
      text: /maxReceiveBytes/,
    },
    {
      name: "nothing, said to be compressed",
      reply: { headers: type("application/proto", "content-encoding", "gzip"), body: Buffer.alloc(0) },
      code: "ok",
    },
    { name: "an error as JSON with 200", reply: json(200, '{"code":"aborted"}'), code: "internal" },
    ...[
      "",
      "null",
      "[]",
      "5",
      '"aborted"',
      "{",
      "{}",
      '{"code":null}',
      '{"code":10}',
      '{"code":""}',
      '{"code":"ok"}',
      '{"code":"ABORTED"}',
      '{"code":"__proto__"}',
      '{"code":["aborted"]}',
      '{"code":{"code":"aborted"}}',
      "\xff\xfe",
      `{"x":${"[".repeat(400)}${"]".repeat(400)}}`,
    ].map((body): Row => ({
      name: `error body ${JSON.stringify(body).slice(0, 40)} with 503`,
      reply: json(503, Buffer.from(body, "latin1")),
      code: "unavailable",
    })),
    {
      name: "an unknown code with a message",
      reply: json(503, '{"code":"nope","message":"busy"}'),
      code: "unavailable",
      text: /^busy$/,
    },
    {
      name: "a code that the status contradicts",
      reply: json(503, '{"code":"aborted","message":"m"}'),
      code: "aborted",
      text: /^m$/,
    },
    {
      name: "a message that is no text",
      reply: json(500, '{"code":"aborted","message":{"a":1}}'),
      code: "aborted",
    },
    {
      name: "details that are none",
      reply: json(
        500,
        '{"code":"aborted","details":[null,5,{},{"type":5},{"type":"a.B","value":"!"},{"type":"a.B","value":"AA","debug":[[]]}]}',
      ),
      code: "aborted",
    },
    {
      name: "details that are no list",
      reply: json(500, '{"code":"aborted","details":{"0":1,"length":1e9}}'),
      code: "aborted",
    },
    {
      name: "keys that nobody knows",
      reply: json(500, '{"code":"aborted","__proto__":{"code":"internal"},"constructor":1}'),
      code: "aborted",
    },
    {
      name: "an error body above the limit",
      reply: json(503, `{"code":"aborted","message":"${"x".repeat(1000)}"}`),
      code: "resource_exhausted",
      text: /maxReceiveBytes/,
    },
    {
      name: "a compressed error",
      reply: json(503, gzipSync('{"code":"aborted"}'), "content-encoding", "gzip"),
      code: "aborted",
    },
    {
      name: "a compressed error that is none",
      reply: json(503, "{}", "content-encoding", "gzip"),
      code: "internal",
      text: /gzip/,
    },
    {
      name: "an error in a compression that was not asked for",
      reply: json(503, "{}", "content-encoding", "lz4"),
      code: "internal",
      text: /"lz4"/,
    },
  ];
  table("connect", ["1.1", "2"], rows, greetOnce, good, (ended, row) => {
    if (row.name === "details that are none")
      expect(ended.error?.details).toEqual([{ type: "a.B", value: new Uint8Array(1) }]);
  });

  test("what the peer said is remote, what we made of it is not", async () => {
    await using server = await rawServer("1.1");
    const client = clientOf(server);
    server.act = json(503, '{"code":"aborted"}');
    expect((await greetOnce(client)).error?.isRemote).toBe(true);
    server.act = { status: 503, headers: type("text/html"), body: page };
    expect((await greetOnce(client)).error?.isRemote).toBe(false);
  });
});

/** What can be wrong with messages in envelopes, whatever the protocol. */
function framedRows(reply: (body: Uint8Array, encoding?: string) => Reply, end: Uint8Array): readonly Row[] {
  const join = (...parts: Uint8Array[]): Buffer => Buffer.concat(parts);
  return [
    {
      name: "a message that is none",
      reply: reply(join(envelope(0, "\xff"), end)),
      code: "internal",
      text: /cannot decode greet.v1.GreetReply/,
    },
    {
      name: "a length above the limit",
      reply: reply(envelope(0, "", 2 ** 32 - 1)),
      code: "resource_exhausted",
      text: /message of 4294967295 bytes exceeds the limit of 1000 bytes \(maxReceiveBytes\)/,
    },
    { name: "a reserved flag", reply: reply(join(envelope(0x10, one), end)), code: "internal", text: /0x10/ },
    {
      name: "a compressed flag without a compression",
      reply: reply(join(envelope(1, gzipSync(one)), end)),
      code: "internal",
      text: /name no compression/,
    },
    {
      name: "a compressed flag on nothing, without a compression",
      reply: reply(join(envelope(1, ""), end)),
      code: "internal",
      text: /name no compression/,
    },
    {
      name: "a compression that was not asked for",
      reply: reply(join(envelope(1, one), end), "snappy"),
      code: "internal",
      text: /"snappy".*not asked for: gzip/,
    },
    {
      name: "a compressed message that is none",
      reply: reply(join(envelope(1, one), end), "gzip"),
      code: "internal",
      text: /gzip/,
    },
    {
      name: "a bomb",
      reply: reply(join(envelope(1, gzipSync(longGreeting(200_000))), end), "gzip"),
      code: "resource_exhausted",
      text: /maxReceiveBytes/,
    },
    {
      name: "a body that ends inside a prefix",
      reply: reply(Buffer.from([0, 0, 0])),
      code: "internal",
      text: /inside a message's prefix, after 3 of 5 bytes/,
    },
    {
      name: "a body that ends inside a message",
      reply: reply(envelope(0, one, 100)),
      code: "internal",
      text: /inside a message, after 5 of 100 bytes/,
    },
    {
      name: "a message, compressed or not as it likes",
      reply: reply(join(envelope(0, one), end), "gzip"),
      code: "ok",
    },
  ];
}

describe("a Connect stream", () => {
  const stream = (body: Uint8Array, encoding?: string): Reply => ({
    headers: type(
      "application/connect+proto",
      ...(encoding === undefined ? [] : ["connect-content-encoding", encoding]),
    ),
    body,
  });
  const end = (text: string, flags = 2): Buffer => envelope(flags, utf8(text));
  const first = envelope(0, one);
  const join = (...parts: Uint8Array[]): Reply => stream(Buffer.concat(parts));
  const rows: readonly Row[] = [
    ...statusRows,
    ...framedRows(stream, end("{}")),
    { name: "a page of HTML with 200", reply: { headers: type("text/html"), body: page }, code: "unknown" },
    {
      name: "another codec",
      reply: { headers: type("application/connect+json"), body: end("{}") },
      code: "internal",
    },
    {
      name: "a unary content type",
      reply: { headers: type("application/proto"), body: one },
      code: "unknown",
    },
    {
      name: "an error as JSON with 500",
      reply: { status: 500, headers: type("application/json"), body: utf8('{"code":"aborted"}') },
      code: "unknown",
    },
    { name: "nothing", reply: join(), code: "internal", text: /without an EndStream message/, got: [] },
    {
      name: "messages and no EndStream",
      reply: join(first, envelope(0, two)),
      code: "internal",
      text: /without an EndStream message/,
      got: ["one", "two"],
    },
    {
      name: "a cut behind messages",
      reply: join(first, Buffer.from([2, 0, 0])),
      code: "internal",
      got: ["one"],
    },
    ...["", "null", "[]", "5", '"x"', "{", "{}{}", "\xff"].map((text): Row => ({
      name: `EndStream ${JSON.stringify(text)}`,
      reply: join(first, envelope(2, Buffer.from(text, "latin1"))),
      code: "internal",
      text: /EndStream/,
      got: ["one"],
    })),
    {
      name: "EndStream twice",
      reply: join(first, end("{}"), end("{}")),
      code: "internal",
      text: /goes on behind/,
      got: ["one"],
    },
    {
      name: "a message behind EndStream",
      reply: join(end("{}"), first),
      code: "internal",
      text: /goes on behind/,
      got: [],
    },
    { name: "a byte behind EndStream", reply: join(end("{}"), Buffer.from([0])), code: "internal" },
    {
      name: "an error, and a message behind it",
      reply: join(end('{"error":{"code":"aborted"}}'), first),
      code: "internal",
    },
    {
      name: "EndStream that is compressed without a compression",
      reply: join(end("{}", 3)),
      code: "internal",
    },
    {
      name: "EndStream that is compressed",
      reply: stream(Buffer.concat([first, envelope(3, gzipSync('{"error":{"code":"aborted"}}'))]), "gzip"),
      code: "aborted",
      got: ["one"],
    },
    {
      name: "EndStream above the limit",
      reply: join(first, end(JSON.stringify({ x: "y".repeat(1000) }))),
      code: "resource_exhausted",
      got: ["one"],
    },
    { name: "an error that is null", reply: join(first, end('{"error":null}')), code: "ok", got: ["one"] },
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
      name: `the error ${text}`,
      reply: join(first, end(`{"error":${text}}`)),
      code: "unknown",
      got: ["one"],
    })),
    {
      name: "an error with a message and no code",
      reply: join(end('{"error":{"message":"m"}}')),
      code: "unknown",
      text: /^m$/,
    },
    { name: "metadata that are none", reply: join(first, end('{"metadata":[1,2]}')), code: "ok" },
    {
      name: "metadata with values that are none",
      reply: join(first, end('{"metadata":{"a":"b","c":[1,null,{}],"d":null}}')),
      code: "ok",
    },
    {
      name: "metadata with names of objects' own",
      reply: join(first, end('{"metadata":{"__proto__":["x"],"constructor":["y"]}}')),
      code: "ok",
    },
  ];
  table("connect", ["1.1", "2"], rows, watchAll, join(first, end("{}")));

  test("a unary method's kind counts: two messages, or none, are unimplemented", async () => {
    await using server = await rawServer("1.1");
    const client = clientOf(server);
    for (const [body, text] of [
      [[end("{}")], "no message"],
      [[envelope(0, ""), envelope(0, ""), end("{}")], "more than one message"],
    ] as const) {
      server.act = stream(Buffer.concat(body));
      await expect(client.collect([{ name: "x" }])).rejects.toMatchObject({
        code: "unimplemented",
        message: `the response to /greet.v1.GreetService/Collect has ${text}: exactly one is required`,
      });
    }
  });
});

describe.each([
  ["grpc", ["2"]],
  ["grpc-web", ["1.1", "2"]],
] as const)("%s", (protocol, https) => {
  const isWeb = protocol === "grpc-web";
  const media = `application/${protocol}`;
  /** Messages, and the status where the protocol has it. */
  const answer = (body: Uint8Array, trailers: readonly string[] | undefined, encoding?: string): Reply => {
    const fields = type(`${media}+proto`, ...(encoding === undefined ? [] : ["grpc-encoding", encoding]));
    if (!isWeb) return { headers: fields, body, trailers };
    let block = "";
    for (let i = 0; trailers !== undefined && i < trailers.length; i += 2)
      block += `${trailers[i]}: ${trailers[i + 1]}\r\n`;
    return {
      headers: fields,
      body:
        trailers === undefined ? body : Buffer.concat([body, envelope(0x80, Buffer.from(block, "latin1"))]),
    };
  };
  const message = envelope(0, one);
  const ok = ["grpc-status", "0"];
  const rows: readonly Row[] = [
    ...statusRows,
    ...framedRows(
      (body, encoding) => answer(body, isWeb ? undefined : ok, encoding),
      isWeb ? envelope(0x80, "grpc-status: 0\r\n") : Buffer.alloc(0),
    ),
    {
      name: "HTTP 503 with a status of its own",
      reply: { status: 503, headers: type(media, "grpc-status", "10", "grpc-message", "m") },
      code: "aborted",
      text: /^m$/,
    },
    {
      name: "HTTP 503 with status 0",
      reply: { status: 503, headers: type(media, ...ok) },
      code: "unavailable",
    },
    {
      name: "a page of HTML with 200",
      reply: { headers: type("text/html"), body: page },
      code: "unknown",
      text: /"text\/html"/,
    },
    { name: "no content type", reply: { headers: [], body: message }, code: "unknown" },
    { name: "another codec", reply: { headers: type(`${media}+json`), body: message }, code: "internal" },
    {
      name: "a codec that is none",
      reply: { headers: type(`${media}+thrift`), body: message },
      code: "internal",
    },
    {
      name: "the other gRPC",
      reply: { headers: type(isWeb ? "application/grpc" : "application/grpc-web"), body: message },
      code: "unknown",
    },
    {
      name: "a head and nothing else",
      reply: { headers: type(media) },
      code: "unknown",
      text: /without a grpc-status/,
    },
    {
      name: "trailers only",
      reply: { headers: type(media, "grpc-status", "10", "grpc-message", "a%20b") },
      code: "aborted",
      text: /^a b$/,
    },
    {
      name: "trailers only, and success",
      reply: { headers: type(media, ...ok) },
      code: "unimplemented",
      text: /no message/,
    },
    {
      name: "messages without a status",
      reply: answer(message, undefined),
      code: isWeb ? "internal" : "unknown",
      text: /without a grpc-status/,
    },
    {
      name: "a status in the head, and messages",
      reply: { headers: type(media, ...ok), body: message },
      code: isWeb ? "internal" : "unknown",
      text: /without a grpc-status/,
    },
    {
      name: "a status in the head, and another at the end",
      reply: { ...answer(message, ["grpc-status", "10"]), headers: type(media, ...ok) },
      code: "aborted",
    },
    {
      name: "trailers without a status",
      reply: answer(message, ["x", "y"]),
      code: "unknown",
      text: /without a grpc-status/,
    },
    {
      name: "success without a message",
      reply: answer(Buffer.alloc(0), ok),
      code: "unimplemented",
      text: /no message/,
    },
    {
      name: "success with two messages",
      reply: answer(Buffer.concat([message, message]), ok),
      code: "unimplemented",
      text: /more than one message/,
    },
    { name: "an error behind a message", reply: answer(message, ["grpc-status", "10"]), code: "aborted" },
    ...["", "-1", "17", "99999999999", "1.0", "0x0", "abc", "٠"].map((text): Row => ({
      name: `grpc-status ${JSON.stringify(text)}`,
      reply: answer(message, ["grpc-status", Buffer.from(text).toString("latin1"), "grpc-message", "m"]),
      code: "unknown",
      text: /is no code: m$/,
    })),
    ...(
      [
        ["%", "%"],
        ["%4", "%4"],
        ["100%", "100%"],
        ["%zz%41", "%zzA"],
        ["%C3%28", "\uFFFD("],
        ["%E6%97%A5", "日"],
        ["%0D%0Ax", "\r\nx"],
        ["%%41", "%A"],
        ["\u00ff", undefined],
      ] as const
    ).map(([text, decoded]): Row => ({
      name: `grpc-message ${JSON.stringify(text)}`,
      reply: answer(Buffer.alloc(0), ["grpc-status", "10", "grpc-message", text]),
      code: "aborted",
      ...(decoded === undefined ? {} : { text: decoded }),
    })),
    ...["!", "A", "AAAA", "CAo=", "CAUSAXg", "//////////8"].map((text): Row => ({
      name: `grpc-status-details-bin ${text}`,
      reply: answer(Buffer.alloc(0), [
        "grpc-status",
        "10",
        "grpc-message",
        "m",
        "grpc-status-details-bin",
        text,
      ]),
      code: "aborted",
      text: /^m$/,
    })),
    ...(isWeb
      ? ([
          {
            name: "trailers with a line that is none",
            reply: {
              headers: type(media),
              body: Buffer.concat([message, envelope(0x80, "grpc-status: 0\r\nnonsense\r\n")]),
            },
            code: "internal",
            text: /trailers are malformed/,
          },
          {
            name: "trailers with a line without a name",
            reply: { headers: type(media), body: Buffer.concat([message, envelope(0x80, ": 0\r\n")]) },
            code: "internal",
          },
          {
            name: "trailers that are empty",
            reply: { headers: type(media), body: Buffer.concat([message, envelope(0x80, "")]) },
            code: "unknown",
          },
          {
            name: "trailers in any case, with bare line ends and a blank line",
            reply: {
              headers: type(media),
              body: Buffer.concat([message, envelope(0x80, "GRPC-Status:0\nX-Y:  z \n\n")]),
            },
            code: "ok",
          },
          {
            name: "trailers twice",
            reply: {
              headers: type(media),
              body: Buffer.concat([
                message,
                envelope(0x80, "grpc-status: 0\r\n"),
                envelope(0x80, "grpc-status: 0\r\n"),
              ]),
            },
            code: "internal",
            text: /goes on behind/,
          },
          {
            name: "a message behind the trailers",
            reply: {
              headers: type(media),
              body: Buffer.concat([envelope(0x80, "grpc-status: 0\r\n"), message]),
            },
            code: "internal",
            text: /goes on behind/,
          },
          {
            name: "compressed trailers",
            reply: {
              headers: type(media, "grpc-encoding", "gzip"),
              body: Buffer.concat([message, envelope(0x81, gzipSync("grpc-status: 10\r\n"))]),
            },
            code: "aborted",
          },
          {
            name: "trailers above the limit",
            reply: {
              headers: type(media),
              body: Buffer.concat([message, envelope(0x80, `x: ${"y".repeat(1000)}\r\ngrpc-status: 0\r\n`)]),
            },
            code: "resource_exhausted",
          },
        ] satisfies Row[])
      : ([
          {
            name: "gRPC-Web's trailers in the body",
            reply: {
              headers: type(media),
              body: Buffer.concat([message, envelope(0x80, "grpc-status: 0\r\n")]),
              trailers: ok,
            },
            code: "internal",
            text: /0x80/,
          },
          {
            name: "an end behind the head, without trailers",
            reply: { headers: type(media, ...ok), body: Buffer.alloc(0), trailers: ["x", "y"] },
            code: "unknown",
          },
        ] satisfies Row[])),
  ];
  table(protocol, https, rows, greetOnce, answer(message, ok), (ended, row) => {
    // A packed status that contradicts the plain one is passed over.
    if (row.name.startsWith("grpc-status-details-bin")) expect(ended.error?.details).toEqual([]);
  });
});
