// Requests whose head is wrong, by hand, against every carriage and protocol (PROTOCOL.md sections 1 to 6).
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { greeter } from "../support/greeter.ts";
import { said } from "../support/answer.ts";
import { utf8 } from "../support/bytes.ts";
import type { Answer } from "../support/answer.ts";
import { expectQuiet } from "../support/quiet.ts";
import { carriages, served } from "../support/served.ts";
import type { Served } from "../support/served.ts";
import { chat, goodBody, greet, watch, wires } from "../support/wires.ts";

expectQuiet();

describe.each(carriages)("$name", (carriage) => {
  let server: Served;
  beforeAll(async () => {
    server = await served(carriage, greeter());
  });
  afterAll(async () => {
    await server[Symbol.asyncDispose]();
    expect(server.calls.ends.length).toBe(server.calls.begun);
  });
  const here = wires.filter((wire) => wire.over.includes(carriage.http));

  /** The same connection goes on. */
  async function stillServes(): Promise<void> {
    const answer = await server.ask({
      path: greet,
      headers: ["content-type", "application/json"],
      body: utf8('{"name":"Ada"}'),
    });
    expect(answer.body.toString()).toBe('{"greeting":"Hello, Ada!"}');
  }

  async function post(type: string, path = greet, body: Uint8Array = utf8("{}")): Promise<Answer> {
    return server.ask({ path, headers: ["content-type", type], body });
  }

  test.each([
    "text/plain",
    "application/grpc+thrift",
    "application/connect+json",
    "application/xml",
    "",
    "/",
    ";",
  ])("content type %j of a unary method is answered with 415 and the types it takes", async (type) => {
    const answer = await post(type);
    expect(answer.status).toBe(415);
    const takes = answer.headers.get("accept-post")?.split(", ") ?? [];
    expect(takes).toContain("application/proto");
    expect(takes).toContain("application/json");
    expect(takes).toContain("application/grpc+proto");
    expect(takes).toContain("application/grpc-web+json");
    expect(takes).not.toContain("application/connect+proto");
    await stillServes();
  });

  test.each(["application/proto", "application/json", "application/connect+yaml"])(
    "content type %j of a stream is answered with 415 and the types it takes",
    async (type) => {
      const answer = await post(type, watch);
      expect(answer.status).toBe(415);
      expect(answer.headers.get("accept-post")).toContain("application/connect+proto");
      expect(answer.headers.get("accept-post")).not.toContain("application/json");
    },
  );

  test("a request without a content type is answered with 415", async () => {
    const answer = await server.ask({ path: greet, headers: [], body: utf8("{}") });
    expect(answer.status).toBe(415);
  });

  test("parameters and case of a content type do not count", async () => {
    const answer = await post("Application/JSON; Charset=UTF-8");
    expect(answer.status).toBe(200);
  });

  test.each(["PUT", "DELETE", "PATCH", "OPTIONS", "PROPFIND"])(
    "%s is answered with 405 and what is allowed",
    async (method) => {
      const answer = await server.ask({ method, path: greet, headers: [] });
      expect([answer.status, answer.headers.get("allow")]).toEqual([405, "GET, POST"]);
      const stream = await server.ask({ method, path: watch, headers: [] });
      expect([stream.status, stream.headers.get("allow")]).toEqual([405, "POST"]);
      await stillServes();
    },
  );

  test("GET of a method that changes something is answered with 405", async () => {
    const answer = await server.ask({ method: "GET", path: `${watch}?connect=v1`, headers: [] });
    expect([answer.status, answer.headers.get("allow")]).toEqual([405, "POST"]);
  });

  test.each([
    "/",
    "/nothing",
    "/greet.v1.GreetService",
    "/greet.v1.GreetServiceX",
    "/greet.v1.GreetServiceX/Greet",
    "/GREET.V1.GREETSERVICE/Greet",
    "//greet.v1.GreetService/Greet",
    "/prefix/greet.v1.GreetService/Greet",
    "/__proto__/constructor",
    "/constructor/constructor",
    "/../greet.v1.GreetService/Greet",
    `/${"x".repeat(5000)}`,
  ])("path %.60s is nobody's: 404", async (path) => {
    expect((await post("application/json", path)).status).toBe(404);
    expect((await post("application/grpc-web+proto", path)).status).toBe(404);
    await stillServes();
  });

  describe.each(here)("$name", (wire) => {
    const type = ["content-type", wire.proto];

    test.each(["greet", "Greet/", "Greet/More", "__proto__", "constructor", "Gr%65et", ""])(
      "a method %j that the service lacks is unimplemented, by name",
      async (name) => {
        const path = `/greet.v1.GreetService/${name}`;
        const answer = await server.ask({ path, headers: type, body: goodBody(wire) });
        if (wire.name === "Connect unary") expect(answer.status).toBe(404);
        else expect(answer.status).toBe(200);
        const { code, message } = said(answer);
        expect(code).toBe("unimplemented");
        expect(message).toContain(path);
        await stillServes();
      },
    );

    const grammar =
      wire.timeout === "grpc-timeout" ? "eight digits and one of H, M, S, m, u, n" : "ten digits";
    test.each(
      wire.timeout === "grpc-timeout"
        ? ["", "5", "m", "-1S", "1.5S", "123456789m", "1s", "1 S", "1Ss", "0x1S", "١S", "1e3m", "∞"]
        : ["", "-1", "1.5", "12345678901", "1s", "1e3", "0x10", "NaN", "Infinity", "1 0", "+5"],
    )("timeout %j is invalid_argument: the value and the grammar are named", async (value) => {
      const text = Buffer.from(value, "utf8").toString("latin1");
      const answer = await server.ask({
        path: wire.path,
        headers: [...type, wire.timeout, text],
        body: goodBody(wire),
      });
      const { code, message } = said(answer);
      expect(code).toBe("invalid_argument");
      expect(message).toContain(`${wire.timeout} ${JSON.stringify(text)}`);
      expect(message).toContain(grammar);
      await stillServes();
    });

    test.each(wire.timeout === "grpc-timeout" ? ["99999999H", "99999999M", "99999999n"] : ["9999999999"])(
      "timeout %j is the longest of its unit, and does not wrap",
      async (value) => {
        const answer = await server.ask({
          path: wire.path,
          headers: [...type, wire.timeout, value],
          body: goodBody(wire),
        });
        expect(said(answer).code).toBe("ok");
      },
    );

    test("a timeout that has passed already is deadline_exceeded", async () => {
      const value = wire.timeout === "grpc-timeout" ? "0n" : "0";
      const answer = await server.ask({
        path: wire.path,
        headers: [...type, wire.timeout, value],
        body: goodBody(wire),
      });
      expect(said(answer).code).toBe("deadline_exceeded");
    });

    test.each(["snappy", "GZIP", "gzip, br", "x", "__proto__"])(
      "compression %j is unimplemented, and what is supported is listed",
      async (name) => {
        const answer = await server.ask({
          path: wire.path,
          headers: [...type, wire.encoding, name],
          body: goodBody(wire),
        });
        const { code, message } = said(answer);
        expect(code).toBe("unimplemented");
        expect(message).toContain(JSON.stringify(name));
        expect(message).toContain("gzip");
        expect(answer.headers.get(wire.accept)).toContain("gzip");
        await stillServes();
      },
    );

    test("compression identity, and an empty name, are none", async () => {
      for (const name of ["identity", ""]) {
        const headers = [...type, wire.encoding, name];
        const answer = await server.ask({ path: wire.path, headers, body: goodBody(wire) });
        expect(said(answer).code).toBe("ok");
      }
    });

    test("what the client says to accept is never a reason to fail", async () => {
      for (const list of ["", ",,,", "nothing;q=0", "*;q=x", "gzip;q=0.5,,br", "\t"]) {
        const headers = [...type, wire.accept, list];
        const answer = await server.ask({ path: wire.path, headers, body: goodBody(wire) });
        expect(said(answer).code).toBe("ok");
      }
    });
  });

  test.each(["2", "", "1, 1", "one"])("connect-protocol-version %j is refused by name", async (version) => {
    const answer = await server.ask({
      path: greet,
      headers: ["content-type", "application/json", "connect-protocol-version", version],
      body: utf8("{}"),
    });
    expect(answer.status).toBe(400);
    const { code, message } = said(answer);
    expect(code).toBe("invalid_argument");
    expect(message).toBe(`connect-protocol-version ${JSON.stringify(version)} is not 1`);
  });

  test("Connect GET: each thing that can be wrong with a query is told", async () => {
    const queries: readonly (readonly [query: string, status: number, code: string, text: string])[] = [
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
      ["connect=v1&encoding=proto&compression=gzip&base64=1&message=AAAA", 500, "internal", "gzip"],
    ];
    for (const [query, status, code, text] of queries) {
      const answer = await server.ask({ method: "GET", path: `${greet}?${query}`, headers: [] });
      expect([query, answer.status, said(answer).code]).toEqual([query, status, code]);
      expect(said(answer).message).toContain(text);
    }
    await stillServes();
  });

  test("Connect GET: another codec, or a body, is answered with 415", async () => {
    const query = "connect=v1&encoding=json&message=%7B%7D";
    const yaml = await server.ask({ method: "GET", path: `${greet}?encoding=yaml&message=`, headers: [] });
    expect(yaml.status).toBe(415);
    // Over HTTP/2 with its length, and without.
    for (const headers of carriage.http === "2" ? [["content-length", "2"], []] : [[]]) {
      const body = await server.ask({ method: "GET", path: `${greet}?${query}`, headers, body: utf8("{}") });
      expect(body.status).toBe(415);
      expect(body.headers.get("accept-post")).toContain("application/json");
    }
    const nothing = await server.ask({
      method: "GET",
      path: `${greet}?${query}`,
      headers: [],
      body: utf8(""),
    });
    expect(nothing.status).toBe(200);
    await stillServes();
  });

  test("Connect GET: parameters come in any order, and unknown ones are passed over", async () => {
    const query = "x&message=%7B%22name%22%3A%22Ada%22%7D&=&encoding=json&__proto__=1&connect=v1&message=2";
    const answer = await server.ask({ method: "GET", path: `${greet}?${query}`, headers: [] });
    expect(answer.body.toString()).toBe('{"greeting":"Hello, Ada!"}');
  });

  test("metadata that is not base64 costs its reader an error, and nobody else", async () => {
    await using reads = await served(
      carriage,
      greeter({
        greet: (_request, call) => ({ greeting: String(call.requestHeaders.getBinary("token-bin")?.length) }),
      }),
    );
    const headers = ["content-type", "application/json"];
    for (const bad of ["!", "A", "AA=A", "%%%"]) {
      const answer = await reads.ask({
        path: greet,
        headers: [...headers, "token-bin", bad],
        body: utf8("{}"),
      });
      expect(said(answer)).toMatchObject({
        code: "internal",
        message: `metadata "token-bin" is not base64: ${JSON.stringify(bad)}`,
      });
      const unread = await server.ask({
        path: greet,
        headers: [...headers, "token-bin", bad],
        body: utf8("{}"),
      });
      expect(unread.status).toBe(200);
    }
    for (const good of ["QUI", "QUI=", "QUI, Qw==", "QUI,Qw"]) {
      const answer = await reads.ask({
        path: greet,
        headers: [...headers, "token-bin", good],
        body: utf8("{}"),
      });
      expect(answer.body.toString()).toBe('{"greeting":"2"}');
    }
  });

  if (carriage.http === "1.1") {
    test("gRPC over HTTP/1.1 is answered with 505", async () => {
      expect((await post("application/grpc", chat)).status).toBe(505);
      expect((await post("application/grpc+proto", greet)).status).toBe(505);
      await stillServes();
    });
  }
});
