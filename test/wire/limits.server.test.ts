// README.md, section 8, limits: our server, asked by hand.
import { brotliCompressSync, deflateSync, gzipSync, zstdCompressSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { said } from "../support/answer.ts";
import type { Said } from "../support/answer.ts";
import { envelope, greeting, longGreeting } from "../support/bytes.ts";
import { greeter } from "../support/greeter.ts";
import { expectQuiet } from "../support/quiet.ts";
import { carriages, served } from "../support/served.ts";
import type { Served } from "../support/served.ts";
import { chat, collect, goodBody, greet, watch, wires } from "../support/wires.ts";
import type { Wire } from "../support/wires.ts";

expectQuiet();

const limit = 1000;
const packers = { gzip: gzipSync, deflate: deflateSync, br: brotliCompressSync, zstd: zstdCompressSync };
/** Small enough to pass as they are, and large once they are unpacked. */
const bombs = new Map(Object.entries(packers).map(([name, pack]) => [name, pack(longGreeting(200_000))]));
/** 64 MB behind 64 kB. */
const largeBomb = gzipSync(longGreeting(64_000_000));
const isGreeting = ({ path }: Wire): boolean => path === greet;

describe.each(carriages)("$name", (carriage) => {
  let server: Served;
  beforeAll(async () => {
    server = await served(carriage, greeter({}, { maxReceiveBytes: limit }));
  });
  afterAll(() => server[Symbol.asyncDispose]());
  const here = wires.filter((wire) => wire.over.includes(carriage.http));
  const framed = here.filter((wire) => wire.framed);
  const has = ([name]: readonly [string, unknown]): boolean => carriage.compressions.includes(name);

  async function send(wire: Wire, payload: Uint8Array, compression?: string): Promise<Said> {
    const bytes = wire.framed ? envelope(compression === undefined ? 0 : 1, payload) : payload;
    const more = compression === undefined ? [] : [wire.encoding, compression];
    const headers = ["content-type", wire.proto, ...more];
    const answer = said(await server.ask({ path: wire.path, headers, body: wire.body(bytes) }));
    // The same connection goes on.
    const good = { path: wire.path, headers: ["content-type", wire.proto], body: goodBody(wire) };
    expect(said(await server.ask(good)).code).toBe("ok");
    return answer;
  }

  test.each(framed)("§8.1 $name: a length above the limit is refused on the prefix alone", async (wire) => {
    for (const claimed of [limit + 1, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1]) {
      const asking = server.begin({ path: wire.path, headers: ["content-type", wire.proto] });
      asking.send(wire.body(envelope(0, "", claimed)));
      expect(said(await asking.answer())).toMatchObject({
        code: "resource_exhausted",
        message: `message of ${claimed} bytes exceeds the limit of ${limit} bytes (the server's maxReceiveBytes): send less, or raise it in the server's App`,
      });
      asking.leave();
    }
  });

  test("§8.1 the limit is per message: a stream of many that pass is not above it", async () => {
    const many = Buffer.concat(Array.from({ length: 10 }, () => envelope(0, longGreeting(limit - 3))));
    const headers = ["content-type", "application/connect+proto"];
    expect(said(await server.ask({ path: collect, headers, body: many })).code).toBe("ok");
    const last = Buffer.concat([many, envelope(0, longGreeting(limit - 2))]);
    for (const path of [collect, chat])
      expect(said(await server.ask({ path, headers, body: last })).code).toBe("resource_exhausted");
  });

  describe.each(here)("$name", (wire) => {
    test.each([...bombs].filter(has))("§8.2 %s: a bomb is refused at the limit", async (name, bomb) => {
      expect(bomb.length).toBeLessThan(limit);
      const { code, message } = await send(wire, bomb, name);
      expect(code).toBe("resource_exhausted");
      expect(message).toBe(
        `message is larger than ${limit} bytes once decompressed (the server's maxReceiveBytes): send less, or raise it in the server's App`,
      );
    });
  });

  describe.each(here.filter(isGreeting))("$name", (wire) => {
    test("§8.3 a message at the limit passes, one byte more is resource_exhausted", async () => {
      expect((await send(wire, longGreeting(limit - 3))).code).toBe("ok");
      const { code, message } = await send(wire, longGreeting(limit - 2));
      expect([code, message]).toEqual(["resource_exhausted", expect.stringContaining("maxReceiveBytes")]);
    });

    test.each(Object.entries(packers).filter(has))(
      "§8.3 %s: the same, of what is unpacked",
      async (name, pack) => {
        expect((await send(wire, pack(longGreeting(limit - 3)), name)).code).toBe("ok");
        expect((await send(wire, pack(longGreeting(limit - 2)), name)).code).toBe("resource_exhausted");
      },
    );
  });

  test("§8.4 without another word the limit is 4 MiB", async () => {
    await using plain = await served(carriage, greeter({ greet: () => ({}) }));
    const most = 4 * 1024 * 1024;
    const proto = ["content-type", "application/grpc-web+proto"];
    const claims = plain.begin({ path: greet, headers: proto }).send(envelope(0, "", most + 1));
    expect(said(await claims.answer()).message).toContain(
      `${most + 1} bytes exceeds the limit of ${most} bytes`,
    );
    const message = longGreeting(most - 5);
    expect(message.length).toBe(most);
    const answer = await plain.ask({ path: greet, headers: proto, body: envelope(0, message) });
    expect(said(answer).code).toBe("ok");
    const body = Buffer.concat([message, Buffer.from([0x10])]);
    const above = await plain.ask({ path: greet, headers: ["content-type", "application/proto"], body });
    expect(said(above).code).toBe("resource_exhausted");
  });

  test("§8.5 a Connect unary body above the limit is refused before it has ended", async () => {
    const asking = server.begin({ path: greet, headers: ["content-type", "application/proto"] });
    const answer = await asking.send(Buffer.alloc(limit + 1)).answer();
    expect([answer.status, said(answer).code]).toEqual([429, "resource_exhausted"]);
    asking.leave();
  });

  test("§8.6 a claim of four GiB, and a bomb, take no memory", async () => {
    await using big = await served(carriage, greeter({}, { maxReceiveBytes: Infinity }));
    const headers = ["content-type", "application/grpc-web+proto"];
    const before = process.memoryUsage();
    for (let n = 0; n < 20; n++) {
      const answer = said(await big.ask({ path: greet, headers, body: envelope(0, "x", 2 ** 32 - 1) }));
      expect(answer.message).toBe(`the body ended inside a message, after 1 of ${2 ** 32 - 1} bytes`);
    }
    await using middling = await served(carriage, greeter({}, { maxReceiveBytes: 100_000 }));
    const packed = [...headers, "grpc-encoding", "gzip"];
    for (let n = 0; n < 20; n++) {
      const answer = said(await middling.ask({ path: greet, headers: packed, body: envelope(1, largeBomb) }));
      expect(answer.message).toContain("100000 bytes once decompressed (the server's maxReceiveBytes)");
    }
    const after = process.memoryUsage();
    // One of them, unpacked, would be 64 MB.
    expect(after.arrayBuffers - before.arrayBuffers).toBeLessThan(32e6);
    expect(after.rss - before.rss).toBeLessThan(64e6);
  });
});

test("§8.3 what a limit counts is the message, without its envelope", async () => {
  const [carriage] = carriages;
  await using server = await served(carriage!, greeter({}, { maxReceiveBytes: 5 }));
  const headers = ["content-type", "application/connect+proto"];
  const body = Buffer.concat([envelope(0, greeting("Ada")), envelope(0, greeting("Eve"))]);
  expect(said(await server.ask({ path: collect, headers, body })).code).toBe("ok");
  expect(said(await server.ask({ path: watch, headers, body: envelope(0, greeting("Anna")) })).code).toBe(
    "resource_exhausted",
  );
});
