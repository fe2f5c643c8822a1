// README.md, section 10, mistakes seen in peers: our client, answered by hand.
// Nothing to observe: §10.6 and §10.8 are the server's. Of §10.7, that a success aborts no signal is inside the process:
// test/life.
import { getEventListeners } from "node:events";
import type { Socket } from "node:net";
import { brotliCompressSync, deflateSync, gzipSync, zstdCompressSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { envelope, greeting } from "../support/bytes.ts";
import { data, frame, goaway, PING, windowUpdate } from "../support/frames.ts";
import { clientOf, greetOnce } from "../support/our-client.ts";
import { expectQuiet } from "../support/quiet.ts";
import { rawServer } from "../support/raw-server.ts";
import { http2Bytes } from "../support/reply.ts";
import type { Reply } from "../support/reply.ts";
import { framed, kinds, unpacksOverFetch } from "../support/kinds.ts";
import { table, type } from "../support/table.ts";
import type { Row } from "../support/table.ts";

expectQuiet();

const one = greeting("one");
const packers = { gzip: gzipSync, deflate: deflateSync, br: brotliCompressSync, zstd: zstdCompressSync };
const carried = kinds.flatMap((kind) => kind.https.map((http) => [kind.name, http, kind] as const));
const goodGrpc: Reply = {
  headers: type("application/grpc"),
  body: envelope(0, one),
  trailers: ["grpc-status", "0"],
};

describe.each(carried)("%s over HTTP/%s", (_name, http, kind) => {
  const header = kind.protocol === "connect" ? "connect-timeout-ms" : "grpc-timeout";

  test.each([60_000.6, 123_456_789.5, 3_600_000_000, 1e300])(
    "§10.1 §10.9 a deadline of %d ms is sent, without a fraction, and with no more digits than there may be",
    async (timeoutMs) => {
      await using server = await rawServer(http);
      server.act = kind.respond([framed(kind, one)]);
      const client = clientOf(server, { protocol: kind.protocol });
      await (kind.name === "a Connect stream"
        ? client.watch({}, { timeoutMs }).receive()
        : client.greet({}, { timeoutMs }));
      const value = (await server.request(0)).field(header);
      expect(value).toMatch(kind.protocol === "connect" ? /^\d{5,10}$/ : /^\d{1,8}[HMSm]$/);
    },
  );

  test("§10.7 a caller's signal has no listener left behind calls that have ended", async () => {
    await using server = await rawServer(http);
    const client = clientOf(server, { protocol: kind.protocol });
    const { signal } = new AbortController();
    for (const reply of [kind.respond([framed(kind, one)]), kind.fail(10, "aborted", "m")]) {
      server.act = reply;
      for (let n = 0; n < 3; n++) {
        const run =
          kind.name === "a Connect stream"
            ? client.watch({}, { signal }).receive()
            : client.greet({}, { signal });
        await run.catch(() => {});
      }
    }
    await expect.poll(() => getEventListeners(signal, "abort").length).toBe(0);
  });
});

describe.each(kinds)("$name", (kind) => {
  const rows = Object.entries(packers).flatMap(([name, pack]): Row[] => {
    const whole = pack(one);
    return Array.from({ length: whole.length - 1 }, (_, n): Row => ({
      name: `§10.3 ${name} that is cut short behind ${n + 1} of ${whole.length} bytes`,
      reply: kind.respond([framed(kind, whole.subarray(0, n + 1), true)], name),
      code: "internal",
      text: new RegExp(`could not be decompressed as ${name}`),
      byFetch: unpacksOverFetch(kind, name),
    }));
  });
  const cut: readonly Row[] =
    kind.name === "Connect unary"
      ? []
      : [
          ...[1, 2, 3, 4].map((bytes): Row => ({
            name: `§10.5 a last frame that is cut short, behind ${bytes} of its 5 bytes of prefix`,
            reply: { ...kind.respond([]), body: envelope(0, one).subarray(0, bytes) },
            code: "internal",
            text: `the body ended inside a message's prefix, after ${bytes} of 5 bytes`,
          })),
          {
            name: "§10.5 a last frame that is cut short inside its message",
            reply: { ...kind.respond([]), body: envelope(0, one, 100) },
            code: "internal",
            text: "the body ended inside a message, after 5 of 100 bytes",
          },
        ];
  table({ ...kind, good: kind.respond([framed(kind, one)]) }, [...rows, ...cut]);
});

test.each(["%", "%4", "%zz", "%C3%28", "%E6%97", "%%%", "%80%ff%00"])(
  "§10.2 the malformed grpc-message %j is read as well as it can be, and throws nothing",
  async (message) => {
    await using server = await rawServer("2");
    server.act = { headers: type("application/grpc", "grpc-status", "10", "grpc-message", message) };
    expect((await greetOnce(clientOf(server, { protocol: "grpc" }))).code).toBe("aborted");
  },
);

test.each<readonly [string, (socket: Socket) => void]>([
  ["GOAWAY", (socket) => socket.end(goaway(1, 2))],
  ["GOAWAY, and the connection stays", (socket) => socket.write(goaway(1, 0))],
  ["a reset of the connection", (socket) => socket.resetAndDestroy()],
  [
    "frames that break the rules",
    (socket) => socket.end(Buffer.concat([data(0, true, one), windowUpdate(0, 0)])),
  ],
  ["PING", (socket) => socket.write(frame(PING, 0, 0, Buffer.alloc(8)))],
])("§10.4 %s on an idle connection is nobody's error", async (name, act) => {
  await using server = await rawServer("2");
  const client = clientOf(server, { protocol: "grpc" });
  let kept: Socket | undefined;
  server.act = (socket, stream) => {
    kept = socket;
    socket.write(http2Bytes(goodGrpc, stream));
  };
  expect((await greetOnce(client)).code).toBe("ok");
  const closed = new Promise((resolve) => kept?.once("close", resolve));
  act(kept as Socket);
  if (name !== "PING") await closed;
  // A reset is done on this side before it has arrived: at most the call that crosses it is lost.
  if (name.startsWith("a reset")) expect(["ok", "unavailable"]).toContain((await greetOnce(client)).code);
  expect((await greetOnce(client)).code).toBe("ok");
  expect(server.connections).toBe(name === "PING" ? 1 : 2);
});
