// README.md, section 4, gRPC: our client, answered by hand. §4.8 to §4.10 and §4.13 to §4.18 hold of gRPC-Web too, and are
// run on both.
// Nothing to observe: §4.4 and §4.9 are the server's; §4.5 is §4.6 on this side.
import { gzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import type { CallOptions, TransportOptions } from "@millrace/node";
import { envelope, envelopes, greeting, utf8 } from "../support/bytes.ts";
import { data, headers, reset } from "../support/frames.ts";
import { clientOf, greetOnce, watchAll } from "../support/our-client.ts";
import { expectQuiet } from "../support/quiet.ts";
import { rawServer } from "../support/raw-server.ts";
import { inPieces } from "../support/reply.ts";
import type { Heard } from "../support/raw-server.ts";
import type { Reply } from "../support/reply.ts";
import { chat, collect, greet } from "../support/wires.ts";
import { framedRows } from "./framed-rows.ts";
import { table, type } from "../support/table.ts";
import type { Row } from "../support/table.ts";

expectQuiet();

const message = envelope(0, greeting("one"));
const ok = ["grpc-status", "0"];
const good: Reply = { headers: type("application/grpc+proto"), body: message, trailers: ok };

async function sent(options: Partial<TransportOptions> = {}, call: CallOptions = {}): Promise<Heard> {
  await using server = await rawServer("2");
  server.act =
    options.codec === "json"
      ? { headers: type("application/grpc+json"), body: envelope(0, "{}"), trailers: ok }
      : good;
  await clientOf(server, { protocol: "grpc", ...options }).greet({ name: "Ada" }, call);
  return server.request(0);
}

test("§4.1 HTTP/2 only: without another word the client speaks it, and with HTTP/1.1 it does not call", async () => {
  await using server = await rawServer("2");
  server.act = good;
  const client = clientOf(server, { protocol: "grpc", httpVersion: undefined });
  expect((await greetOnce(client)).code).toBe("ok");
  await using old = await rawServer("1.1");
  const ended = await greetOnce(clientOf(old, { protocol: "grpc", httpVersion: "1.1" }));
  expect(ended.message).toContain("gRPC needs HTTP/2");
  expect(old.connections).toBe(0);
});

test("§4.2 the content type names the codec; a response's that does not means proto", async () => {
  const binary = await sent();
  expect([binary.method, binary.target, binary.field("content-type"), binary.body]).toEqual([
    "POST",
    greet,
    "application/grpc+proto",
    envelope(0, greeting("Ada")),
  ]);
  const text = await sent({ codec: "json" });
  expect([text.field("content-type"), text.body]).toEqual([
    "application/grpc+json",
    envelope(0, '{"name":"Ada"}'),
  ]);
  await using server = await rawServer("2");
  server.act = { ...good, headers: type("application/grpc") };
  expect((await greetOnce(clientOf(server, { protocol: "grpc" }))).code).toBe("ok");
});

test("§4.3 the client sends te: trailers, and no trailers", async () => {
  const request = await sent();
  expect([request.field("te"), request.trailers]).toEqual(["trailers", null]);
});

test("§4.2 each kind of call is one request, streams of no messages too", async () => {
  await using server = await rawServer("2");
  server.act = { headers: type("application/grpc"), body: envelope(0, Buffer.from([8, 2])), trailers: ok };
  const client = clientOf(server, { protocol: "grpc" });
  expect((await client.collect([{ name: "Ada" }, {}])).count).toBe(2n);
  await client.collect([]);
  server.act = { headers: type("application/grpc"), body: Buffer.alloc(0), trailers: ok };
  expect(await client.chat([]).receive()).toBeUndefined();
  expect(await watchAll(client)).toMatchObject({ code: "ok", got: [] });
  expect(server.heard.map(({ state, target, body }) => [state, target, body.length])).toEqual([
    ["whole", collect, 15],
    ["whole", collect, 0],
    ["whole", chat, 0],
    ["whole", "/greet.v1.GreetService/Watch", 5],
  ]);
});

test.each([
  [60_000.7, /^(5\d{4}|6000[01])m$/],
  [99_999_999, /^9999\d{4}m$/],
  [99_999_999.5, /^(9999\d{4}m|100000S)$/],
  [100_000_001, /^(99999|10000[01])S$|^9999\d{4}m$/],
  [1e12, /^(1000000000|99999999\d|16666667|1666666[67])[SM]$/],
  [2 ** 53, /^99999999H$|^\d{8}[MH]$/],
  [Number.MAX_VALUE, /^99999999H$/],
])(
  "§4.6 a timeout of %d ms is sent in at most 8 digits, no fraction, clamped to the longest",
  async (ms, text) => {
    const value = (await sent({}, { timeoutMs: ms })).field("grpc-timeout") ?? "";
    expect(value).toMatch(text);
    expect(value).toMatch(/^\d{1,8}[HMSmun]$/);
    // Never less than was asked for, but for the clamped: rounding goes up.
    const unit = { H: 3_600_000, M: 60_000, S: 1000, m: 1 }[value.slice(-1)] as number;
    if (value !== "99999999H") expect(Number(value.slice(0, -1)) * unit).toBeGreaterThan(ms - 30_000);
  },
);

test("§4.6 without a timeout none is sent", async () => {
  for (const call of [{}, { timeoutMs: Infinity }])
    expect((await sent({}, call)).field("grpc-timeout")).toBeUndefined();
});

test("§4.7 a timeout past 2^31-1 ms does not pass at once", async () => {
  for (const timeoutMs of [2 ** 31 - 1, 2 ** 31, 2 ** 32 + 1, 1e15])
    expect((await sent({}, { timeoutMs })).state).toBe("whole");
});

test("§4.11 the trailers are the trailers, without what is the protocol's; duplicates in order", async () => {
  await using server = await rawServer("2");
  server.act = {
    headers: type("application/grpc", "a", "header"),
    body: message,
    trailers: [...ok, "grpc-message", "", "a", "1", "a", "2", "b-bin", "AQI="],
  };
  const reply = await clientOf(server, { protocol: "grpc" }).greet({}).withMetadata();
  expect([...reply.headers]).toEqual([["a", "header"]]);
  expect([...reply.trailers]).toEqual([
    ["a", "1"],
    ["a", "2"],
    ["b-bin", new Uint8Array([1, 2])],
  ]);
});

test("§4.12 trailers-only is an error before anything else, also for a stream, and also behind interim responses", async () => {
  await using server = await rawServer("2");
  const client = clientOf(server, { protocol: "grpc" });
  server.act = { headers: type("application/grpc", "grpc-status", "5", "grpc-message", "gone", "a", "b") };
  for (const run of [greetOnce, watchAll]) {
    const ended = await run(client);
    expect([ended.code, ended.message, ended.got]).toEqual(["not_found", "gone", []]);
    expect(ended.error?.metadata.get("a")).toBe("b");
  }
  server.act = (socket, stream) =>
    socket.write(
      Buffer.concat([
        headers(stream, false, ":status", "103", "grpc-status", "0"),
        headers(stream, true, ":status", "200", ...type("application/grpc", "grpc-status", "5")),
      ]),
    );
  expect((await greetOnce(client)).code).toBe("not_found");
});

test("§4.12 trailers-only is not mistaken for headers: nobody is told of any", async () => {
  await using server = await rawServer("2");
  server.act = { headers: type("application/grpc", "grpc-status", "5") };
  const replies = clientOf(server, { protocol: "grpc" }).watch({});
  await expect(replies.headers).rejects.toMatchObject({ code: "not_found" });
  await expect(replies.receive()).rejects.toMatchObject({ code: "not_found" });
});

test("§4.15 an end of the stream without anything is no success, and a reset behind the status takes nothing back", async () => {
  await using server = await rawServer("2");
  const client = clientOf(server, { protocol: "grpc" });
  server.act = (socket, stream) =>
    socket.write(
      Buffer.concat([
        headers(stream, false, ":status", "200", ...type("application/grpc")),
        data(stream, true, message),
      ]),
    );
  expect((await greetOnce(client)).code).toBe("unknown");
  server.act = (socket, stream) =>
    socket.write(
      Buffer.concat([
        headers(stream, false, ":status", "200", ...type("application/grpc")),
        data(stream, false, message),
        headers(stream, true, ...ok),
        reset(stream, 0),
      ]),
    );
  expect((await greetOnce(client)).code).toBe("ok");
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

  test.each(https)(
    "§4.8 grpc-encoding and grpc-accept-encoding, and not HTTP's own, over HTTP/%s",
    async (http) => {
      await using server = await rawServer(http);
      server.act = answer(message, ok);
      await greetOnce(clientOf(server, { protocol }));
      await greetOnce(
        clientOf(server, { protocol, compression: { send: "gzip", accept: ["br", "gzip"], minBytes: 0 } }),
      );
      await greetOnce(clientOf(server, { protocol, compression: { send: "gzip", minBytes: 1000 } }));
      const told = server.heard.map((one) => [
        one.field("grpc-encoding"),
        one.field("grpc-accept-encoding"),
        envelopes(one.body)[0]?.flags,
      ]);
      expect(told).toEqual([
        [undefined, "gzip,br,zstd,deflate", 0],
        ["gzip", "br,gzip", 1],
        ["gzip", "gzip,br,zstd,deflate", 0],
      ]);
      for (const one of server.heard) {
        expect(one.field("content-encoding")).toBeUndefined();
        expect(one.field("accept-encoding")).toBeUndefined();
      }
    },
  );

  test.each(https)(
    `§${isWeb ? "5.1" : "4.2"} messages may be split at every byte, over HTTP/%s`,
    async (http) => {
      await using server = await rawServer(http);
      const client = clientOf(server, { protocol });
      const body = Buffer.concat([message, envelope(0, ""), message]);
      const reply = answer(body, ok);
      const whole = Buffer.from(reply.body ?? "");
      for (let at = 1; at < whole.length; at++) {
        server.act = inPieces(http, reply, [whole.subarray(0, at), whole.subarray(at)]);
        expect([at, await watchAll(client)]).toMatchObject([at, { code: "ok", got: ["one", "", "one"] }]);
      }
    },
  );

  const rows: readonly Row[] = [
    ...framedRows(
      { unnamed: "4.10", reserved: "3.8", flags: isWeb ? [128] : [] },
      (body, encoding) => answer(body, isWeb ? undefined : ok, encoding),
      isWeb ? envelope(0x80, "grpc-status: 0\r\n") : Buffer.alloc(0),
    ),
    {
      name: "§4.8 a message, compressed or not as the server likes",
      reply: answer(envelope(1, gzipSync(greeting("one"))), ok, "gzip"),
      code: "ok",
      got: ["one"],
    },
    {
      name: "§4.8 a message that is not compressed, though a compression is named",
      reply: answer(message, ok, "gzip"),
      code: "ok",
      got: ["one"],
    },
    {
      name: "§4.11 an error behind a message",
      reply: answer(message, ["grpc-status", "10"]),
      code: "aborted",
    },
    {
      name: "§4.12 trailers-only",
      reply: { headers: type(media, "grpc-status", "10", "grpc-message", "a%20b") },
      code: "aborted",
      text: "a b",
    },
    {
      name: "§4.13 a status in the head, and a body behind it",
      reply: { headers: type(media, ...ok), body: message },
      code: isWeb ? "internal" : "unknown",
      text: /without a grpc-status/,
    },
    {
      name: "§4.13 a status in the head, and another at the end",
      reply: { ...answer(message, ["grpc-status", "10"]), headers: type(media, ...ok) },
      code: "aborted",
    },
    {
      name: "§4.13 an error in the head, and success at the end",
      reply: { ...answer(message, ok), headers: type(media, "grpc-status", "10") },
      code: "ok",
    },
    {
      name: "§4.14 trailers without a status",
      reply: answer(message, ["x", "y"]),
      code: "unknown",
      text: /without a grpc-status/,
    },
    {
      name: "§4.14 no trailers",
      reply: answer(message, undefined),
      code: isWeb ? "internal" : "unknown",
      text: /without a grpc-status/,
    },
    {
      name: "§4.15 HTTP 200 and nothing else",
      reply: { headers: type(media) },
      code: "unknown",
      text: /without a grpc-status/,
    },
    {
      name: "§4.16 success without a message",
      reply: answer(Buffer.alloc(0), ok),
      code: "unimplemented",
      text: "the response to /greet.v1.GreetService/Greet has no message: exactly one is required",
    },
    {
      name: "§4.16 success in trailers-only",
      reply: { headers: type(media, ...ok) },
      code: "unimplemented",
      text: /no message/,
    },
    ...(isWeb
      ? []
      : ([
          {
            name: "§4.13 a status in the head, an empty body, and trailers without one",
            reply: { headers: type(media, ...ok), body: Buffer.alloc(0), trailers: ["x", "y"] },
            code: "unknown",
          },
          {
            name: "§3.8 gRPC-Web's trailers in the body",
            reply: answer(Buffer.concat([message, envelope(0x80, "grpc-status: 0\r\n")]), ok),
            code: "internal",
            text: /0x80/,
          },
        ] satisfies Row[])),
    ...["", "-1", "17", "99999999999", "1.0", "0x0", "abc", "٠"].map((text): Row => ({
      name: `§4.14 grpc-status ${JSON.stringify(text)} is none`,
      reply: answer(message, ["grpc-status", Buffer.from(text).toString("latin1"), "grpc-message", "m"]),
      code: "unknown",
      text: /is no code: m$/,
    })),
    ...(
      [
        ["", ""],
        ["a%20b", "a b"],
        ["%", "%"],
        ["%4", "%4"],
        ["100%", "100%"],
        ["%zz%41", "%zzA"],
        ["%C3%28", "\uFFFD("],
        ["%e6%97%A5", "日"],
        ["%0D%0Ax", "\r\nx"],
        ["%%41", "%A"],
        ["\u00ff", undefined],
      ] as const
    ).map(([text, decoded]): Row => ({
      name: `§4.17 grpc-message ${JSON.stringify(text)}`,
      reply: answer(Buffer.alloc(0), ["grpc-status", "10", "grpc-message", text]),
      code: "aborted",
      ...(decoded === undefined ? {} : { text: decoded }),
    })),
    // Not base64; not a status; 5 instead of 10, with another message.
    ...["!", "A", "AAAA", "CAo=", "CAUSAXg", "//////////8"].map((text): Row => ({
      name: `§4.18 grpc-status-details-bin ${text}`,
      reply: answer(Buffer.alloc(0), [
        ...["grpc-status", "10", "grpc-message", "m"],
        ...["grpc-status-details-bin", text],
      ]),
      code: "aborted",
      text: "m",
    })),
    {
      name: "§4.19 HTTP 503 with a status of its own",
      reply: { status: 503, headers: type(media, "grpc-status", "10", "grpc-message", "m") },
      code: "aborted",
      text: "m",
    },
    {
      name: "§4.19 HTTP 503 with status 0",
      reply: { status: 503, headers: type(media, ...ok) },
      code: "unavailable",
    },
    {
      name: "§4.19 HTTP 403 without a status",
      reply: { status: 403, headers: type("text/html"), body: utf8("<h1>Forbidden</h1>") },
      code: "permission_denied",
    },
  ];
  table({ protocol, https, run: greetOnce, good: answer(message, ok) }, rows);

  test("§4.18 details that agree are the error's; those of a status that contradicts are not", async () => {
    await using server = await rawServer(https[0]);
    const client = clientOf(server, { protocol });
    const any = Buffer.concat([Buffer.from([0x0a, 8]), Buffer.from("x.io/a.B"), Buffer.from([0x12, 1, 7])]);
    const status = (code: number, ...text: number[]): string =>
      Buffer.concat([Buffer.from([8, code, ...text, 0x1a, any.length]), any]).toString("base64");
    const ask = async (packed: string): Promise<unknown> => {
      server.act = answer(Buffer.alloc(0), [
        "grpc-status",
        "10",
        "grpc-message",
        "m",
        "grpc-status-details-bin",
        packed,
      ]);
      return (await greetOnce(client)).error?.details;
    };
    const details = [{ type: "a.B", value: new Uint8Array([7]), typeUrlPrefix: "x.io/" }];
    expect(await ask(status(10, 0x12, 1, 0x6d))).toEqual(details);
    expect(await ask(status(10, 0x12, 1, 0x6d).replace(/=+$/, ""))).toEqual(details);
    expect(await ask(status(5, 0x12, 1, 0x6d))).toEqual([]);
  });
});
