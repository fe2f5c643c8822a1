// README.md, section 1, Connect unary by POST: our server, asked by hand.
// Nothing to observe: §1.11 "may clamp it" and §1.26 are permissions that our server does not use.
import { brotliDecompressSync, brotliCompressSync, deflateSync, gunzipSync, inflateSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { RpcError } from "@millrace/node";
import { said } from "../support/answer.ts";
import type { Answer } from "../support/answer.ts";
import { greeting, utf8 } from "../support/bytes.ts";
import { greeter } from "../support/greeter.ts";
import { expectQuiet } from "../support/quiet.ts";
import { carriages, served } from "../support/served.ts";
import type { Served } from "../support/served.ts";
import { goodBody, greet, watch, wires } from "../support/wires.ts";

expectQuiet();

const json = ["content-type", "application/json"];
const proto = ["content-type", "application/proto"];

describe.each(carriages)("$name", (carriage) => {
  /** A compression beside gzip. */
  const other = carriage.byFetch ? "deflate" : "br";
  const supported = carriage.compressions.join(",");
  let server: Served;
  /** What the handler was asked for is what it tells. */
  let tells: Served;
  let packs: Served;
  beforeAll(async () => {
    server = await served(carriage, greeter());
    tells = await served(
      carriage,
      greeter({
        greet(_request, call) {
          const seen: Record<string, unknown> = {};
          for (const [name, value] of call.requestHeaders)
            seen[name] = typeof value === "string" ? value : [...value];
          return { greeting: JSON.stringify({ seen, endless: call.remainingMs === Infinity }) };
        },
      }),
    );
    packs = await served(carriage, greeter({}, { compression: { send: ["gzip", other], minBytes: 0 } }));
  });
  afterAll(async () => {
    for (const one of [server, tells, packs]) await one[Symbol.asyncDispose]();
  });

  function post(headers: readonly string[], body: Uint8Array | string = "{}", path = greet): Promise<Answer> {
    return server.ask({ path, headers, body: typeof body === "string" ? utf8(body) : body });
  }

  async function told(...headers: string[]): Promise<{ seen: Record<string, unknown>; endless: boolean }> {
    const answer = await tells.ask({ path: greet, headers: [...json, ...headers], body: utf8("{}") });
    const { greeting: text } = JSON.parse(answer.body.toString()) as { greeting: string };
    return JSON.parse(text) as Awaited<ReturnType<typeof told>>;
  }

  test("§1.1 the path is [prefix]/pkg.Service/Method, case-sensitive", async () => {
    await using prefixed = await served(carriage, greeter({}, { pathPrefix: "/some/where" }));
    const statusOf = async (path: string): Promise<number> =>
      (await prefixed.ask({ path, headers: json, body: utf8("{}") })).status;
    expect(await statusOf("/some/where/greet.v1.GreetService/Greet")).toBe(200);
    expect(await statusOf("/greet.v1.GreetService/Greet")).toBe(404);
    expect(await statusOf("/Some/where/greet.v1.GreetService/Greet")).toBe(404);
    expect(await statusOf("/some/where/greet.v1.greetService/Greet")).toBe(404);
    expect(await statusOf("/some/where/greet.v1.GreetService/greet")).toBe(404);
  });

  test("§1.2 application/proto and application/json are the message alone", async () => {
    expect((await post(proto, greeting("Ada"))).body).toEqual(greeting("Hello, Ada!"));
    expect((await post(json, '{"name":"Ada"}')).body.toString()).toBe('{"greeting":"Hello, Ada!"}');
  });

  test.each(["application/json; charset=utf-8", "application/json;charset=UTF-8", "Application/JSON"])(
    "§1.3 content type %j is JSON",
    async (type) => {
      const answer = await post(["content-type", type], '{"name":"Ada"}');
      expect([answer.status, answer.body.toString()]).toEqual([200, '{"greeting":"Hello, Ada!"}']);
    },
  );

  test.each([
    "text/plain",
    "application/yaml",
    "application/connect+json",
    "application/grpc+thrift",
    "application/xml",
    "application/x-www-form-urlencoded",
    "",
    "/",
    ";",
  ])("§1.4 content type %j is answered with 415, and Accept-Post lists what is taken", async (type) => {
    const answer = await post(["content-type", type]);
    expect(answer.status).toBe(415);
    const takes = answer.headers.get("accept-post")?.split(", ") ?? [];
    expect(takes).toEqual(
      expect.arrayContaining([
        "application/proto",
        "application/json",
        ...(carriage.byFetch ? [] : ["application/grpc+proto"]),
        "application/grpc-web+json",
      ]),
    );
    expect(takes).not.toContain("application/connect+proto");
  });

  test("§1.4 no content type is answered with 415", async () => {
    expect((await post([])).status).toBe(415);
  });

  test.each(["PUT", "DELETE", "PATCH", "OPTIONS", "PROPFIND"])(
    "§1.5 %s is answered with 405, and Allow says what is allowed",
    async (method) => {
      const answer = await server.ask({ method, path: greet, headers: json });
      expect([answer.status, answer.headers.get("allow")]).toEqual([405, "GET, POST"]);
      const stream = await server.ask({ method, path: watch, headers: json });
      expect([stream.status, stream.headers.get("allow")]).toEqual([405, "POST"]);
    },
  );

  test("§1.6 an unknown path is answered with 404; an unknown method of a known service too, with the error", async () => {
    for (const path of ["/", "/nothing", "/greet.v1.GreetService", "/greet.v1.OtherService/Greet"])
      expect([path, (await post(json, "{}", path)).status]).toEqual([path, 404]);
    const answer = await post(json, "{}", "/greet.v1.GreetService/Nothing");
    expect([answer.status, answer.headers.get("content-type")]).toEqual([404, "application/json"]);
    expect(said(answer).code).toBe("unimplemented");
  });

  test("§1.8 connect-protocol-version may be left out, unless the server demands it: then 400", async () => {
    expect((await post(json)).status).toBe(200);
    expect((await post([...json, "connect-protocol-version", "1"])).status).toBe(200);
    await using strict = await served(carriage, greeter({}, { requireConnectProtocolHeader: true }));
    const without = await strict.ask({ path: greet, headers: json, body: utf8("{}") });
    expect(without.status).toBe(400);
    expect(said(without)).toMatchObject({
      code: "invalid_argument",
      message: "the request lacks connect-protocol-version: 1",
    });
    const headers = [...json, "connect-protocol-version", "1"];
    expect((await strict.ask({ path: greet, headers, body: utf8("{}") })).status).toBe(200);
  });

  test.each(["2", "", "1, 1", "one"])("§1.8 connect-protocol-version %j is 400, by name", async (version) => {
    const answer = await post([...json, "connect-protocol-version", version]);
    expect(answer.status).toBe(400);
    expect(said(answer)).toMatchObject({
      code: "invalid_argument",
      message: `connect-protocol-version ${JSON.stringify(version)} is not 1`,
    });
  });

  describe.each(wires.filter((wire) => wire.timeout === "connect-timeout-ms"))("$name", (wire) => {
    const ask = async (timeout: string): Promise<ReturnType<typeof said>> => {
      const headers = ["content-type", wire.proto, wire.timeout, timeout];
      return said(await server.ask({ path: wire.path, headers, body: goodBody(wire) }));
    };

    test.each(["", "-1", "1.5", "12345678901", "1s", "1e3", "0x10", "NaN", "Infinity", "1 0", "+5"])(
      "§1.9 connect-timeout-ms %j is no integer of at most 10 digits: invalid_argument, by name",
      async (value) => {
        const { code, message } = await ask(value);
        expect(code).toBe("invalid_argument");
        expect(message).toBe(
          `connect-timeout-ms ${JSON.stringify(value)} is malformed: it is at most ten digits`,
        );
      },
    );

    test("§1.9 connect-timeout-ms of 10 digits is a time like any other", async () => {
      expect((await ask("9999999999")).code).toBe("ok");
      expect((await ask("0000060000")).code).toBe("ok");
    });

    test("§1.9 connect-timeout-ms 0 has passed", async () => {
      expect((await ask("0")).code).toBe("deadline_exceeded");
    });
  });

  test("§1.10 without connect-timeout-ms there is no deadline", async () => {
    expect((await told()).endless).toBe(true);
    expect((await told("connect-timeout-ms", "60000")).endless).toBe(false);
  });

  test("§1.11 the server enforces connect-timeout-ms itself: 504, deadline_exceeded", async () => {
    await using stands = await served(carriage, greeter({ greet: () => new Promise(() => {}) }));
    const headers = [...json, "connect-timeout-ms", "20"];
    const answer = await stands.ask({ path: greet, headers, body: utf8("{}") });
    expect([answer.status, said(answer).code]).toEqual([504, "deadline_exceeded"]);
  });

  test("§1.12 without content-encoding the body is as it is, and so it is with identity", async () => {
    for (const headers of [
      proto,
      [...proto, "content-encoding", "identity"],
      [...proto, "content-encoding", ""],
    ])
      expect((await post(headers, greeting("Ada"))).body).toEqual(greeting("Hello, Ada!"));
  });

  test.each(["snappy", "compress", "gzip, br", "x", "__proto__"])(
    "§1.13 content-encoding %j is unimplemented, and what is supported is listed",
    async (name) => {
      const answer = await post([...proto, "content-encoding", name], greeting("Ada"));
      expect([answer.status, said(answer)]).toMatchObject([
        501,
        {
          code: "unimplemented",
          message: `compression ${JSON.stringify(name)} is not supported: use ${supported}`,
        },
      ]);
      expect(answer.headers.get("accept-encoding")).toBe(supported);
    },
  );

  /** How the response is compressed, which must be read as it says. */
  const pack = carriage.byFetch ? deflateSync : brotliCompressSync;
  async function packed(...headers: string[]): Promise<string | undefined> {
    const isPacked = headers[0] === "content-encoding";
    const body = isPacked ? pack(greeting("Ada")) : greeting("Ada");
    const answer = await packs.ask({ path: greet, headers: [...proto, ...headers], body });
    const encoding = answer.headers.get("content-encoding");
    const unpack =
      { gzip: gunzipSync, br: brotliDecompressSync, deflate: inflateSync }[encoding ?? ""] ??
      ((bytes: Buffer) => bytes);
    expect(unpack(answer.body)).toEqual(greeting("Hello, Ada!"));
    return encoding;
  }

  test("§1.14 without accept-encoding the client accepts what its request is compressed with", async () => {
    expect(await packed()).toBeUndefined();
    expect(await packed("content-encoding", other)).toBe(other);
    expect(await packed("content-encoding", other, "accept-encoding", "gzip")).toBe("gzip");
  });

  test("§1.15 identity is always accepted, and least preferred", async () => {
    expect(await packed("accept-encoding", "identity")).toBeUndefined();
    expect(await packed("accept-encoding", "lz4")).toBeUndefined();
    expect(await packed("accept-encoding", `identity, ${other}`)).toBe(other);
  });

  test("§1.16 accept-encoding is a list in the client's order", async () => {
    expect(await packed("accept-encoding", `${other}, gzip`)).toBe(other);
    expect(await packed("accept-encoding", `gzip, ${other}`)).toBe("gzip");
    expect(await packed("accept-encoding", `lz4,${other},gzip`)).toBe(other);
  });

  test("§1.16 q-values are tolerated; what has q=0 is not sent", async () => {
    expect(await packed("accept-encoding", `${other};q=1.0, gzip;q=0.5`)).toBe(other);
    expect(await packed("accept-encoding", `gzip;q=0, ${other}`)).toBe(other);
    expect(await packed("accept-encoding", "gzip; q=0.000")).toBeUndefined();
    for (const list of ["", ",,,", "nothing;q=0", "*;q=x", "gzip;q=0.5,,br", ",\t,"]) {
      const answer = await post([...json, "accept-encoding", list]);
      expect([list, answer.status]).toEqual([list, 200]);
    }
  });

  test("§1.17 a body of no bytes is not decompressed", async () => {
    const answer = await post([...proto, "content-encoding", "gzip"], "");
    expect([answer.status, answer.body]).toEqual([200, greeting("Hello, !")]);
  });

  test("§1.18 a proto body of no bytes is an empty message, received and sent", async () => {
    expect((await post(proto, "")).body).toEqual(greeting("Hello, !"));
    await using empty = await served(carriage, greeter({ greet: () => ({}) }));
    const answer = await empty.ask({ path: greet, headers: proto, body: utf8("") });
    expect([answer.status, answer.headers.get("content-type"), answer.body.length]).toEqual([
      200,
      "application/proto",
      0,
    ]);
  });

  test("§1.19 a JSON body of no bytes is an error", async () => {
    const answer = await post(json, "");
    expect([answer.status, said(answer).code]).toEqual([400, "invalid_argument"]);
  });

  test("§1.20 values under keys that end in -bin are sent as unpadded base64", async () => {
    await using server = await served(
      carriage,
      greeter({
        greet(_request, call) {
          call.responseHeaders.set("one-bin", new Uint8Array([1]));
          call.responseTrailers.set("two-bin", new Uint8Array([0xfb, 0xff]));
          return {};
        },
      }),
    );
    const { headers } = await server.ask({ path: greet, headers: json, body: utf8("{}") });
    expect([headers.get("one-bin"), headers.get("trailer-two-bin")]).toEqual(["AQ", "+/8"]);
  });

  test("§1.21 values under -bin keys come padded, unpadded, and in lists", async () => {
    for (const one of ["AQI", "AQI="])
      expect((await told("a-bin", one)).seen).toMatchObject({ "a-bin": [1, 2] });
    await using server = await served(
      carriage,
      greeter({
        greet: (_request, call) => ({
          greeting: [...call.requestHeaders]
            .filter(([name]) => name === "a-bin")
            .map(([, value]) => (value as Uint8Array).join("."))
            .join(" "),
        }),
      }),
    );
    for (const fields of [
      ["a-bin", "AQI=,Aw"],
      ["a-bin", "AQI, Aw=="],
      ["a-bin", "AQI", "a-bin", "Aw=="],
    ]) {
      const answer = await server.ask({ path: greet, headers: [...json, ...fields], body: utf8("{}") });
      expect(JSON.parse(answer.body.toString())).toEqual({ greeting: "1.2 3" });
    }
  });

  test.each(["!", "A", "AA=A", "%%%"])(
    "§1.21 the -bin value %j is not base64: an error for who reads it, by name, and for nobody else",
    async (bad) => {
      await using reads = await served(
        carriage,
        greeter({
          greet: (_request, call) => ({ greeting: String(call.requestHeaders.getBinary("token-bin")) }),
        }),
      );
      const headers = [...json, "token-bin", bad];
      expect(said(await reads.ask({ path: greet, headers, body: utf8("{}") }))).toMatchObject({
        code: "invalid_argument",
        message: `metadata "token-bin" is not base64: ${JSON.stringify(bad)}`,
      });
      expect((await post(headers)).status).toBe(200);
    },
  );

  test("§1.22 keys that start with connect- or trailer- are no metadata", async () => {
    const { seen } = await told("connect-thing", "1", "trailer-thing", "1", "thing", "1", "trailing", "1");
    expect(seen).toMatchObject({ thing: "1", trailing: "1" });
    expect(Object.keys(seen).filter((name) => /^(connect|trailer)-/.test(name))).toEqual([]);
  });

  test("§1.23 a 200 carries the request's content type", async () => {
    expect((await post(proto, "")).headers.get("content-type")).toBe("application/proto");
    expect((await post(json)).headers.get("content-type")).toBe("application/json");
  });

  test("§1.24 trailers travel as trailer-* headers, of an error too, and there are no HTTP trailers", async () => {
    await using server = await served(
      carriage,
      greeter({
        greet(request, call) {
          call.responseHeaders.set("a", "header");
          call.responseTrailers.set("a", "trailer").append("a", "again");
          if (request.name === "") throw new RpcError("aborted", "m");
          return {};
        },
      }),
    );
    for (const [body, status] of [
      ['{"name":"Ada"}', 200],
      ["{}", 409],
    ] as const) {
      const answer = await server.ask({ path: greet, headers: json, body: utf8(body) });
      expect([
        answer.status,
        answer.headers.get("a"),
        answer.headers.get("trailer-a"),
        answer.trailers,
      ]).toEqual([status, "header", "trailer, again", null]);
    }
  });

  test("§1.25 an error is not 200, and is JSON whatever the request's type", async () => {
    await using server = await served(
      carriage,
      greeter({
        greet: () => {
          throw new RpcError("not_found", "nobody is called so");
        },
      }),
    );
    for (const headers of [proto, json]) {
      const answer = await server.ask({ path: greet, headers, body: utf8(headers === json ? "{}" : "") });
      expect([answer.status, answer.headers.get("content-type"), JSON.parse(answer.body.toString())]).toEqual(
        [404, "application/json", { code: "not_found", message: "nobody is called so" }],
      );
    }
  });
});
