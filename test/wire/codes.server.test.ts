// README.md, section 6, codes: our server, asked by hand.
// Nothing to observe: §6.2, §6.4 to §6.7, §6.9 and §6.10 are the client's.
import { connect } from "node:net";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { RpcError, serve } from "@millrace/node";
import type { CallEnd, Code } from "@millrace/node";
import { said } from "../support/answer.ts";
import type { Answer } from "../support/answer.ts";
import { envelope, greeting, utf8 } from "../support/bytes.ts";
import { DATA, data, headers, reset, RST_STREAM } from "../support/frames.ts";
import { greeter } from "../support/greeter.ts";
import { expectQuiet } from "../support/quiet.ts";
import { grpcHead, RawHttp2 } from "../support/raw-http2.ts";
import { RawSocket } from "../support/raw-socket.ts";
import { CallLog, carriages, served } from "../support/served.ts";
import type { Served } from "../support/served.ts";
import { Standing } from "../support/standing.ts";
import { collect, goodBody, greet, watch, wires } from "../support/wires.ts";
import type { Wire } from "../support/wires.ts";

expectQuiet();

const codes: readonly (readonly [Code, grpc: number, http: number])[] = [
  ["canceled", 1, 499],
  ["unknown", 2, 500],
  ["invalid_argument", 3, 400],
  ["deadline_exceeded", 4, 504],
  ["not_found", 5, 404],
  ["already_exists", 6, 409],
  ["permission_denied", 7, 403],
  ["resource_exhausted", 8, 429],
  ["failed_precondition", 9, 400],
  ["aborted", 10, 409],
  ["out_of_range", 11, 400],
  ["unimplemented", 12, 501],
  ["internal", 13, 500],
  ["unavailable", 14, 503],
  ["data_loss", 15, 500],
  ["unauthenticated", 16, 401],
];

describe.each(carriages)("$name", (carriage) => {
  const here = wires.filter((wire) => wire.over.includes(carriage.http));
  let throwing: unknown;
  let server: Served;
  beforeAll(async () => {
    const raise = (): never => {
      throw throwing;
    };
    server = await served(carriage, greeter({ greet: raise, watch: raise, collect: raise }));
  });
  afterAll(() => server[Symbol.asyncDispose]());

  function ask(wire: Wire, on = server, body = goodBody(wire)): Promise<Answer> {
    return on.ask({ path: wire.path, headers: ["content-type", wire.proto], body });
  }

  test.each(codes)("§6.1 %s is %i in gRPC, and HTTP %i in a Connect unary call", async (code, grpc, http) => {
    throwing = new RpcError(code, "m");
    for (const wire of here) {
      const answer = await ask(wire);
      expect([wire.name, answer.status]).toEqual([wire.name, wire.name === "Connect unary" ? http : 200]);
      expect(said(answer)).toMatchObject({ code, message: "m" });
      if (wire.timeout === "grpc-timeout") expect(answer.headers.get("grpc-status")).toBe(String(grpc));
    }
  });

  test("§6.11 no message, or several, where exactly one is required: unimplemented", async () => {
    const good = await served(carriage, greeter());
    for (const wire of here.filter(({ framed }) => framed)) {
      for (const [body, text] of [
        [Buffer.alloc(0), "no message"],
        [Buffer.concat([envelope(0, ""), envelope(0, "")]), "more than one message"],
      ] as const) {
        expect(said(await ask(wire, good, wire.body(body)))).toMatchObject({
          code: "unimplemented",
          message: `the request to ${wire.path} has ${text}: exactly one is required`,
        });
      }
    }
    await good[Symbol.asyncDispose]();
  });

  test.each([
    ["an error", new Error("secret")],
    ["a text", "secret"],
    ["nothing", undefined],
    ["what looks like an error of RPC", { code: "not_found", message: "secret" }],
  ])("§6.12 %s without a code is unknown, and its text does not reach the client", async (_name, value) => {
    throwing = value;
    for (const wire of here) {
      const answer = await ask(wire);
      expect(said(answer)).toMatchObject({ code: "unknown", message: "unexpected error" });
      expect(JSON.stringify([...answer.headers, ...(answer.trailers ?? [])])).not.toContain("secret");
      expect(answer.body.toString("latin1")).not.toContain("secret");
    }
  });
});

