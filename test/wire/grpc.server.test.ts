// README.md, section 4, gRPC: our server, asked by hand.
// Nothing to observe: §4.6, §4.13 to §4.16 and §4.19 are the client's.
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { RpcError } from "@millrace/node";
import { said } from "../support/answer.ts";
import type { Answer } from "../support/answer.ts";
import { envelope, envelopes, greeting, utf8 } from "../support/bytes.ts";
import { END_STREAM, HEADERS } from "../support/frames.ts";
import { greeter } from "../support/greeter.ts";
import { expectQuiet } from "../support/quiet.ts";
import { RawHttp2 } from "../support/raw-http2.ts";
import { carriages, served } from "../support/served.ts";
import type { Served } from "../support/served.ts";
import { chat, collect, goodBody, greet, watch, wires } from "../support/wires.ts";

expectQuiet();

const type = (value: string): string[] => ["content-type", value, "te", "trailers"];
const proto = type("application/grpc+proto");
const ada = envelope(0, greeting("Ada"));

/** Types without gRPC's among them. */
const notGrpc = expect.not.stringMatching(/application\/grpc[,+]/) as string;

describe.each(carriages.filter(({ http }) => http === "1.1"))("$name", (carriage) => {
  test.each([greet, watch, collect, chat])(
    "§4.1 gRPC needs HTTP/2: %s is answered with 505; over fetch there is no gRPC, and it is 415",
    async (path) => {
      await using server = await served(carriage, greeter());
      for (const value of ["application/grpc", "application/grpc+proto", "application/grpc+json"]) {
        const { status, headers } = await server.ask({ path, headers: type(value), body: ada });
        if (carriage.byFetch) expect([status, headers.get("accept-post")]).toEqual([415, notGrpc]);
        else expect([status, headers.get("connection")]).toEqual([505, "close"]);
      }
    },
  );
});

