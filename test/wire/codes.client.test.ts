// README.md, section 6, codes: our client, answered by hand.
// Nothing to observe: §6.12 is the server's. §6.6, CANCEL at our deadline, is §9.3.
import { createServer } from "node:net";
import type { AddressInfo, Socket } from "node:net";
import { describe, expect, test } from "vitest";
import { createClient, createTransport } from "@millrace/node";
import type { Protocol } from "@millrace/node";
import { GreetService } from "../../gen/greet/v1/greet_millrace.ts";
import { envelope, greeting, utf8 } from "../support/bytes.ts";
import { data, frame, GOAWAY, goaway, headers, reset } from "../support/frames.ts";
import { clientOf, greetOnce, watchAll } from "../support/our-client.ts";
import { expectQuiet } from "../support/quiet.ts";
import { rawServer } from "../support/raw-server.ts";
import { http2Bytes } from "../support/reply.ts";
import type { Reply } from "../support/reply.ts";
import { framed, kinds } from "../support/kinds.ts";
import { table, type } from "../support/table.ts";
import type { Row } from "../support/table.ts";

expectQuiet();

const one = greeting("one");
const codes = [
  ["canceled", 1],
  ["unknown", 2],
  ["invalid_argument", 3],
  ["deadline_exceeded", 4],
  ["not_found", 5],
  ["already_exists", 6],
  ["permission_denied", 7],
  ["resource_exhausted", 8],
  ["failed_precondition", 9],
  ["aborted", 10],
  ["out_of_range", 11],
  ["unimplemented", 12],
  ["internal", 13],
  ["unavailable", 14],
  ["data_loss", 15],
  ["unauthenticated", 16],
] as const;

/** Statuses without anything of RPC in them. */
const statuses: readonly (readonly [number, string])[] = [
  [201, "unknown"],
  [204, "unknown"],
  [301, "unknown"],
  [302, "unknown"],
  [304, "unknown"],
  [307, "unknown"],
  [400, "internal"],
  [401, "unauthenticated"],
  [403, "permission_denied"],
  [404, "unimplemented"],
  [408, "unknown"],
  [409, "unknown"],
  [412, "unknown"],
  [413, "unknown"],
  [415, "unknown"],
  [418, "unknown"],
  [429, "unavailable"],
  [431, "unknown"],
  [500, "unknown"],
  [501, "unknown"],
  [502, "unavailable"],
  [503, "unavailable"],
  [504, "unavailable"],
  [505, "unknown"],
  [599, "unknown"],
  [800, "unknown"],
];
const page = utf8("<html><body><h1>Bad Gateway</h1></body></html>");