describe.each(carriages.filter(({ http }) => http === "2"))("$name", (carriage) => {
  test.each([0, 1, 2, 3, 5, 6, 7, 8, 9, 10, 11, 12, 13, 99, 0xffff_ffff])(
    "§6.3 RST_STREAM with code %i cancels the handler alone",
    async (code) => {
      const standing = new Standing();
      await using server = await served(carriage, standing.app());
      const client = RawHttp2.open(server.port, grpcHead(1, watch), data(1, true, envelope(0, "")));
      await standing.saw("running");
      const json = [":method", "POST", ":scheme", "http", ":authority", "victim", ":path", greet];
      client.send(
        reset(1, code),
        headers(3, false, ...json, "content-type", "application/json"),
        data(3, true, utf8('{"name":"Ada"}')),
      );
      await standing.saw("returned");
      expect(await client.streamEnd(3)).toBe(-1);
      const ends = await server.calls.ended(2);
      const expected = new Map([
        [7, "unavailable"],
        [11, "resource_exhausted"],
        [12, "permission_denied"],
      ]);
      // To a handler, a client that has no reason of its own has gone away.
      expect(new Set(ends.map((end) => end.code))).toEqual(new Set(["ok", expected.get(code) ?? "canceled"]));
      client.raw.socket.destroy();
    },
  );
});

describe.each(["1.1", "2"] as const)("over HTTP/%s", (http) => {
  test("§6.8 our own shutdown ends what runs as unavailable", async () => {
    const reasons: unknown[] = [];
    const begun = Promise.withResolvers<void>();
    const ended = Promise.withResolvers<CallEnd>();
    const server = await serve({
      ...greeter({
        async collect(requests, call) {
          call.signal.addEventListener("abort", () => reasons.push((call.signal.reason as RpcError).code));
          await requests.receive();
          begun.resolve();
          await requests.receive();
          return {};
        },
      }),
      observers: [() => ({ end: (end) => ended.resolve(end) })],
      host: "127.0.0.1",
      port: 0,
    });
    const port = Number(new URL(server.url).port);
    const one = envelope(0, greeting("Ada"));
    if (http === "2") RawHttp2.open(port, grpcHead(1, collect), data(1, false, one));
    else {
      const head = `POST ${collect} HTTP/1.1\r\nhost: x\r\ncontent-type: application/connect+proto\r\n`;
      new RawSocket(connect(port, "127.0.0.1")).send(`${head}content-length: 100\r\n\r\n`, one);
    }
    await begun.promise;
    await server.close({ graceMs: 0 });
    expect((await ended.promise).code).toBe("unavailable");
    expect(reasons).toEqual(["unavailable"]);
  });
});

test.each([0, 1])(
  "§6.8 a client is not told that it was canceled, when %i ms of grace are over",
  async (graceMs) => {
    const calls = new CallLog();
    const standing = new Standing();
    const app = { ...standing.app(), observers: [calls.observer] };
    const server = await serve({ ...app, host: "127.0.0.1", port: 0 });
    const { port } = new URL(server.url);
    const client = RawHttp2.open(
      Number(port),
      grpcHead(1, greet),
      data(1, true, envelope(0, greeting("x"))),
      grpcHead(3, watch),
      data(3, true, envelope(0, "")),
      grpcHead(5, collect),
      data(5, false, envelope(0, greeting("x"))),
    );
    // The head of one has left, its message too; of the others nothing has.
    await client.until((one) => one.type === DATA);
    await standing.saw("x");
    await server.close({ graceMs });
    // It reads to the end of the connection.
    expect(await client.until((one) => one.type === RST_STREAM)).toBeUndefined();
    expect((await calls.ended(3)).map(({ code }) => code)).toEqual([
      "unavailable",
      "unavailable",
      "unavailable",
    ]);
  },
);