describe.each(carriages.filter(({ http }) => http === "2"))("$name", (carriage) => {
  let server: Served;
  let fails: Served;
  beforeAll(async () => {
    server = await served(carriage, greeter({}, { compression: { send: ["gzip", "br"], minBytes: 6 } }));
    fails = await served(
      carriage,
      greeter({
        greet: (request, call) => {
          call.responseTrailers.append("a", "1").append("a", "2");
          throw new RpcError("aborted", request.name);
        },
        async *watch() {
          yield { greeting: "one" };
          throw new RpcError("aborted", "enough");
        },
      }),
    );
  });
  afterAll(async () => {
    for (const one of [server, fails]) await one[Symbol.asyncDispose]();
  });

  function post(path: string, headers: readonly string[], body: Uint8Array, on = server): Promise<Answer> {
    return on.ask({ path, headers, body });
  }

  test("§4.1 by POST alone: 405", async () => {
    const answer = await server.ask({ method: "PUT", path: watch, headers: proto });
    expect([answer.status, answer.headers.get("allow")]).toEqual([405, "POST"]);
  });

  test.each([
    ["application/grpc", ada, greeting("Hello, Ada!")],
    ["application/grpc+proto", ada, greeting("Hello, Ada!")],
    ["application/grpc+json", envelope(0, '{"name":"Ada"}'), utf8('{"greeting":"Hello, Ada!"}')],
    [
      "Application/gRPC+JSON; charset=utf-8",
      envelope(0, '{"name":"Ada"}'),
      utf8('{"greeting":"Hello, Ada!"}'),
    ],
  ])("§4.2 %s is answered in kind: without a codec it is proto", async (value, body, reply) => {
    const answer = await post(greet, type(value), body);
    expect([answer.status, answer.headers.get("content-type")]).toEqual([
      200,
      value.toLowerCase().replace(/;.*/, ""),
    ]);
    expect(said(answer)).toMatchObject({ code: "ok", messages: [reply] });
  });

  test("§4.2 each kind of call is answered, streams of no messages too", async () => {
    expect(said(await post(collect, proto, Buffer.concat([ada, ada]))).messages).toEqual([
      Buffer.from([8, 2]),
    ]);
    expect(said(await post(watch, proto, envelope(0, ""))).messages.length).toBe(2);
    expect(said(await post(chat, proto, Buffer.concat([ada, ada]))).messages).toEqual([
      greeting("Ada"),
      greeting("Ada"),
    ]);
    expect(said(await post(collect, proto, Buffer.alloc(0))).messages).toEqual([Buffer.alloc(0)]);
    expect(said(await post(chat, proto, Buffer.alloc(0)))).toMatchObject({ code: "ok", messages: [] });
  });

  test("§4.2 messages may be split at every byte", async () => {
    const body = Buffer.concat([ada, envelope(0, ""), ada]);
    for (let at = 1; at < body.length; at++) {
      const asking = server.begin({ path: chat, headers: proto });
      asking.send(body.subarray(0, at)).send(body.subarray(at)).end();
      expect([at, said(await asking.answer()).messages.length]).toEqual([at, 3]);
    }
  });

  test("§4.3 a request without te: trailers is served", async () => {
    const headers = ["content-type", "application/grpc"];
    expect(said(await post(greet, headers, ada)).code).toBe("ok");
  });

  test.each([
    "application/grpc+thrift",
    "application/grpcx",
    "application/grpc-thing",
    "text/plain",
    "",
    "*/*",
  ])("§4.4 content type %j is foreign: 415", async (value) => {
    const answer = await post(greet, type(value), ada);
    expect(answer.status).toBe(415);
    expect(answer.headers.get("accept-post")).toContain("application/grpc, application/grpc+proto");
  });

  test("§4.8 grpc-encoding says how requests are compressed, message by message", async () => {
    const body = Buffer.concat([envelope(1, gzipSync(greeting("Ada"))), ada]);
    const answer = await post(chat, [...proto, "grpc-encoding", "gzip"], body);
    expect(said(answer).code).toBe("ok");
    for (const none of ["identity", ""])
      expect(said(await post(greet, [...proto, "grpc-encoding", none], ada)).code).toBe("ok");
  });

  test("§4.8 grpc-accept-encoding says how responses may be compressed, in the client's order", async () => {
    const encoding = async (...more: string[]): Promise<readonly [string | undefined, number]> => {
      const answer = await post(greet, [...proto, ...more], ada);
      return [answer.headers.get("grpc-encoding"), envelopes(answer.body)[0]?.flags as number];
    };
    expect(await encoding()).toEqual([undefined, 0]);
    expect(await encoding("accept-encoding", "gzip")).toEqual([undefined, 0]);
    expect(await encoding("grpc-accept-encoding", "identity,gzip,br")).toEqual(["gzip", 1]);
    expect(await encoding("grpc-accept-encoding", "br,gzip")).toEqual(["br", 1]);
    expect(await encoding("grpc-accept-encoding", "lz4")).toEqual([undefined, 0]);
    for (const list of ["", ",,,", "nothing;q=0", "*;q=x", ",\t,"])
      expect((await encoding("grpc-accept-encoding", list))[0]).toBeUndefined();
  });

  test("§4.11 the status is in trailers, also of success, with the user's", async () => {
    await using trails = await served(
      carriage,
      greeter({
        greet(_request, call) {
          call.responseHeaders.set("a", "header");
          call.responseTrailers
            .append("a", "1")
            .append("a", "2")
            .append("b-bin", new Uint8Array([1]));
          return {};
        },
      }),
    );
    const answer = await post(greet, proto, ada, trails);
    expect([answer.headers.has("grpc-status"), answer.headers.get("a")]).toEqual([false, "header"]);
    expect(Object.fromEntries(answer.trailers ?? [])).toEqual({
      "grpc-status": "0",
      a: "1, 2",
      "b-bin": "AQ",
    });
    const late = await post(watch, proto, envelope(0, ""), fails);
    expect(said(late).messages).toEqual([greeting("one")]);
    expect(Object.fromEntries(late.trailers ?? [])).toEqual({
      "grpc-status": "10",
      "grpc-message": "enough",
    });
  });

  test("§4.12 an error before anything else is headers with END_STREAM, and nothing behind them", async () => {
    const client = RawHttp2.willing(server.port);
    const stream = client.request(
      false,
      ...[":method", "POST", ":scheme", "http", ":authority", "victim", ":path", greet],
      ...proto,
      ...["grpc-timeout", "x"],
    );
    await client.body(stream, true, ada);
    await client.streamEnd(stream);
    const own = client.frames.filter((one) => one.stream === stream);
    expect(own.map(({ type, flags }) => [type, flags & END_STREAM])).toEqual([[HEADERS, END_STREAM]]);
    const fields = own[0]?.fields ?? [];
    expect(fields.slice(0, 2)).toEqual([":status", "200"]);
    expect(fields).toEqual(
      expect.arrayContaining(["content-type", "application/grpc+proto", "grpc-status", "3"]),
    );
    client.raw.socket.destroy();
  });

  test.each([
    ["plain", "plain"],
    ["a b~!\"#$&'()*+,-./", "a b~!\"#$&'()*+,-./"],
    ["100%", "100%25"],
    ["%41", "%2541"],
    ["a\r\nb\t", "a%0D%0Ab%09"],
    ["\0\x1f\x7f", "%00%1F%7F"],
    ["é", "%C3%A9"],
    ["日本 💥", "%E6%97%A5%E6%9C%AC %F0%9F%92%A5"],
  ])("§4.17 the message %j is sent as %s", async (message, text) => {
    const answer = await post(greet, proto, envelope(0, greeting(message)), fails);
    // Both a message's own bytes: below 0x20, above 0x7E, and the percent sign.
    expect(fieldOf(answer, "grpc-message")).toBe(text);
  });

  test("§4.18 details are in grpc-status-details-bin, unpadded, and agree with status and message", async () => {
    const details = [
      { type: "a.B", value: new Uint8Array([1, 2]) },
      { type: "a.C", value: new Uint8Array(0) },
    ];
    await using detailed = await served(
      carriage,
      greeter({
        greet: () => {
          throw new RpcError("aborted", "é", { details });
        },
      }),
    );
    const answer = await post(greet, proto, ada, detailed);
    const any = (name: string, ...value: number[]): Buffer => {
      const url = utf8(`type.googleapis.com/${name}`);
      return Buffer.concat([Buffer.from([0x0a, url.length]), url, Buffer.from(value)]);
    };
    const [b, c] = [any("a.B", 0x12, 2, 1, 2), any("a.C")];
    const status = Buffer.concat([
      Buffer.from([0x08, 10, 0x12, 2, 0xc3, 0xa9]),
      Buffer.from([0x1a, b.length]),
      b,
      Buffer.from([0x1a, c.length]),
      c,
    ]);
    const text = fieldOf(answer, "grpc-status-details-bin") ?? "";
    expect([text.includes("="), Buffer.from(text, "base64")]).toEqual([false, status]);
    expect([fieldOf(answer, "grpc-status"), fieldOf(answer, "grpc-message")]).toEqual(["10", "%C3%A9"]);
    const without = await post(greet, proto, ada, fails);
    expect(fieldOf(without, "grpc-status-details-bin")).toBeUndefined();
  });
});