describe.each(kinds)("$name", (kind) => {
  const rows: readonly Row[] = [
    ...codes.map(([name, number]): Row => ({
      name: `§6.1 the code ${name}`,
      reply: kind.fail(number, name, "m"),
      code: name,
      text: "m",
    })),
    ...statuses.map(([status, code]): Row => {
      const location = [301, 302, 307].includes(status) ? ["location", "/elsewhere"] : [];
      const bodiless = status === 204 || status === 304;
      return {
        name: `§6.2 HTTP status ${status} with a page of HTML`,
        reply: { status, headers: type("text/html", ...location), body: bodiless ? undefined : page },
        code,
        text: new RegExp(`HTTP status ${status}`),
      };
    }),
    ...kind.foreign.map((foreign): Row => ({
      name: `§6.9 content type ${JSON.stringify(foreign)}, which is not this protocol's`,
      reply: { ...kind.respond([framed(kind, one)]), headers: foreign === "" ? [] : type(foreign) },
      code: "unknown",
      text: foreign.startsWith("text/")
        ? /^response content-type "text\/[a-z]+" is not [a-z/+-]+; its text: ".*"$/
        : `response content-type ${JSON.stringify(foreign)} is not ${kind.binary}`,
    })),
    {
      name: "§6.9 this protocol with the wrong codec",
      reply: { ...kind.respond([framed(kind, "{}")]), headers: type(kind.json) },
      code: "internal",
      text: /content-type "[^"]+json" /,
    },
    ...(kind.name === "Connect unary"
      ? []
      : [kind.binary.replace("proto", "thrift")].map((other): Row => ({
          name: `§6.9 this protocol with a codec that nobody knows, ${other}`,
          reply: { ...kind.respond([framed(kind, one)]), headers: type(other) },
          code: "internal",
        }))),
    {
      name: "§6.9 a content type of another protocol with 503",
      reply: { ...kind.respond([framed(kind, one)]), status: 503, headers: type("text/plain") },
      code: "unavailable",
    },
    {
      name: "§6.9 a message that is none",
      reply: kind.respond([framed(kind, Buffer.from([0xff]))]),
      code: "internal",
      text: /cannot decode greet.v1.GreetReply/,
    },
    ...["snappy", "compress", "gzip, br", "__proto__"].map((encoding): Row => ({
      name: `§6.10 compression ${JSON.stringify(encoding)} that nobody asked for`,
      reply: kind.respond([framed(kind, one, true)], encoding),
      code: "internal",
      // Over fetch fewer are asked for; the content codings that fetch knows do not come to us.
      text: new RegExp(
        `^the response is compressed with ${JSON.stringify(encoding)}, which was not asked for: gzip, (br, zstd, )?deflate$`,
      ),
      byFetch: kind.name !== "Connect unary" || !/gzip/i.test(encoding),
    })),
  ];
  table({ ...kind, good: kind.respond([framed(kind, one)]) }, rows);
});

describe.each([
  ["gRPC", "2"],
  ["gRPC-Web", "1.1"],
  ["gRPC-Web", "2"],
  ["a Connect stream", "1.1"],
  ["a Connect stream", "2"],
] as const)("%s over HTTP/%s", (name, http) => {
  const kind = kinds.find((one) => one.name === name)!;

  test("§6.11 no message, or several, where exactly one is required: unimplemented", async () => {
    await using server = await rawServer(http);
    const client = clientOf(server, { protocol: kind.protocol });
    const calls = [
      ["Collect", () => client.collect([{ name: "x" }])],
      ...(kind.protocol === "connect" ? [] : [["Greet", () => client.greet({})] as const]),
    ] as const;
    for (const [method, call] of calls) {
      for (const [messages, text] of [
        [[], "no message"],
        [[envelope(0, ""), envelope(0, "")], "more than one message"],
      ] as const) {
        server.act = kind.respond(messages);
        await expect(call()).rejects.toMatchObject({
          code: "unimplemented",
          message: `the response to /greet.v1.GreetService/${method} has ${text}: exactly one is required`,
        });
      }
    }
  });
});

const grpcHead = type("application/grpc+proto");
const goodGrpc: Reply = { headers: grpcHead, body: envelope(0, one), trailers: ["grpc-status", "0"] };

const resets: readonly (readonly [number, string])[] = [
  [0, "internal"],
  [1, "internal"],
  [2, "internal"],
  [3, "internal"],
  [4, "internal"],
  [5, "internal"],
  [6, "internal"],
  [7, "unavailable"],
  [8, "canceled"],
  [9, "internal"],
  [10, "internal"],
  [11, "resource_exhausted"],
  [12, "permission_denied"],
  [13, "internal"],
  [99, "internal"],
  [0xffff_ffff, "internal"],
];

