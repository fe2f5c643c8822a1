// README.md, section 2, Connect GET: our server, asked by hand.
// Nothing to observe: §2.2, §2.5 to §2.7 and §2.12 say what a client does.
import { brotliCompressSync, deflateSync, gzipSync, gunzipSync, zstdCompressSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { notModified, RpcError } from "@millrace/node";
import { said } from "../support/answer.ts";
import type { Answer } from "../support/answer.ts";
import { greeting, longGreeting, utf8 } from "../support/bytes.ts";
import { greeter } from "../support/greeter.ts";
import { expectQuiet } from "../support/quiet.ts";
import { carriages, served } from "../support/served.ts";
import type { Served } from "../support/served.ts";
import { chat, collect, greet, watch } from "../support/wires.ts";

expectQuiet();

/** {"name":"Ada"} */
const ada = "%7B%22name%22%3A%22Ada%22%7D";
const query = `connect=v1&encoding=json&message=${ada}`;
const limit = 1000;

describe.each(carriages)("$name", (carriage) => {
  let server: Served;
  beforeAll(async () => {
    server = await served(carriage, greeter({}, { maxReceiveBytes: limit }));
  });
  afterAll(() => server[Symbol.asyncDispose]());

  function get(query: string, headers: readonly string[] = [], on = server): Promise<Answer> {
    return on.ask({ method: "GET", path: `${greet}?${query}`, headers });
  }

  const binary = (bytes: Uint8Array, ...more: string[]): string =>
    [
      "connect=v1",
      "base64=1",
      ...more,
      "encoding=proto",
      `message=${Buffer.from(bytes).toString("base64url")}`,
    ].join("&");

  test("§2.1 a method without side effects is called by GET", async () => {
    const answer = await get(query);
    expect([answer.status, answer.headers.get("content-type"), answer.body.toString()]).toEqual([
      200,
      "application/json",
      '{"greeting":"Hello, Ada!"}',
    ]);
    const proto = await get(binary(greeting("Ada")));
    expect([proto.status, proto.headers.get("content-type"), proto.body]).toEqual([
      200,
      "application/proto",
      greeting("Hello, Ada!"),
    ]);
  });

  test.each([watch, collect, chat])("§2.1 %s is not: 405", async (path) => {
    const answer = await server.ask({ method: "GET", path: `${path}?${query}`, headers: [] });
    expect([answer.status, answer.headers.get("allow")]).toEqual([405, "POST"]);
  });

  test("§2.3 parameters come in any order, unknown ones and repetitions are passed over", async () => {
    const queries = [
      `x&message=${ada}&=&encoding=json&__proto__=1&connect=v1&message=2`,
      `encoding=json&message=${ada}`,
      `message=${ada}&base64=0&compression=identity&encoding=json`,
      `compression=&message=${ada.replaceAll("%22", '"')}&encoding=json`,
    ];
    for (const one of queries)
      expect([one, (await get(one)).body.toString()]).toEqual([one, '{"greeting":"Hello, Ada!"}']);
  });

  test("§2.3 a plus is a blank, as forms write it", async () => {
    const answer = await get("encoding=json&message=%7B%22name%22:+%22A+b%2Bc%22%7D");
    expect(answer.body.toString()).toBe('{"greeting":"Hello, A b+c!"}');
  });

  test.each([
    ["", 400, "invalid_argument", '"encoding"'],
    ["connect=v1&message=%7B%7D", 400, "invalid_argument", '"encoding"'],
    ["connect=v1&encoding=json", 400, "invalid_argument", '"message"'],
    ["connect=v2&encoding=json&message=%7B%7D", 400, "invalid_argument", 'connect="v2"'],
    ["connect=v1&encoding=json&message=%7", 400, "invalid_argument", '"message"'],
    ["connect=v1&encoding=json&message=%C3%28", 400, "invalid_argument", '"message"'],
    ["connect=v1&encoding=proto&base64=1&message=%21%21", 400, "invalid_argument", "base64"],
    ["connect=v1&encoding=proto&base64=1&message=A", 400, "invalid_argument", "base64"],
    ["connect=v1&encoding=proto&base64=1&message=Cv8", 400, "invalid_argument", "greet.v1.GreetRequest"],
    ["connect=v1&encoding=json&message=", 400, "invalid_argument", "greet.v1.GreetRequest"],
    ["connect=v1&encoding=json&message=%5B%5D", 400, "invalid_argument", "greet.v1.GreetRequest"],
    ["connect=v1&encoding=proto&compression=lz4&base64=1&message=", 501, "unimplemented", '"lz4"'],
    ["connect=v1&encoding=proto&compression=gzip&base64=1&message=AAAA", 400, "invalid_argument", "gzip"],
  ] as const)(
    "§2.3 the query %s is answered with %i and %s, saying why",
    async (query, status, code, text) => {
      const answer = await get(query);
      expect([answer.status, said(answer).code]).toEqual([status, code]);
      expect(said(answer).message).toContain(text);
    },
  );

  test("§2.4 base64 is URL-safe, padded or not, and of the other alphabet too", async () => {
    // Its base64 has both characters that the alphabets differ in.
    const bytes = greeting("~~~???>>>");
    const safe = Buffer.from(bytes).toString("base64url");
    const plain = Buffer.from(bytes).toString("base64");
    expect([/[-_]/.test(safe), plain.endsWith("=")]).toEqual([true, true]);
    const padded = `${safe}${"=".repeat((4 - (safe.length % 4)) % 4)}`;
    for (const text of [safe, padded, encodeURIComponent(padded), encodeURIComponent(plain)]) {
      const answer = await get(`connect=v1&base64=1&encoding=proto&message=${text}`);
      expect([text, answer.body]).toEqual([text, greeting("Hello, ~~~???>>>!")]);
    }
  });

  const packers = [
    ["gzip", gzipSync],
    ["deflate", deflateSync],
    ["br", brotliCompressSync],
    ["zstd", zstdCompressSync],
  ] as const;
  test.each(packers.filter(([name]) => carriage.compressions.includes(name)))(
    "§2.4 a message compressed with %s is read, and a bomb is refused at the limit",
    async (name, pack) => {
      const answer = await get(binary(pack(greeting("Ada")), `compression=${name}`));
      expect(answer.body).toEqual(greeting("Hello, Ada!"));
      const atLimit = await get(binary(pack(longGreeting(limit - 3)), `compression=${name}`));
      expect(atLimit.status).toBe(200);
      const bomb = await get(binary(pack(longGreeting(limit - 2)), `compression=${name}`));
      expect([bomb.status, said(bomb).code]).toEqual([429, "resource_exhausted"]);
    },
  );

  test("§2.7 connect=v1 is what the demand for a version asks of a GET", async () => {
    await using strict = await served(carriage, greeter({}, { requireConnectProtocolHeader: true }));
    expect((await get(query, [], strict)).status).toBe(200);
    const without = await get(query.replace("connect=v1&", ""), [], strict);
    expect([without.status, said(without).message]).toEqual([400, "the query lacks connect=v1"]);
  });

  test("§2.8 the timeout is a header, and enforced", async () => {
    await using stands = await served(carriage, greeter({ greet: () => new Promise(() => {}) }));
    const answer = await get(query, ["connect-timeout-ms", "20"], stands);
    expect([answer.status, said(answer).code]).toEqual([504, "deadline_exceeded"]);
  });

  test("§2.9 an unknown codec in the query is answered with 415", async () => {
    const answer = await get("connect=v1&encoding=yaml&message=");
    expect(answer.status).toBe(415);
    expect(answer.headers.get("accept-post")).toContain("application/json");
  });

  test("§2.10 a body on a GET is answered with 415, announced or not; none is none", async () => {
    const path = `${greet}?${query}`;
    for (const headers of carriage.http === "2" ? [["content-length", "2"], []] : [[]]) {
      const answer = await server.ask({ method: "GET", path, headers, body: utf8("{}") });
      expect(answer.status).toBe(415);
    }
    const chunked = server.begin({ method: "GET", path, headers: [] }).send(utf8("{}")).end();
    expect((await chunked.answer()).status).toBe(415);
    const nothing = await server.ask({ method: "GET", path, headers: [], body: utf8("") });
    expect(nothing.status).toBe(200);
  });

  test("§2.11 the response varies by accept-encoding, also when it is an error", async () => {
    await using packs = await served(
      carriage,
      greeter(
        {
          greet(request) {
            if (request.name === "") throw new RpcError("not_found", "");
            return { greeting: request.name };
          },
        },
        { compression: { send: "gzip", minBytes: 0 } },
      ),
    );
    const plain = await get(query, [], packs);
    expect([plain.headers.get("vary"), plain.headers.get("content-encoding")]).toEqual([
      "accept-encoding",
      undefined,
    ]);
    const packed = await get(query, ["accept-encoding", "gzip"], packs);
    expect([packed.headers.get("vary"), gunzipSync(packed.body).toString()]).toEqual([
      "accept-encoding",
      '{"greeting":"Ada"}',
    ]);
    const error = await get("encoding=json&message=%7B%7D", [], packs);
    expect([error.status, error.headers.get("vary")]).toEqual([404, "accept-encoding"]);
  });

  test("§2.13 a handler may answer a GET, and nothing else, with 304", async () => {
    await using cached = await served(
      carriage,
      greeter({
        greet: () => {
          throw notModified({ etag: '"1"' });
        },
      }),
    );
    const answer = await get(query, ["if-none-match", '"1"'], cached);
    expect([
      answer.status,
      answer.headers.get("etag"),
      answer.headers.get("vary"),
      answer.body.length,
    ]).toEqual([304, '"1"', "accept-encoding", 0]);
    const post = await cached.ask({
      path: greet,
      headers: ["content-type", "application/json"],
      body: utf8("{}"),
    });
    expect([post.status, said(post).code]).toEqual([500, "unknown"]);
  });
});
