// Requests for what is not there, by hand, against every carriage and protocol.
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { greeter } from "../support/greeter.ts";
import { said } from "../support/answer.ts";
import { envelope, greeting, utf8 } from "../support/bytes.ts";
import type { Answer } from "../support/answer.ts";
import { expectQuiet } from "../support/quiet.ts";
import { carriages, served } from "../support/served.ts";
import type { Served } from "../support/served.ts";
import { stillServes } from "../support/still-serves.ts";
import { goodBody, greet, wires } from "../support/wires.ts";

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

  async function post(type: string, path: string): Promise<Answer> {
    return server.ask({ path, headers: ["content-type", type], body: utf8("{}") });
  }

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
    // A Request's URL is normal.
    ...(carriage.byFetch ? [] : ["/../greet.v1.GreetService/Greet"]),
    `/${"x".repeat(5000)}`,
  ])("path %.60s is nobody's: 404", async (path) => {
    expect((await post("application/json", path)).status).toBe(404);
    expect((await post("application/grpc-web+proto", path)).status).toBe(404);
    await stillServes(server);
  });

  test.each([
    ["a version", ["content-type", "application/json", "connect-protocol-version", "1".repeat(12_000)]],
    ["a content type", ["content-type", "x".repeat(12_000)]],
  ])("%s that is long is not said back whole", async (_name, headers) => {
    const answer = await server.ask({ path: greet, headers, body: utf8("{}") });
    expect(answer.status).toBeGreaterThanOrEqual(400);
    expect(answer.body.toString()).toContain("…");
    expect(answer.body.length).toBeLessThan(500);
    await stillServes(server);
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
        await stillServes(server);
      },
    );

    // As long as a head may be, it would come back three times as long where a text is percent-encoded.
    const long = "%".repeat(12_000);

    test("a long name that the service lacks is not said back whole", async () => {
      const path = `/greet.v1.GreetService/${long}`;
      const { message } = said(await server.ask({ path, headers: type, body: goodBody(wire) }));
      expect(message).toMatch(/^there is no method \/greet\.v1\.GreetService\/%{100,200}…$/);
      await stillServes(server);
    });

    test.each(["Identity", "GZIP"])("a compression is %s in any case", async (name) => {
      const packed = name === "GZIP" ? gzipSync(greeting("Ada")) : greeting("Ada");
      const message = wire.path === greet ? packed : Buffer.alloc(0);
      const flags = name === "GZIP" && message.length > 0 ? 1 : 0;
      const answer = await server.ask({
        path: wire.path,
        headers: [...type, wire.encoding, name],
        body: wire.body(wire.framed ? envelope(flags, message) : message),
      });
      expect(said(answer).code).toBe("ok");
    });

    test("a long name of a compression is not said back whole", async () => {
      const headers = [...type, wire.encoding, long];
      const { message } = said(await server.ask({ path: wire.path, headers, body: goodBody(wire) }));
      expect(message).toMatch(/^compression "%{32}…" is not supported: use \w/);
      await stillServes(server);
    });
  });
});