describe.each(kinds)("RST_STREAM, by its code: $name", (kind) => {
  const good = kind.respond([framed(kind, one)]);
  const head = (stream: number): Buffer => headers(stream, false, ":status", "200", ...type(kind.binary));
  const message = framed(kind, one);
  const phases: readonly (readonly [string, (stream: number) => readonly Buffer[]])[] = [
    ["before the head", () => []],
    ["behind the head", (stream) => [head(stream)]],
    ["inside a message", (stream) => [head(stream), data(stream, false, message.subarray(0, 4))]],
    ["behind a message", (stream) => [head(stream), data(stream, false, message)]],
  ];
  for (const [phase, before] of phases) {
    test.each(resets)(`§6.3 ${phase}: %i is %s, and the connection goes on`, async (h2, code) => {
      await using server = await rawServer("2");
      const client = clientOf(server, { protocol: kind.protocol });
      server.act = (socket, stream) => socket.write(Buffer.concat([...before(stream), reset(stream, h2)]));
      const ended = await kind.run(client);
      expect(ended.code).toBe(code);
      expect(ended.message).toMatch(/reset the stream with/);
      expect(ended.error?.isRemote).toBe(false);
      server.act = good;
      expect((await kind.run(client)).code).toBe("ok");
      expect(server.connections).toBe(1);
    });
  }

  test.each(resets)("§6.4 %i behind a complete response takes nothing back", async (h2) => {
    await using server = await rawServer("2");
    const client = clientOf(server, { protocol: kind.protocol });
    server.act = (socket, stream) =>
      socket.write(Buffer.concat([http2Bytes(good, stream), reset(stream, h2)]));
    for (let n = 0; n < 2; n++) expect(await kind.run(client)).toMatchObject({ code: "ok", got: ["one"] });
    expect(server.connections).toBe(1);
  });

  // What ends the others lies outside their bodies.
  if (kind.name !== "a Connect stream" && kind.name !== "gRPC-Web") return;
  test.each(resets)("§6.4 %i behind the message that ends the stream takes nothing back", async (h2) => {
    await using server = await rawServer("2");
    const body = Buffer.from(good.body ?? "");
    server.act = (socket, stream) =>
      socket.write(Buffer.concat([head(stream), data(stream, false, body), reset(stream, h2)]));
    const client = clientOf(server, { protocol: kind.protocol });
    expect(await kind.run(client)).toMatchObject({ code: "ok", got: ["one"] });
  });
});

describe("RST_STREAM", () => {
  test("§6.4 NO_ERROR behind a response to a request that has not ended: the response counts", async () => {
    await using server = await rawServer("2");
    server.actOn = "head";
    server.act = (socket, stream) =>
      socket.write(
        Buffer.concat([
          http2Bytes({ ...goodGrpc, body: envelope(0, Buffer.from([8, 7])) }, stream),
          reset(stream, 0),
        ]),
      );
    const call = clientOf(server, { protocol: "grpc" }).collect();
    expect((await call.finish()).count).toBe(7n);
  });

  test("§6.5 REFUSED_STREAM is safe to retry: the call is sent once more, and is then unavailable", async () => {
    await using server = await rawServer("2");
    server.act = (socket, stream) => socket.write(reset(stream, 7));
    for (const protocol of ["grpc", "connect", "grpc-web"] as const)
      expect((await greetOnce(clientOf(server, { protocol }))).code).toBe("unavailable");
    expect([server.connections, server.heard.length]).toEqual([3, 6]);
  });

  test("§6.5 a reset with any other code is not: nothing is sent twice", async () => {
    await using server = await rawServer("2");
    for (let code = 0; code <= 14; code++) {
      if (code === 7) continue;
      server.act = (socket, stream) => socket.write(reset(stream, code));
      const before = server.heard.length;
      await greetOnce(clientOf(server, { protocol: "grpc" }));
      expect(server.heard.length).toBe(before + 1);
    }
  });
});

const carried: readonly (readonly [Protocol, "1.1" | "2"])[] = [
  ["connect", "1.1"],
  ["connect", "2"],
  ["grpc", "2"],
  ["grpc-web", "1.1"],
  ["grpc-web", "2"],
];

