// README.md, section 8, limits: our client, answered by hand. The limit is 1000 bytes (table.ts).
import { brotliCompressSync, deflateSync, gzipSync, zstdCompressSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { envelope, greeting, longGreeting, utf8 } from "../support/bytes.ts";
import { data, headers } from "../support/frames.ts";
import { clientOf, clientOver, greetOnce, serverFor, watchAll } from "../support/our-client.ts";
import type { Lane } from "../support/our-client.ts";
import { expectQuiet } from "../support/quiet.ts";
import { rawServer } from "../support/raw-server.ts";
import type { Reply } from "../support/reply.ts";
import { framed, kinds, unpacksOverFetch } from "../support/kinds.ts";
import type { Kind } from "../support/kinds.ts";
import { limit, table, type } from "../support/table.ts";
import type { Row, Subject } from "../support/table.ts";

expectQuiet();

const packers = { gzip: gzipSync, deflate: deflateSync, br: brotliCompressSync, zstd: zstdCompressSync };
const above =
  /(?:exceeds the limit of 1000 bytes|is larger than 1000 bytes once decompressed) \(this client's maxReceiveBytes\): raise it in createTransport\(\) or in the call's options$/;

/** By us, or as a content coding by fetch, and then by Node's. */
function isUnpackedOverFetch(kind: Kind, compression: string): boolean {
  return kind.name === "Connect unary" || unpacksOverFetch(kind, compression);
}

describe.each(kinds)("$name", (kind) => {
  const message = (payload: Uint8Array, compression?: string): Reply =>
    kind.respond([framed(kind, payload, compression !== undefined)], compression);
  const rows: readonly Row[] = [
    ...Object.entries(packers).flatMap(([name, pack]): Row[] => [
      {
        name: `§8.2 ${name}: a bomb`,
        reply: message(pack(longGreeting(200_000)), name),
        code: "resource_exhausted",
        text: above,
        byFetch: isUnpackedOverFetch(kind, name),
      },
      {
        name: `§8.3 ${name}: a message that is at the limit when it is unpacked`,
        reply: message(pack(longGreeting(limit - 3)), name),
        code: "ok",
        byFetch: isUnpackedOverFetch(kind, name),
      },
      {
        name: `§8.3 ${name}: one byte more`,
        reply: message(pack(longGreeting(limit - 2)), name),
        code: "resource_exhausted",
        text: above,
        byFetch: isUnpackedOverFetch(kind, name),
      },
    ]),
    { name: "§8.3 a message at the limit", reply: message(longGreeting(limit - 3)), code: "ok" },
    {
      name: "§8.3 one byte more",
      reply: message(longGreeting(limit - 2)),
      code: "resource_exhausted",
      text: above,
    },
  ];
  table({ ...kind, good: message(greeting("one")) }, rows);

  test.each(kind.https)("§8.4 without another word the limit is 4 MiB, over HTTP/%s", async (http) => {
    await using server = await rawServer(http);
    const client = clientOf(server, { protocol: kind.protocol });
    const most = 4 * 1024 * 1024;
    const whole = longGreeting(most - 5);
    expect(whole.length).toBe(most);
    server.act = message(Buffer.concat([whole, Buffer.from([0x10])]));
    expect(await kind.run(client)).toMatchObject({
      code: "resource_exhausted",
      message: expect.stringContaining(`limit of ${most} bytes (this client's maxReceiveBytes)`) as string,
    });
    server.act = message(whole);
    expect((await kind.run(client)).code).toBe("ok");
  });
});

describe.each(kinds.filter(({ name }) => name !== "Connect unary"))("$name", (kind) => {
  const lanes: readonly Lane[] = kind.https.includes("1.1") ? [...kind.https, "fetch"] : kind.https;

  test.each(lanes)(
    "§8.1 a length above the limit fails on the prefix alone, and the call is taken back, over %s",
    async (lane) => {
      const http = lane === "2" ? "2" : "1.1";
      await using server = await serverFor(lane);
      for (const [claimed, maxReceiveBytes] of [
        [limit + 1, limit],
        [2 ** 31, limit],
        [2 ** 32 - 1, limit],
        [4 * 1024 * 1024 + 1, undefined],
      ] as const) {
        const fields = type(kind.binary);
        const prefix = envelope(0, "", claimed);
        server.act = (socket, stream) =>
          socket.write(
            http === "2"
              ? Buffer.concat([
                  headers(stream, false, ":status", "200", ...fields),
                  data(stream, false, prefix),
                ])
              : Buffer.concat([
                  utf8(`HTTP/1.1 200 OK\r\n${fields.join(": ")}\r\ntransfer-encoding: chunked\r\n\r\n5\r\n`),
                  prefix,
                  utf8("\r\n"),
                ]),
          );
        const ended = await kind.run(clientOver(lane, server, { protocol: kind.protocol, maxReceiveBytes }));
        expect([ended.code, ended.message]).toEqual([
          "resource_exhausted",
          `message of ${claimed} bytes exceeds the limit of ${maxReceiveBytes ?? 4 * 1024 * 1024} bytes (this client's maxReceiveBytes): raise it in createTransport() or in the call's options`,
        ]);
        expect(await server.heard.at(-1)?.gone()).toBe(http === "2" ? 8 : -1);
      }
    },
  );

  test.each(lanes)("§8.6 a claim of four GiB takes no memory, over %s", async (lane) => {
    await using server = await serverFor(lane);
    const client = clientOver(lane, server, { protocol: kind.protocol, maxReceiveBytes: Infinity });
    // Nothing ends it well: the message is not there.
    server.act = { headers: type(kind.binary), body: envelope(0, "x", 2 ** 32 - 1) };
    const before = process.memoryUsage();
    for (let n = 0; n < 20; n++)
      expect(await kind.run(client)).toMatchObject({
        code: "internal",
        message: `the body ended inside a message, after 1 of ${2 ** 32 - 1} bytes`,
      });
    const after = process.memoryUsage();
    expect(after.arrayBuffers - before.arrayBuffers).toBeLessThan(32e6);
    expect(after.rss - before.rss).toBeLessThan(64e6);
  });
});

/** What ends a response, with so many bytes, plain and compressed. */
const ends: readonly (readonly [string, Subject, (bytes: number, pack: boolean) => Reply])[] = [
  [
    "an error body",
    subject("Connect unary", greetOnce),
    (bytes, pack) => {
      const json = filled(bytes, '{"code":"aborted","message":"', '"}');
      return {
        status: 409,
        headers: type("application/json", ...(pack ? ["content-encoding", "gzip"] : [])),
        body: pack ? gzipSync(json) : json,
      };
    },
  ],
  [
    "an EndStream",
    subject("a Connect stream", watchAll),
    (bytes, pack) => {
      const json = filled(bytes, '{"error":{"code":"aborted"},"x":"', '"}');
      return {
        headers: type("application/connect+proto", ...(pack ? ["connect-content-encoding", "gzip"] : [])),
        body: pack ? envelope(3, gzipSync(json)) : envelope(2, json),
      };
    },
  ],
  [
    "a trailers block",
    subject("gRPC-Web", greetOnce),
    (bytes, pack) => {
      const block = filled(bytes, "grpc-status: 10\r\nx: ", "\r\n");
      return {
        headers: type("application/grpc-web", ...(pack ? ["grpc-encoding", "gzip"] : [])),
        body: pack ? envelope(0x81, gzipSync(block)) : envelope(0x80, block),
      };
    },
  ],
];

function filled(bytes: number, before: string, after: string): Buffer {
  return utf8(before + "x".repeat(bytes - before.length - after.length) + after);
}

function subject(name: string, run: Subject["run"]): Subject {
  const kind = kinds.find((one) => one.name === name)!;
  return { ...kind, run, good: kind.respond([framed(kind, greeting("one"))]) };
}

for (const [name, subject, end] of ends)
  table(subject, [
    { name: `§8.5 ${name} at the limit`, reply: end(limit, false), code: "aborted" },
    {
      name: `§8.5 ${name} of one byte more`,
      reply: end(limit + 1, false),
      code: "resource_exhausted",
      text: above,
    },
    { name: `§8.5 ${name} at the limit when it is unpacked`, reply: end(limit, true), code: "aborted" },
    {
      name: `§8.5 ${name} of one byte more when it is unpacked`,
      reply: end(limit + 1, true),
      code: "resource_exhausted",
      text: above,
    },
  ]);
