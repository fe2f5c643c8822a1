// README.md, section 3, Connect streaming: our server, asked by hand.
// Not tested: §3.19, a server that is set to refuse bidi over HTTP/1.1: ours cannot be, docs/decisions/004.
// Nothing to observe: §3.12 is a permission that our server does not use; §3.13, §3.14 and §3.16 are the client's.
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { RpcError } from "@millrace/node";
import { said } from "../support/answer.ts";
import type { Answer } from "../support/answer.ts";
import { envelope, envelopes, greeting, utf8 } from "../support/bytes.ts";
import { greeter } from "../support/greeter.ts";
import { expectQuiet } from "../support/quiet.ts";
import { carriages, served } from "../support/served.ts";
import type { Served } from "../support/served.ts";
import { chat, collect, greet, watch } from "../support/wires.ts";

expectQuiet();

const proto = ["content-type", "application/connect+proto"];
const json = ["content-type", "application/connect+json"];
const ada = envelope(0, greeting("Ada"));
const eve = envelope(0, greeting("Eve"));

describe.each(carriages)("$name", (carriage) => {
  /** A compression beside gzip. */
  const [, other = ""] = carriage.compressions;
  let server: Served;
  let packs: Served;
  /** Its streams end with an error, behind a message and trailers. */
  let fails: Served;
  beforeAll(async () => {
    server = await served(carriage, greeter());
    packs = await served(carriage, greeter({}, { compression: { send: ["gzip", other], minBytes: 6 } }));
    fails = await served(
      carriage,
      greeter({
        async *watch(_request, call) {
          call.responseTrailers
            .append("a", "1")
            .append("a", "2")
            .append("b-bin", new Uint8Array([1]));
          yield { greeting: "one" };
          throw new RpcError("aborted", "enough");
        },
        collect: () => {
          throw new RpcError("aborted", "enough");
        },
      }),
    );
  });
  afterAll(async () => {
    for (const one of [server, packs, fails]) await one[Symbol.asyncDispose]();
  });

  function post(path: string, headers: readonly string[], body: Uint8Array, on = server): Promise<Answer> {
    return on.ask({ path, headers, body });
  }

  /** The JSON of the message that ends the stream, which must be the only one of its kind, and last. */
  function endOf(answer: Answer): unknown {
    const flags = envelopes(answer.body).map((one) => one.flags);
    expect(flags.filter((flag) => (flag & 2) !== 0)).toEqual([2]);
    expect(flags.at(-1)).toBe(2);
    return JSON.parse((envelopes(answer.body).at(-1)?.payload ?? "").toString());
  }

  test("§3.1 application/connect+proto and +json, by POST", async () => {
    const binary = await post(collect, proto, Buffer.concat([ada, eve]));
    expect([binary.status, binary.headers.get("content-type"), said(binary).messages]).toEqual([
      200,
      "application/connect+proto",
      [Buffer.from([8, 2])],
    ]);
    const text = await post(collect, json, Buffer.concat([envelope(0, "{}"), envelope(0, '{"name":"Eve"}')]));
    expect([text.status, text.headers.get("content-type"), said(text).messages.map(String)]).toEqual([
      200,
      "application/connect+json",
      ['{"count":"2"}'],
    ]);
    for (const method of ["GET", "PUT"]) {
      const answer = await server.ask({ method, path: collect, headers: proto });
      expect([answer.status, answer.headers.get("allow")]).toEqual([405, "POST"]);
    }
  });

  test("§3.1 a content type's case and parameters do not count", async () => {
    const headers = ["content-type", "Application/Connect+JSON; charset=utf-8"];
    expect(said(await post(watch, headers, envelope(0, "{}"))).code).toBe("ok");
  });

  test.each(["application/proto", "application/json", "application/connect+yaml", "application/connect", ""])(
    "§3.2 content type %j of a stream is answered with 415 and the types it takes",
    async (type) => {
      const answer = await post(watch, ["content-type", type], utf8("{}"));
      expect(answer.status).toBe(415);
      expect(answer.headers.get("accept-post")).toContain("application/connect+proto");
      expect(answer.headers.get("accept-post")).not.toContain("application/json");
    },
  );

  test("§3.2 a stream's content type of a unary method is answered with 415", async () => {
    expect((await post(greet, json, envelope(0, "{}"))).status).toBe(415);
  });

  test("§3.3 connect-content-encoding says how requests are compressed, and content-encoding nothing", async () => {
    const packed = Buffer.concat([envelope(1, gzipSync(greeting("Ada"))), ada]);
    const headers = [...proto, "connect-content-encoding", "gzip"];
    expect(said(await post(collect, headers, packed)).messages).toEqual([Buffer.from([8, 2])]);
    expect(said(await post(collect, [...proto, "content-encoding", "lz4"], ada)).code).toBe("ok");
    const { code, message } = said(await post(collect, [...proto, "connect-content-encoding", "lz4"], ada));
    expect([code, message]).toEqual([
      "unimplemented",
      `compression "lz4" is not supported: use ${carriage.compressions.join(",")}`,
    ]);
  });

  test("§3.3 connect-accept-encoding says how responses may be compressed, in the client's order", async () => {
    const encoding = async (...more: string[]): Promise<string | undefined> => {
      const answer = await post(watch, [...proto, ...more], envelope(0, ""), packs);
      expect(said(answer).code).toBe("ok");
      expect(answer.headers.has("content-encoding")).toBe(false);
      return answer.headers.get("connect-content-encoding");
    };
    expect(await encoding()).toBeUndefined();
    expect(await encoding("accept-encoding", "gzip")).toBeUndefined();
    expect(await encoding("connect-accept-encoding", "gzip")).toBe("gzip");
    expect(await encoding("connect-accept-encoding", `lz4, ${other}, gzip`)).toBe(other);
    expect(await encoding("connect-content-encoding", other)).toBe(other);
  });

  test("§3.4 an envelope is a byte of flags and four of length, big-endian", async () => {
    const long = "x".repeat(70_000);
    await using echoes = await served(carriage, greeter());
    const text = `{"name":"${long}"}`;
    const answer = await post(chat, json, envelope(0, text), echoes);
    const reply = utf8(`{"greeting":"${long}"}`);
    expect(answer.body.subarray(0, 5)).toEqual(Buffer.from([0, 0, 1, 0x11, reply.length & 0xff]));
    expect(answer.body.subarray(5, 5 + reply.length)).toEqual(reply);
  });

  test("§3.4 envelopes may be split at every byte, and come in one piece", async () => {
    const body = Buffer.concat([ada, envelope(0, ""), eve]);
    for (let at = 1; at < body.length; at++) {
      const asking = server.begin({ path: chat, headers: proto });
      asking.send(body.subarray(0, at)).send(body.subarray(at)).end();
      expect([at, said(await asking.answer()).messages]).toEqual([
        at,
        [greeting("Ada"), Buffer.alloc(0), greeting("Eve")],
      ]);
    }
    const asking = server.begin({ path: chat, headers: proto });
    for (const byte of body) asking.send(Buffer.from([byte]));
    expect(said(await asking.end().answer()).messages.length).toBe(3);
  });

  test("§3.5 compression is per message: bit 0 says which", async () => {
    const headers = [...proto, "connect-content-encoding", "gzip"];
    const body = Buffer.concat([ada, envelope(1, gzipSync(greeting("Ada Lovelace"))), eve]);
    const answer = await post(chat, headers, body, packs);
    // Of 6 bytes on they are compressed.
    expect(envelopes(answer.body).map((one) => one.flags)).toEqual([0, 1, 0, 2]);
  });

  test("§3.6 a compressed message where no compression is named is internal", async () => {
    for (const headers of [proto, [...proto, "connect-content-encoding", "identity"]]) {
      const { code, message } = said(await post(collect, headers, envelope(1, gzipSync(greeting("Ada")))));
      expect([code, message]).toEqual([
        "internal",
        "a message is flagged as compressed, but the headers name no compression for it",
      ]);
    }
  });

  test.each(carriage.compressions)(
    "§1.17 %s: a compressed message of no bytes is an empty one",
    async (name) => {
      const headers = [...proto, "connect-content-encoding", name];
      expect(said(await post(collect, headers, envelope(1, ""))).messages).toEqual([Buffer.from([8, 1])]);
    },
  );

  test.each([4, 8, 16, 32, 64, 128, 0xfc])(
    "§3.8 flags %i have reserved bits: internal, naming them",
    async (flags) => {
      for (const path of [watch, collect, chat]) {
        const { code, message } = said(await post(path, proto, envelope(flags, "")));
        expect([code, message]).toEqual([
          "internal",
          `a request's envelope has flags 0x${flags.toString(16).padStart(2, "0")}: these bits are reserved`,
        ]);
      }
    },
  );

  test("§3.9 the status is 200 whatever happens", async () => {
    const bad = [
      await post(watch, proto, envelope(0, ""), fails),
      await post(collect, proto, ada, fails),
      await post(watch, proto, envelope(0, "\xff")),
      await post(watch, [...proto, "connect-timeout-ms", "x"], envelope(0, "")),
      await post("/greet.v1.GreetService/Nothing", proto, ada),
    ];
    for (const answer of bad) {
      expect([answer.status, answer.headers.get("content-type")]).toEqual([200, "application/connect+proto"]);
      expect(said(answer).code).not.toBe("ok");
    }
  });

  test("§3.10 §3.7 the end of the stream comes once, last, with flag bit 1, and HTTP trailers do not", async () => {
    for (const [path, body] of [
      [watch, envelope(0, "")],
      [collect, ada],
      [chat, ada],
    ] as const) {
      for (const on of [server, fails]) {
        const answer = await post(path, proto, body, on);
        endOf(answer);
        expect(answer.trailers).toBeNull();
      }
    }
  });

  test("§3.11 the end of the stream is JSON: nothing to say is {}", async () => {
    expect(endOf(await post(watch, proto, envelope(0, "")))).toEqual({});
  });

  test("§3.11 the end of the stream has the error, and trailers as lists by name", async () => {
    const answer = await post(watch, proto, envelope(0, ""), fails);
    expect(said(answer).messages).toEqual([greeting("one")]);
    expect(endOf(answer)).toEqual({
      error: { code: "aborted", message: "enough" },
      metadata: { a: ["1", "2"], "b-bin": ["AQ"] },
    });
  });

  test("§3.15 a request that sets bit 1 is refused", async () => {
    const end = Buffer.concat([ada, envelope(2, "{}")]);
    for (const path of [collect, chat]) {
      const { code, message } = said(await post(path, proto, end));
      expect([code, message]).toEqual([
        "internal",
        "a request's envelope has flags 0x02: these bits are reserved",
      ]);
    }
  });

  test("§3.18 a bidi call is answered, in full when its requests have ended", async () => {
    const answer = await post(chat, proto, Buffer.concat([ada, eve]));
    expect(said(answer)).toMatchObject({ code: "ok", messages: [greeting("Ada"), greeting("Eve")] });
  });

  // Which version of HTTP lies below, a Request does not tell.
  if (carriage.http === "1.1" && !carriage.byFetch) {
    test("§3.18 over HTTP/1.1 nothing of the answer travels before the request has ended", async () => {
      const told: string[] = [];
      const heard = Promise.withResolvers<void>();
      await using half = await served(
        carriage,
        greeter({
          async *chat(requests) {
            for await (const { name } of requests) {
              told.push(name);
              yield { greeting: name };
              if (told.length === 2) heard.resolve();
            }
          },
        }),
      );
      const asking = half.begin({ path: chat, headers: proto }).send(ada).send(eve);
      await heard.promise;
      // A reply on another connection has come: had there been one on this, it would be here.
      await half.ask({ path: greet, headers: ["content-type", "application/json"], body: utf8("{}") });
      expect(asking.heard()).toBe(0);
      expect(said(await asking.end().answer()).messages).toEqual([greeting("Ada"), greeting("Eve")]);
    });
  } else {
    test("§3.18 elsewhere answers travel while requests come", async () => {
      const asking = server.begin({ path: chat, headers: proto }).send(ada);
      await asking.has(ada.length);
      asking.send(eve);
      await asking.has(ada.length + eve.length);
      expect(said(await asking.end().answer()).code).toBe("ok");
    });
  }

  test("§3.20 streams of no messages are streams, in both directions", async () => {
    await using silent = await served(carriage, greeter({ async *watch() {}, async *chat() {} }));
    expect(said(await post(collect, proto, Buffer.alloc(0))).messages).toEqual([Buffer.alloc(0)]);
    expect(said(await post(chat, proto, Buffer.alloc(0)))).toMatchObject({ code: "ok", messages: [] });
    expect(said(await post(watch, proto, envelope(0, ""), silent))).toMatchObject({
      code: "ok",
      messages: [],
    });
    expect(said(await post(chat, proto, ada, silent))).toMatchObject({ code: "ok", messages: [] });
  });
});
