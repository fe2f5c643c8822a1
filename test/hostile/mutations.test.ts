// Good bytes with one of them changed: whatever comes of it, every call ends once, and the process goes on.
import type { Socket } from "node:net";
import { gzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import type { Protocol } from "@millrace/node";
import { greeter } from "../support/greeter.ts";
import { envelope, greeting, utf8 } from "../support/bytes.ts";
import { data, frame, headers, preface, SETTINGS } from "../support/frames.ts";
import { grpcHead } from "../support/raw-http2.ts";
import { expectQuiet } from "../support/quiet.ts";
import { clientOver, greetOnce, serverFor, watchAll } from "../support/our-client.ts";
import type { Lane } from "../support/our-client.ts";
import { http1Bytes, http2Bytes } from "../support/reply.ts";
import { RawSocket } from "../support/raw-socket.ts";
import { carriages, served } from "../support/served.ts";
import { chat, greet, watch } from "../support/wires.ts";

expectQuiet();

const codes = new Set([
  ...["ok", "canceled", "unknown", "invalid_argument", "deadline_exceeded", "not_found", "already_exists"],
  ...["permission_denied", "resource_exhausted", "failed_precondition", "aborted", "out_of_range"],
  ...["unimplemented", "internal", "unavailable", "data_loss", "unauthenticated"],
]);

/** Every byte, one after the other: changed a little, changed to all ones, left out. */
function* mutants(whole: Buffer): Generator<Buffer> {
  for (let at = 0; at < whole.length; at++) {
    for (const byte of [(whole[at] as number) ^ 1, 0xff]) {
      const mutant = Buffer.from(whole);
      mutant[at] = byte;
      yield mutant;
    }
    yield Buffer.concat([whole.subarray(0, at), whole.subarray(at + 1)]);
  }
}

/** Runs `work` on each of `items`, some at once. */
async function each<T>(items: Iterable<T>, work: (item: T) => Promise<void>): Promise<number> {
  const left = items[Symbol.iterator]();
  let count = 0;
  const worker = async (): Promise<void> => {
    for (let next = left.next(); next.done !== true; next = left.next()) {
      count++;
      await work(next.value);
    }
  };
  await Promise.all(Array.from({ length: 16 }, worker));
  return count;
}

describe("responses", () => {
  const zipped = gzipSync(greeting("one"));
  const stream = Buffer.concat([
    envelope(1, zipped),
    envelope(0, greeting("two")),
    envelope(
      2,
      utf8(
        '{"error":{"code":"aborted","message":"m","details":[{"type":"a.B","value":"AQ"}]},"metadata":{"a":["b"]}}',
      ),
    ),
  ]);
  const web = Buffer.concat([
    envelope(0, greeting("one")),
    envelope(0x80, utf8("grpc-status: 5\r\ngrpc-message: a%20b\r\n")),
  ]);
  const cases: readonly (readonly [string, "1.1" | "2", Protocol, Buffer, typeof greetOnce])[] = [
    [
      "Connect unary",
      "1.1",
      "connect",
      http1Bytes({
        headers: ["content-type", "application/proto", "content-encoding", "gzip"],
        body: zipped,
      }),
      greetOnce,
    ],
    [
      "a Connect error",
      "1.1",
      "connect",
      http1Bytes({
        status: 503,
        headers: ["content-type", "application/json"],
        body: utf8('{"code":"aborted"}'),
      }),
      greetOnce,
    ],
    [
      "a Connect stream",
      "1.1",
      "connect",
      http1Bytes({
        headers: ["content-type", "application/connect+proto", "connect-content-encoding", "gzip"],
        body: stream,
      }),
      watchAll,
    ],
    [
      "gRPC-Web",
      "1.1",
      "grpc-web",
      http1Bytes({ headers: ["content-type", "application/grpc-web+proto"], body: web }),
      greetOnce,
    ],
    [
      "a Connect stream",
      "2",
      "connect",
      http2Bytes(
        { headers: ["content-type", "application/connect+proto"], body: stream.subarray(5 + zipped.length) },
        1,
      ),
      watchAll,
    ],
    [
      "gRPC",
      "2",
      "grpc",
      http2Bytes(
        {
          headers: ["content-type", "application/grpc+proto", "grpc-encoding", "gzip"],
          body: envelope(1, zipped),
          trailers: ["grpc-status", "5", "grpc-message", "a%20b", "grpc-status-details-bin", "CAUSA2EgYg"],
        },
        1,
      ),
      greetOnce,
    ],
  ];
  const everywhere = cases.flatMap(([name, http, ...rest]) =>
    (http === "2" ? ["2" as const] : (["1.1", "fetch"] as const)).map(
      (lane): readonly [string, Lane, ...typeof rest] => [name, lane, ...rest],
    ),
  );
  test.each(everywhere)("%s over %s", async (_name, lane, protocol, whole, run) => {
    await using server = await serverFor(lane);
    const queue: Buffer[] = [];
    server.act = (socket: Socket) => socket.end(queue.shift() ?? "");
    const count = await each(mutants(whole), async (mutant) => {
      queue.push(mutant);
      const { code } = await run(clientOver(lane, server, { protocol }));
      expect(codes).toContain(code);
    });
    expect(count).toBeGreaterThan(whole.length);
    queue.push(whole);
    expect(codes).toContain((await run(clientOver(lane, server, { protocol }))).code);
  });
});

describe.each(carriages)("requests to $name", (carriage) => {
  const head = (path: string, type: string, length: number, ...more: string[]): string =>
    [
      `POST ${path} HTTP/1.1`,
      "host: victim",
      `content-type: ${type}`,
      ...more,
      `content-length: ${length}`,
      "",
      "",
    ].join("\r\n");
  const zipped = envelope(1, gzipSync(greeting("Ada")));
  const unary = utf8('{"name":"Ada","mood":{"level":5}}');
  const opened = Buffer.concat([preface, frame(SETTINGS, 0, 0)]);
  const json = [
    ":method",
    "POST",
    ":scheme",
    "http",
    ":authority",
    "victim",
    ":path",
    greet,
    "content-type",
    "application/json",
  ];
  const cases: readonly (readonly [string, Buffer])[] =
    carriage.http === "1.1"
      ? [
          [
            "Connect unary",
            Buffer.concat([
              utf8(head(greet, "application/json", unary.length, "connect-timeout-ms: 60000")),
              unary,
            ]),
          ],
          [
            "a Connect stream",
            Buffer.concat([utf8(head(watch, "application/connect+proto", 5)), envelope(0, "")]),
          ],
          [
            "gRPC-Web",
            Buffer.concat([
              utf8(head(greet, "application/grpc-web+proto", zipped.length, "grpc-encoding: gzip")),
              zipped,
            ]),
          ],
        ]
      : [
          ["Connect unary", Buffer.concat([opened, headers(1, false, ...json), data(1, true, unary)])],
          [
            "gRPC",
            Buffer.concat([
              opened,
              grpcHead(1, chat, "grpc-encoding", "gzip"),
              data(1, false, zipped),
              data(1, true, zipped),
            ]),
          ],
        ];
  test.each(cases)("%s", async (_name, whole) => {
    await using server = await served(carriage, greeter());
    const count = await each(mutants(whole), async (mutant) => {
      const raw = RawSocket.to(server.port).send(mutant);
      raw.socket.end();
      await raw.closed;
    });
    expect(count).toBeGreaterThan(whole.length);
    const good = { path: greet, headers: ["content-type", "application/json"], body: unary };
    expect((await server.ask(good)).body.toString()).toBe('{"greeting":"Hello, Ada!"}');
    for (const { code } of await server.calls.ended(server.calls.begun)) expect(codes).toContain(code);
  });
});
