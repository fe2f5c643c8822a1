// README.md, section 10, mistakes seen in peers: our server, asked by hand; behind it, for §10.6, a server that answers by
// hand and breaks off.
// Nothing to observe: §10.2, §10.4 and §10.9's first half are the client's. §10.7 is inside the process: test/life.
import { brotliCompressSync, deflateSync, gzipSync, zstdCompressSync } from "node:zlib";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, expect, test } from "vitest";
import { createNodeHandler } from "@millrace/node";
import { said } from "../support/answer.ts";
import { envelope, greeting, utf8 } from "../support/bytes.ts";
import { greeter } from "../support/greeter.ts";
import { clientOf } from "../support/our-client.ts";
import { expectQuiet } from "../support/quiet.ts";
import { rawServer } from "../support/raw-server.ts";
import type { Act } from "../support/reply.ts";
import { RawSocket } from "../support/raw-socket.ts";
import { carriages, served } from "../support/served.ts";
import { chat, collect, goodBody, greet, watch, wires } from "../support/wires.ts";
import { type } from "../support/table.ts";

expectQuiet();

const packers = { gzip: gzipSync, deflate: deflateSync, br: brotliCompressSync, zstd: zstdCompressSync };

describe.each(carriages)("$name", (carriage) => {
  const here = wires.filter((wire) => wire.over.includes(carriage.http));
  const framed = here.filter((wire) => wire.framed);

  test("§10.1 a timeout is never a fraction, nor 0.5s five of anything; 1000H is far away", async () => {
    await using server = await served(
      carriage,
      greeter({ greet: (_request, call) => ({ greeting: String(call.remainingMs > 3e9) }) }),
    );
    for (const wire of here.filter((wire) => wire.timeout === "grpc-timeout")) {
      const ask = async (timeout: string): Promise<ReturnType<typeof said>> =>
        said(
          await server.ask({
            path: greet,
            headers: ["content-type", wire.proto, "grpc-timeout", timeout],
            body: goodBody(wire),
          }),
        );
      for (const bad of ["100.5m", "123456789m", "0.5s", "0.5S"])
        expect([bad, (await ask(bad)).code]).toEqual([bad, "invalid_argument"]);
      expect((await ask("1000H")).messages).toEqual([greeting("true")]);
    }
  });

  test.each(Object.entries(packers).filter(([name]) => carriage.compressions.includes(name)))(
    "§10.3 %s that is cut short is an error of its call alone",
    async (name, pack) => {
      await using server = await served(carriage, greeter());
      const whole = pack(greeting("Ada"));
      for (const wire of here) {
        const ask = async (bytes: Uint8Array): Promise<ReturnType<typeof said>> =>
          said(
            await server.ask({
              path: wire.path,
              headers: ["content-type", wire.proto, wire.encoding, name],
              body: wire.body(wire.framed ? envelope(1, bytes) : bytes),
            }),
          );
        for (let at = 1; at < whole.length; at++) {
          const { code, message } = await ask(whole.subarray(0, at));
          expect([wire.name, at, code]).toEqual([wire.name, at, "internal"]);
          expect(message).toContain(`could not be decompressed as ${name}`);
        }
      }
    },
  );

  test.each(framed)(
    "§10.5 $name: a last frame that is cut short is told, with what came and what was claimed",
    async (wire) => {
      await using server = await served(carriage, greeter());
      const good = envelope(0, wire.path === watch ? "" : greeting("Ada"));
      const ask = async (path: string, body: Uint8Array): Promise<ReturnType<typeof said>> =>
        said(await server.ask({ path, headers: ["content-type", wire.proto], body: wire.body(body) }));
      for (let at = 1; at < 5; at++)
        expect(await ask(wire.path, good.subarray(0, at))).toMatchObject({
          code: "invalid_argument",
          message: `the body ended inside a message's prefix, after ${at} of 5 bytes`,
        });
      expect(await ask(wire.path, envelope(0, greeting("Ada"), 900))).toMatchObject({
        code: "invalid_argument",
        message: "the body ended inside a message, after 5 of 900 bytes",
      });
      for (const path of [collect, chat])
        expect(await ask(path, Buffer.concat([good, Buffer.from([0, 0])]))).toMatchObject({
          code: "invalid_argument",
          message: "the body ended inside a message's prefix, after 2 of 5 bytes",
        });
    },
  );

  const head = (body: string): string =>
    `HTTP/1.1 200 OK\r\ncontent-type: application/connect+proto\r\n${body}`;
  const one = envelope(0, greeting("one"));
  const cuts: readonly (readonly [string, Act])[] = [
    [
      "inside a body of known length",
      (socket) => socket.end(Buffer.concat([utf8(head("content-length: 100\r\n\r\n")), one])),
    ],
    [
      "inside a chunked body",
      (socket) =>
        socket.end(Buffer.concat([utf8(head("transfer-encoding: chunked\r\n\r\na\r\n")), one, utf8("\r\n")])),
    ],
    [
      "at the end of a body that ends with its connection",
      (socket) => socket.end(Buffer.concat([utf8(head("connection: close\r\n\r\n")), one])),
    ],
    [
      "in a whole response, inside a message",
      { headers: type("application/connect+proto"), body: one.subarray(0, -1) },
    ],
  ];
  test.each(cuts)(
    "§10.6 what an upstream cut short %s does not end as if it were whole",
    async (_name, act) => {
      await using upstream = await rawServer("1.1");
      upstream.act = act;
      const client = clientOf(upstream);
      await using server = await served(
        carriage,
        greeter({ watch: () => client.watch({}), chat: () => client.watch({}) }),
      );
      for (const wire of framed) {
        const body = wire.body(envelope(0, ""));
        const answer = said(await server.ask({ path: watch, headers: ["content-type", wire.proto], body }));
        expect([wire.name, answer.code]).toEqual([
          wire.name,
          expect.stringMatching(/^(unavailable|internal)$/),
        ]);
      }
    },
  );

  test("§10.8 a protocol that the App leaves out is not served, by any content type or verb", async () => {
    for (const only of ["connect", "grpc", "grpc-web"] as const) {
      if (only === "grpc" && carriage.byFetch) continue;
      await using server = await served(carriage, greeter({}, { protocols: [only] }));
      for (const wire of here) {
        const name = wire.name.includes("Connect") ? "connect" : wire.name === "gRPC" ? "grpc" : "grpc-web";
        if (name === only) continue;
        for (const value of [wire.proto, wire.json]) {
          const headers = ["content-type", value];
          const answer = await server.ask({ path: wire.path, headers, body: goodBody(wire) });
          expect([only, value, answer.status]).toEqual([only, value, 415]);
          expect(answer.headers.get("accept-post")).not.toContain(value);
        }
      }
      const query = "connect=v1&encoding=json&message=%7B%7D";
      const get = await server.ask({ method: "GET", path: `${greet}?${query}`, headers: [] });
      expect(get.status).toBe(only === "connect" ? 200 : 405);
    }
  });

  test("§10.9 a deadline that was sent is enforced", async () => {
    await using server = await served(
      carriage,
      greeter({
        greet: () => new Promise(() => {}),
        // oxlint-disable-next-line require-yield -- it never comes to that
        async *watch() {
          await new Promise(() => {});
        },
      }),
    );
    for (const wire of here) {
      const value = wire.timeout === "grpc-timeout" ? "20m" : "20";
      const headers = ["content-type", wire.proto, wire.timeout, value];
      const answer = await server.ask({ path: wire.path, headers, body: goodBody(wire) });
      expect([wire.name, said(answer).code]).toEqual([wire.name, "deadline_exceeded"]);
    }
  });
});

test("§10.8 a body that somebody has read before is not taken past the limit: the mistake is told", async () => {
  const { error } = console;
  const reported: unknown[] = [];
  console.error = (...args: unknown[]) => reported.push(args);
  const handler = createNodeHandler(greeter({}, { maxReceiveBytes: 10 }));
  const server = createServer((request, response) => {
    // As body parsers do.
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      (request as { body?: unknown }).body = JSON.parse(Buffer.concat(chunks).toString());
      handler(request, response);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const raw = RawSocket.to((server.address() as AddressInfo).port);
  const body = `{"name":"${"x".repeat(100)}"}`;
  raw.send(
    `POST ${greet} HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
  );
  const answer = await raw.answer();
  console.error = error;
  expect([answer.status, answer.body.toString()]).toEqual([
    500,
    expect.stringContaining("mount the RPC handler before body parsers"),
  ]);
  expect(reported.length).toBe(1);
  raw.socket.destroy();
  server.close();
});
