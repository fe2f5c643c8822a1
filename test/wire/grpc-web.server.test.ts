// README.md, section 5, gRPC-Web: our server, asked by hand. What it shares with gRPC is tested with §4.
// Nothing to observe: §5.3 is a permission that our server does not use; §5.5 is the client's.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { RpcError } from "@millrace/node";
import { fromText, said } from "../support/answer.ts";
import type { Answer } from "../support/answer.ts";
import { envelope, envelopes, greeting, utf8 } from "../support/bytes.ts";
import { greeter } from "../support/greeter.ts";
import { expectQuiet } from "../support/quiet.ts";
import { carriages, served } from "../support/served.ts";
import type { Served } from "../support/served.ts";
import { chat, collect, greet, watch } from "../support/wires.ts";

expectQuiet();

const proto = ["content-type", "application/grpc-web+proto"];
const ada = envelope(0, greeting("Ada"));

describe.each(carriages)("$name", (carriage) => {
  let server: Served;
  let trails: Served;
  beforeAll(async () => {
    server = await served(carriage, greeter());
    trails = await served(
      carriage,
      greeter({
        greet(request, call) {
          call.responseTrailers
            .append("A-Name", "1")
            .append("a-name", "2")
            .append("b-bin", new Uint8Array([1]));
          if (request.name === "") throw new RpcError("aborted", "é\r\nx: y");
          if (request.name === "Eve") call.responseHeaders.set("early", "yes");
          if (request.name !== "Ada") throw new RpcError("aborted", "");
          return {};
        },
        async *watch() {
          yield { greeting: "one" };
          throw new RpcError("aborted", "enough");
        },
      }),
    );
  });
  afterAll(async () => {
    for (const one of [server, trails]) await one[Symbol.asyncDispose]();
  });

  function post(path: string, headers: readonly string[], body: Uint8Array, on = server): Promise<Answer> {
    return on.ask({ path, headers, body });
  }

  test.each([
    ["application/grpc-web", ada, greeting("Hello, Ada!")],
    ["application/grpc-web+proto", ada, greeting("Hello, Ada!")],
    ["application/grpc-web+json", envelope(0, '{"name":"Ada"}'), utf8('{"greeting":"Hello, Ada!"}')],
    ["Application/gRPC-Web+JSON; x=y", envelope(0, '{"name":"Ada"}'), utf8('{"greeting":"Hello, Ada!"}')],
  ])("§5.1 %s is answered in kind: without a codec it is proto", async (type, body, reply) => {
    const answer = await post(greet, ["content-type", type], body);
    expect([answer.status, answer.headers.get("content-type")]).toEqual([
      200,
      type.toLowerCase().replace(/;.*/, ""),
    ]);
    expect(said(answer)).toMatchObject({ code: "ok", messages: [reply] });
  });

  test("§5.1 each kind of call is answered, streams of no messages too", async () => {
    expect(said(await post(collect, proto, Buffer.concat([ada, ada]))).messages).toEqual([
      Buffer.from([8, 2]),
    ]);
    expect(said(await post(watch, proto, envelope(0, ""))).messages.length).toBe(2);
    expect(said(await post(chat, proto, Buffer.concat([ada, ada]))).messages.length).toBe(2);
    expect(said(await post(collect, proto, Buffer.alloc(0))).messages).toEqual([Buffer.alloc(0)]);
    expect(said(await post(chat, proto, Buffer.alloc(0)))).toMatchObject({ code: "ok", messages: [] });
  });

  test("§5.1 messages may be split at every byte", async () => {
    const body = Buffer.concat([ada, envelope(0, ""), ada]);
    for (let at = 1; at < body.length; at++) {
      const asking = server.begin({ path: chat, headers: proto });
      asking.send(body.subarray(0, at)).send(body.subarray(at)).end();
      expect([at, said(await asking.answer()).messages.length]).toEqual([at, 3]);
    }
  });

  test.each(["application/grpc-web+thrift", "application/grpc-webx", "application/grpc-web-texts"])(
    "§5.1 content type %s is none of these: 415",
    async (type) => {
      const answer = await post(greet, ["content-type", type], ada);
      expect(answer.status).toBe(415);
      expect(answer.headers.get("accept-post")).toContain("application/grpc-web+proto");
    },
  );

  test("§5.2 §5.6 the trailers come once, last, in an envelope with flag 0x80", async () => {
    for (const [path, body, on] of [
      [greet, ada, server],
      [watch, envelope(0, ""), server],
      [watch, envelope(0, ""), trails],
      [chat, Buffer.alloc(0), server],
    ] as const) {
      const flags = envelopes((await post(path, proto, body, on)).body).map((one) => one.flags);
      expect([flags.filter((flag) => flag === 0x80).length, flags.at(-1)]).toEqual([1, 0x80]);
    }
  });

  test("§5.4 the trailers are an HTTP/1 header block: lower case, CRLF, no final blank line", async () => {
    const block = (answer: Answer): string => envelopes(answer.body).at(-1)?.payload.toString() ?? "";
    expect(block(await post(greet, proto, ada, trails))).toBe(
      "grpc-status: 0\r\na-name: 1\r\na-name: 2\r\nb-bin: AQ\r\n",
    );
    expect(block(await post(watch, proto, envelope(0, ""), trails))).toBe(
      "grpc-status: 10\r\ngrpc-message: enough\r\n",
    );
    expect(block(await post(greet, proto, envelope(0, greeting("Eve")), trails))).toMatch(
      /^grpc-status: 10\r\na-name: /,
    );
  });

  test("§5.7 there are no HTTP trailers", async () => {
    for (const [path, body] of [
      [greet, ada],
      [greet, envelope(0, "")],
      [watch, envelope(0, "")],
    ] as const)
      expect((await post(path, proto, body, trails)).trailers).toBeNull();
  });

  test("§5.8 an error before anything else has its status among the HTTP headers, and no body", async () => {
    const answer = await post(greet, proto, envelope(0, ""), trails);
    expect([answer.status, answer.headers.get("content-type"), answer.body.length]).toEqual([
      200,
      "application/grpc-web+proto",
      0,
    ]);
    const { headers } = answer;
    expect([headers.get("grpc-status"), headers.get("grpc-message"), headers.get("a-name")]).toEqual([
      "10",
      "%C3%A9%0D%0Ax: y",
      "1, 2",
    ]);
  });

  test("§5.8 headers of a handler's stay apart from its trailers", async () => {
    const answer = await post(greet, proto, envelope(0, greeting("Eve")), trails);
    expect([answer.headers.get("early"), answer.headers.has("grpc-status"), said(answer).code]).toEqual([
      "yes",
      false,
      "aborted",
    ]);
  });

  describe.each([
    "application/grpc-web-text",
    "application/grpc-web-text+proto",
    "application/grpc-web-text+json",
  ])("%s", (type) => {
    const isJson = type.endsWith("json");
    const ask = async (body: string, path = greet): Promise<Answer> =>
      post(path, ["content-type", type], utf8(body));
    const request = isJson ? envelope(0, '{"name":"Ada"}') : ada;

    test("§5.9 the body is base64 in both directions", async () => {
      const answer = await ask(request.toString("base64"));
      expect([answer.status, answer.headers.get("content-type")]).toEqual([200, type]);
      expect(answer.body.toString("latin1")).toMatch(/^([A-Za-z0-9+/]{4}|[A-Za-z0-9+/]{2,3}={1,2})+$/);
      const [reply, last] = envelopes(fromText(answer.body));
      expect(reply?.payload).toEqual(isJson ? utf8('{"greeting":"Hello, Ada!"}') : greeting("Hello, Ada!"));
      expect([last?.flags, last?.payload.toString()]).toEqual([0x80, "grpc-status: 0\r\n"]);
    });

    test("§5.9 pieces with their own padding, and line ends, are read", async () => {
      const pieces = [request.subarray(0, 1), request.subarray(1, 5), request.subarray(5)];
      const body = pieces.map((piece) => piece.toString("base64")).join("\r\n");
      expect(said(await ask(body)).code).toBe("ok");
    });

    test("§5.9 a base64 body may be split at every byte", async () => {
      const body = utf8(Buffer.concat([request, request]).toString("base64"));
      for (let at = 1; at < body.length; at++) {
        const asking = server.begin({ path: collect, headers: ["content-type", type] });
        asking.send(body.subarray(0, at)).send(body.subarray(at)).end();
        expect([at, said(await asking.answer()).code]).toEqual([at, "ok"]);
      }
    });

    test.each(["!!!!", "AAAAA", "AAA", "AA=A", "A===", "====", "AAAA AAAA", "AAAA\0", "ÅÅÅÅ"])(
      "§5.9 %j is not base64, and is told so",
      async (text) => {
        expect(said(await ask(text))).toMatchObject({
          code: "invalid_argument",
          message: "the body is not base64, which its content type says it is",
        });
      },
    );
  });
});