/** Of the trailers, or of headers that are. */
function fieldOf({ headers, trailers }: Answer, name: string): string | undefined {
  return (trailers ?? headers).get(name);
}

describe.each(carriages)("$name", (carriage) => {
  const here = wires.filter((wire) => wire.timeout === "grpc-timeout" && wire.over.includes(carriage.http));
  const supported = carriage.compressions.join(",");
  let server: Served;
  let tells: Served;
  beforeAll(async () => {
    server = await served(carriage, greeter());
    tells = await served(
      carriage,
      greeter({ greet: (_request, call) => ({ greeting: String(call.remainingMs) }) }),
    );
  });
  afterAll(async () => {
    for (const one of [server, tells]) await one[Symbol.asyncDispose]();
  });

  describe.each(here)("$name", (wire) => {
    const ask = async (more: readonly string[], body = goodBody(wire), on = server): Promise<Answer> =>
      on.ask({ path: wire.path, headers: ["content-type", wire.proto, ...more], body });

    test.each([
      "",
      "5",
      "m",
      "-1S",
      "1.5S",
      "0.5s",
      "123456789m",
      "1s",
      "1 S",
      "1Ss",
      "0x1S",
      "١S",
      "1e3m",
      "∞",
    ])(
      "§4.5 grpc-timeout %j is not at most 8 digits and a unit: invalid_argument, by name",
      async (value) => {
        const text = Buffer.from(value, "utf8").toString("latin1");
        const { code, message } = said(await ask(["grpc-timeout", text]));
        expect([code, message]).toEqual([
          "invalid_argument",
          `grpc-timeout ${JSON.stringify(text)} is malformed: it is at most eight digits and one of H, M, S, m, u, n`,
        ]);
      },
    );

    test.each([
      ["2H", 7_200_000],
      ["00000003M", 180_000],
      ["90S", 90_000],
      ["60000m", 60_000],
      ["99999999u", 99_999.999],
      ["99999999n", 99.999_999],
    ])("§4.5 grpc-timeout %s leaves the handler at most %d ms, and not much less", async (value, ms) => {
      const { code, messages } = said(await ask(["grpc-timeout", value], undefined, tells));
      if (ms < 1000 && code !== "ok") return;
      const left = Number(
        Buffer.from(messages[0] ?? "")
          .subarray(2)
          .toString(),
      );
      expect(left).toBeLessThanOrEqual(ms);
      expect(left).toBeGreaterThan(ms - 30_000);
    });

    test("§4.5 grpc-timeout of 0 has passed", async () => {
      expect(said(await ask(["grpc-timeout", "0n"])).code).toBe("deadline_exceeded");
    });

    test.each([
      ["99999999H", 99_999_999 * 3_600_000],
      ["99999999M", 99_999_999 * 60_000],
      ["1000H", 3_600_000_000],
      ["2147483S", 2_147_483_000],
      ["2147484S", 2_147_484_000],
    ])("§4.7 grpc-timeout %s is no less than it says, and does not wrap", async (value, ms) => {
      const { code, messages } = said(await ask(["grpc-timeout", value], undefined, tells));
      expect(code).toBe("ok");
      const left = Number(
        Buffer.from(messages[0] ?? "")
          .subarray(2)
          .toString(),
      );
      expect(left).toBeGreaterThan(ms - 30_000);
      expect(left).toBeLessThanOrEqual(ms);
    });

    test.each(["snappy", "compress", "gzip, br", "x", "__proto__"])(
      "§4.9 grpc-encoding %j is unimplemented, and grpc-accept-encoding lists what is supported",
      async (name) => {
        const answer = await ask(["grpc-encoding", name]);
        expect(said(answer)).toMatchObject({
          code: "unimplemented",
          message: `compression ${JSON.stringify(name)} is not supported: use ${supported}`,
        });
        expect(answer.headers.get("grpc-accept-encoding")).toBe(supported);
      },
    );

    test.each(carriage.compressions)(
      "§1.17 %s: a compressed message of no bytes is an empty one",
      async (name) => {
        expect(said(await ask(["grpc-encoding", name], wire.body(envelope(1, "")))).code).toBe("ok");
      },
    );

    test("§4.10 a compressed flag without an encoding is internal, also on no bytes", async () => {
      for (const more of [[], ["grpc-encoding", "identity"]]) {
        for (const payload of ["", "xyz"]) {
          expect(said(await ask(more, wire.body(envelope(1, payload))))).toMatchObject({
            code: "internal",
            message: "a message is flagged as compressed, but the headers name no compression for it",
          });
        }
      }
    });

    test.each([2, 4, 8, 16, 32, 64, 128, 0x82, 0xfe])(
      "§3.8 envelope flags %i have reserved bits: internal, naming them",
      async (flags) => {
        expect(said(await ask([], wire.body(envelope(flags, ""))))).toMatchObject({
          code: "internal",
          message: `a request's envelope has flags 0x${flags.toString(16).padStart(2, "0")}: these bits are reserved`,
        });
      },
    );
  });
});