describe.each(carried)("%s over HTTP/%s", (protocol, http) => {
  test("§6.7 a connection that cannot be made is unavailable", async () => {
    const closed = createServer().listen(0, "127.0.0.1");
    await new Promise((resolve) => closed.once("listening", resolve));
    const { port } = closed.address() as AddressInfo;
    await new Promise((resolve) => closed.close(resolve));
    const baseUrl = `http://127.0.0.1:${port}`;
    const client = createClient(GreetService, createTransport({ baseUrl, protocol, httpVersion: http }));
    for (const run of [greetOnce, watchAll]) expect((await run(client)).code).toBe("unavailable");
  });

  test("§6.7 a connection that is lost is unavailable, whether it is ended or reset", async () => {
    await using server = await rawServer(http);
    for (const way of ["end", "resetAndDestroy"] as const) {
      server.act = (socket: Socket) => void socket[way]();
      for (const run of [greetOnce, watchAll])
        expect([way, (await run(clientOf(server, { protocol }))).code]).toEqual([way, "unavailable"]);
    }
  });

  test("§6.8 closing the transport ends what runs as canceled, and the server hears of it", async () => {
    await using server = await rawServer(http);
    server.act = () => {};
    const transport = createTransport({ baseUrl: server.url, protocol, httpVersion: http });
    const client = createClient(GreetService, transport);
    const running = [client.greet({}), client.watch({}).receive()].map((call) =>
      call.then(
        () => "ok",
        (error: unknown) => (error as { code: string }).code,
      ),
    );
    const heard = await Promise.all([server.request(0), server.request(1)]);
    await Promise.all(heard.map((one) => one.until(() => (one.state === "whole" ? true : undefined))));
    await transport.close();
    expect(await Promise.all(running)).toEqual(["canceled", "canceled"]);
    for (const one of heard) expect([8, -1]).toContain(await one.gone());
    expect(await greetOnce(client)).toMatchObject({ code: "canceled" });
  });
});

describe("GOAWAY", () => {
  test("§6.7 that our stream is above is safe to retry: the call goes over a connection of its own", async () => {
    await using server = await rawServer("2");
    const client = clientOf(server, { protocol: "grpc" });
    server.act = goodGrpc;
    expect((await greetOnce(client)).code).toBe("ok");
    server.act = (socket, stream) => {
      socket.write(goaway(stream - 2, 0));
      server.act = goodGrpc;
    };
    expect((await greetOnce(client)).code).toBe("ok");
    expect([server.connections, server.heard.length]).toEqual([2, 3]);
  });

  test("§6.7 twice that our stream is above fails it as unavailable", async () => {
    await using server = await rawServer("2");
    const client = clientOf(server, { protocol: "grpc" });
    server.act = (socket) => socket.write(goaway(0, 0));
    expect(await greetOnce(client)).toMatchObject({
      code: "unavailable",
      message: expect.stringContaining("GOAWAY NO_ERROR") as string,
    });
    expect([server.connections, server.heard.length]).toEqual([2, 2]);
  });

  test("§6.7 that our stream is below lets it finish; the next call gets a connection of its own", async () => {
    await using server = await rawServer("2");
    const client = clientOf(server, { protocol: "grpc" });
    for (const last of [1, 2 ** 31 - 1]) {
      server.act = (socket, stream) =>
        socket.write(Buffer.concat([goaway(last, 0), http2Bytes(goodGrpc, stream)]));
      expect((await greetOnce(client)).code).toBe("ok");
    }
    expect(server.connections).toBe(2);
  });

  test("§6.7 with an error, and the end of the connection, fails what runs; what it says is in the text, made printable", async () => {
    await using server = await rawServer("2");
    const client = clientOf(server, { protocol: "grpc" });
    server.act = (socket, stream) => {
      const payload = Buffer.concat([goaway(stream, 11).subarray(9), utf8("too\r\nmany")]);
      socket.end(frame(GOAWAY, 0, 0, payload));
    };
    const ended = await greetOnce(client);
    expect(ended.code).toBe("unavailable");
    expect(ended.message).toContain("GOAWAY ENHANCE_YOUR_CALM (too??many)");
    server.act = goodGrpc;
    expect((await greetOnce(client)).code).toBe("ok");
  });
});
