// README.md, section 1, Connect unary by POST: our client, answered by hand.
// Nothing to observe: §1.4 to §1.6, §1.8 and §1.11 are the server's; what the client makes of their statuses is §6.2.
// Our client refuses a 200 in another content type than its request's (§1.23): that is §6.9.
import { gzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import type { CallOptions, TransportOptions } from "@millrace/node";
import { greeting, utf8 } from "../support/bytes.ts";
import { clientOf, greetOnce } from "../support/our-client.ts";
import { expectQuiet } from "../support/quiet.ts";
import { rawServer } from "../support/raw-server.ts";
import type { Heard } from "../support/raw-server.ts";
import type { Reply } from "../support/reply.ts";
import { greet } from "../support/wires.ts";
import { table, type } from "../support/table.ts";
import type { Row } from "../support/table.ts";

expectQuiet();

const one = greeting("one");
const good: Reply = { headers: type("application/proto"), body: one };
const json = (status: number, body: string | Uint8Array, ...more: string[]): Reply => ({
  status,
  headers: type("application/json", ...more),
  body: typeof body === "string" ? utf8(body) : body,
});

describe.each(["1.1", "2"] as const)("over HTTP/%s", (http) => {
  /** The request that a call makes. */
  async function sent(options: Partial<TransportOptions> = {}, call: CallOptions = {}): Promise<Heard> {
    await using server = await rawServer(http);
    server.act = options.codec === "json" ? json(200, "{}") : good;
    await clientOf(server, options).greet({ name: "Ada" }, call);
    return server.request(0);
  }

  test("§1.1 the path is [prefix]/pkg.Service/Method", async () => {
    expect(await sent()).toMatchObject({ method: "POST", target: greet });
    await using server = await rawServer(http);
    server.act = good;
    await clientOf(server, { baseUrl: `${server.url}/some/where/` }).greet({});
    expect((await server.request(0)).target).toBe(`/some/where${greet}`);
  });

  test("§1.2 application/proto and application/json are the message alone", async () => {
    const binary = await sent();
    expect([binary.field("content-type"), binary.body]).toEqual(["application/proto", greeting("Ada")]);
    const text = await sent({ codec: "json" });
    expect([text.field("content-type"), text.body.toString()]).toEqual([
      "application/json",
      '{"name":"Ada"}',
    ]);
  });

  test("§1.3 a response's content type may have a charset", async () => {
    await using server = await rawServer(http);
    server.act = { headers: type("application/json; charset=utf-8"), body: utf8('{"greeting":"one"}') };
    expect(await greetOnce(clientOf(server, { codec: "json" }))).toMatchObject({ code: "ok", got: ["one"] });
  });

  test("§1.7 the client sends connect-protocol-version: 1", async () => {
    expect((await sent()).field("connect-protocol-version")).toBe("1");
  });

  test.each([
    [60_000.001, /^(5\d{4}|6000[01])$/],
    [60_000.999, /^(5\d{4}|6000[01])$/],
    [1e12, /^9999999999$/],
    [Number.MAX_VALUE, /^9999999999$/],
  ])(
    "§1.9 a timeout of %s ms is sent as a positive integer of at most 10 digits",
    async (timeoutMs, text) => {
      expect((await sent({}, { timeoutMs })).field("connect-timeout-ms")).toMatch(text);
    },
  );

  test("§1.10 without a timeout none is sent", async () => {
    for (const call of [{}, { timeoutMs: Infinity }])
      expect((await sent({}, call)).field("connect-timeout-ms")).toBeUndefined();
  });

  test("§1.12 what is not compressed has no content-encoding; what is compressed names it", async () => {
    expect((await sent()).field("content-encoding")).toBeUndefined();
    expect((await sent({ compression: { send: "gzip" } })).field("content-encoding")).toBeUndefined();
    const packed = await sent({ compression: { send: "gzip", minBytes: 0 } });
    expect([packed.field("content-encoding"), packed.body.subarray(0, 2)]).toEqual([
      "gzip",
      Buffer.from([0x1f, 0x8b]),
    ]);
  });

  test("§1.15 identity is accepted without being listed", async () => {
    await using server = await rawServer(http);
    const client = clientOf(server, { compression: { accept: ["br"] } });
    for (const encoding of [[], ["content-encoding", "identity"]]) {
      server.act = { headers: type("application/proto", ...encoding), body: one };
      expect(await greetOnce(client)).toMatchObject({ code: "ok", got: ["one"] });
    }
    expect((await server.request(0)).field("accept-encoding")).toBe("br");
  });

  test("§1.16 accept-encoding is an ordered list without q-values", async () => {
    expect((await sent()).field("accept-encoding")).toBe("gzip, br, zstd, deflate");
    const some = await sent({ compression: { accept: ["zstd", "gzip"] } });
    expect(some.field("accept-encoding")).toBe("zstd, gzip");
    const none = await sent({ compression: { accept: [] } });
    expect(["identity", undefined]).toContain(none.field("accept-encoding"));
  });

  test("§1.18 a proto body of no bytes is an empty message, sent and received", async () => {
    await using server = await rawServer(http);
    server.act = { headers: type("application/proto"), body: Buffer.alloc(0) };
    expect((await clientOf(server).greet({})).greeting).toBe("");
    const request = await server.request(0);
    expect([request.state, request.body.length]).toEqual(["whole", 0]);
  });

  test("§1.19 a JSON body of no bytes is an error", async () => {
    await using server = await rawServer(http);
    server.act = json(200, "");
    expect((await greetOnce(clientOf(server, { codec: "json" }))).code).toBe("internal");
  });

  test("§1.20 values under keys that end in -bin are sent as unpadded base64", async () => {
    const bytes = { "one-bin": new Uint8Array([1]), "two-bin": new Uint8Array([0xfb, 0xff]) };
    const request = await sent({}, { headers: bytes });
    expect([request.field("one-bin"), request.field("two-bin")]).toEqual(["AQ", "+/8"]);
  });

  test("§1.21 values under -bin keys come padded, unpadded, and in lists", async () => {
    await using server = await rawServer(http);
    const client = clientOf(server);
    for (const fields of [
      ["a-bin", "AQI=,Aw"],
      ["a-bin", "AQI, Aw=="],
      ["a-bin", "AQI", "a-bin", "Aw=="],
    ]) {
      server.act = { headers: type("application/proto", ...fields), body: one };
      const { headers } = await client.greet({}).withMetadata();
      expect([...headers].filter(([name]) => name === "a-bin")).toEqual([
        ["a-bin", new Uint8Array([1, 2])],
        ["a-bin", new Uint8Array([3])],
      ]);
    }
  });

  test("§1.22 keys that start with connect- are no metadata", async () => {
    await using server = await rawServer(http);
    server.act = { headers: type("application/proto", "connect-thing", "1", "thing", "1"), body: one };
    const { headers, trailers } = await clientOf(server).greet({}).withMetadata();
    expect([headers.has("connect-thing"), headers.get("thing"), [...trailers]]).toEqual([false, "1", []]);
  });

  test("§1.24 trailer-* headers are trailers, without their prefix, and no headers", async () => {
    await using server = await rawServer(http);
    const fields = ["a", "header", "trailer-a", "one", "Trailer-A", "two"];
    const inCase = http === "2" ? fields.map((text) => text.toLowerCase()) : fields;
    server.act = { headers: type("application/proto", ...inCase), body: one };
    const { headers, trailers } = await clientOf(server).greet({}).withMetadata();
    expect([headers.getAll("a"), headers.has("trailer-a"), trailers.getAll("a")]).toEqual([
      ["header"],
      false,
      ["one", "two"],
    ]);
  });

  test("§1.25 an error that the server reported is told from one that arose here", async () => {
    await using server = await rawServer(http);
    const client = clientOf(server);
    server.act = json(503, '{"code":"aborted"}');
    expect((await greetOnce(client)).error?.isRemote).toBe(true);
    server.act = { status: 503, headers: type("text/html"), body: utf8("<h1>Bad Gateway</h1>") };
    expect((await greetOnce(client)).error?.isRemote).toBe(false);
  });
});

const rows: readonly Row[] = [
  {
    name: "§1.12 a response without content-encoding, though it begins like gzip",
    reply: { headers: type("application/proto"), body: gzipSync(one) },
    code: "internal",
    text: /cannot decode/,
  },
  {
    name: "§1.12 a response that is compressed with what was offered",
    reply: { headers: type("application/proto", "content-encoding", "gzip"), body: gzipSync(one) },
    code: "ok",
    got: ["one"],
  },
  {
    name: "§1.17 no bytes, said to be compressed",
    reply: { headers: type("application/proto", "content-encoding", "gzip"), body: Buffer.alloc(0) },
    code: "ok",
    got: [""],
  },
  {
    name: "§1.17 no bytes of an error, said to be compressed",
    reply: json(503, "", "content-encoding", "gzip"),
    code: "unavailable",
  },
  {
    name: "§1.25 an error",
    reply: json(404, '{"code":"not_found","message":"no such name"}'),
    code: "not_found",
    text: "no such name",
  },
  { name: "§1.25 an error's JSON with 200", reply: json(200, '{"code":"aborted"}'), code: "internal" },
  {
    name: "§1.26 a compressed error",
    reply: json(503, gzipSync('{"code":"aborted"}'), "content-encoding", "gzip"),
    code: "aborted",
  },
  {
    name: "§1.26 a compressed error that is not compressed",
    reply: json(503, "{}", "content-encoding", "gzip"),
    code: "internal",
    text: /gzip/,
    byFetch: false,
  },
  {
    name: "§1.26 an error in a compression that was not asked for",
    reply: json(503, "{}", "content-encoding", "lz4"),
    code: "internal",
    text: /"lz4"/,
  },
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
    name: `§1.27 error body ${JSON.stringify(body).slice(0, 40)} with 503`,
    reply: json(503, Buffer.from(body, "latin1")),
    code: "unavailable",
  })),
  {
    name: "§1.27 a code that the status contradicts",
    reply: json(503, '{"code":"aborted","message":"m"}'),
    code: "aborted",
    text: "m",
  },
  {
    name: "§1.28 a message beside an unknown code",
    reply: json(503, '{"code":"nope","message":"busy"}'),
    code: "unavailable",
    text: "busy",
  },
  {
    name: "§1.28 a message beside no code",
    reply: json(503, '{"message":"busy"}'),
    code: "unavailable",
    text: "busy",
  },
  {
    name: "§1.28 a message that is no text",
    reply: json(500, '{"code":"aborted","message":{"a":1}}'),
    code: "aborted",
  },
  {
    name: "§1.29 keys that nobody knows",
    reply: json(500, '{"code":"aborted","__proto__":{"code":"internal"},"constructor":1}'),
    code: "aborted",
  },
  {
    name: "§1.29 details that are no list",
    reply: json(500, '{"code":"aborted","details":{"0":1,"length":1e9}}'),
    code: "aborted",
  },
];
table({ protocol: "connect", https: ["1.1", "2"], run: greetOnce, good }, rows);

test.each(["", ',"debug":null', ',"debug":[[]]', ',"debug":{"@type":"a.B","x":1}', ',"debug":"garbage"'])(
  "§1.29 a detail is its type and value, whatever %j says",
  async (debug) => {
    await using server = await rawServer("1.1");
    server.act = json(
      500,
      `{"code":"aborted","details":[null,5,{},{"type":5},{"type":"a.B","value":"!"},{"type":"a.B","value":"AA"${debug}}]}`,
    );
    const { error } = await greetOnce(clientOf(server));
    expect(error?.details).toEqual([{ type: "a.B", value: new Uint8Array(1) }]);
  },
);
