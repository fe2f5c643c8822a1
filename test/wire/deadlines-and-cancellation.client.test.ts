// README.md, section 9, deadlines and cancellation: our client, answered by hand.
// Nothing to observe: §9.2 and §9.4 are the server's.
import { createServer } from "node:net";
import type { AddressInfo, Socket } from "node:net";
import { afterEach, describe, expect, test, vi } from "vitest";
import type { ReplyStream } from "@millrace/node";
import type { GreetServiceClient } from "../../gen/greet/v1/greet_millrace.ts";
import type { GreetReply } from "../../gen/greet/v1/greet_pb.ts";
import { envelope, greeting, utf8 } from "../support/bytes.ts";
import { fakeClock, pass } from "../support/fake-clock.ts";
import { data, headers, reset } from "../support/frames.ts";
import { clientOver, serverFor } from "../support/our-client.ts";
import type { Lane } from "../support/our-client.ts";
import { expectQuiet, steady } from "../support/quiet.ts";
import { kinds } from "../support/kinds.ts";
import { type } from "../support/table.ts";

expectQuiet();
afterEach(() => void vi.restoreAllMocks());

const carried = [
  ["connect", "1.1"],
  ["connect", "2"],
  ["grpc", "2"],
  ["grpc-web", "1.1"],
  ["grpc-web", "2"],
  ["connect", "fetch"],
  ["grpc-web", "fetch"],
] as const;

async function codeOf(outcome: Promise<unknown>): Promise<string> {
  try {
    await outcome;
    return "ok";
  } catch (error) {
    return (error as { code: string }).code;
  }
}

/** The head of a stream's response, and one message: then nothing more. */
function begun(name: string, http: "1.1" | "2", stream: number): Uint8Array {
  const fields = type(kinds.find((kind) => kind.name === name)!.binary);
  const message = envelope(0, greeting("one"));
  if (http === "2")
    return Buffer.concat([headers(stream, false, ":status", "200", ...fields), data(stream, false, message)]);
  return Buffer.concat([
    utf8(`HTTP/1.1 200 OK\r\n${fields.join(": ")}\r\ntransfer-encoding: chunked\r\n\r\n`),
    utf8(`${message.length.toString(16)}\r\n`),
    message,
    utf8("\r\n"),
  ]);
}

const streams = { connect: "a Connect stream", grpc: "gRPC", "grpc-web": "gRPC-Web" } as const;

describe.each(carried)("%s over %s", (protocol, lane) => {
  const http = lane === "2" ? "2" : "1.1";
  fakeClock();

  test("§9.1 the deadline covers what a server does not answer, and the request is taken back", async () => {
    await using server = await serverFor(lane);
    server.act = () => {};
    const client = clientOver(lane, server, { protocol });
    const options = { timeoutMs: 300 };
    const calls = [client.greet({}, options), client.watch({}, options).receive()].map(codeOf);
    await Promise.all([server.request(0), server.request(1)]);
    pass(300);
    expect(await Promise.all(calls)).toEqual(["deadline_exceeded", "deadline_exceeded"]);
    for (const request of server.heard) expect(await request.gone()).toBe(http === "2" ? 8 : -1);
    expect(server.heard.length).toBe(2);
  });

  test("§9.1 the deadline covers the middle of a response", async () => {
    await using server = await serverFor(lane);
    server.act = (socket, stream) => socket.write(begun(streams[protocol], http, stream));
    const replies = clientOver(lane, server, { protocol }).watch({}, { timeoutMs: 300 });
    expect((await replies.receive())?.greeting).toBe("one");
    const outcome = codeOf(replies.receive());
    pass(300);
    expect(await outcome).toBe("deadline_exceeded");
    expect(await (await server.request(0)).gone()).toBe(http === "2" ? 8 : -1);
  });

  test("§9.1 the deadline covers sending to a server that does not read", async () => {
    const sockets: Socket[] = [];
    const deaf = await listening((socket) => void sockets.push(socket.pause()));
    const client = clientAt(`http://127.0.0.1:${deaf.port}`, protocol, lane);
    const call = client.collect({ timeoutMs: 50 });
    let sent = 0;
    const sending = (async () => {
      for (;;) {
        await call.send({ name: "x".repeat(100_000) });
        sent++;
      }
    })();
    const outcome = codeOf(sending);
    await steady(() => sent);
    pass(50);
    expect(await outcome).toBe("deadline_exceeded");
    expect(await codeOf(call.finish())).toBe("deadline_exceeded");
    await deaf.close(sockets);
  });

  test("§9.1 the deadline covers a connection that is accepted, and dead", async () => {
    const sockets: Socket[] = [];
    const dead = await listening((socket) => void sockets.push(socket.pause()));
    const options = { timeoutMs: 50 };
    const calls = ["http", "https"].flatMap((scheme) => {
      const client = clientAt(`${scheme}://127.0.0.1:${dead.port}`, protocol, lane);
      return [
        client.greet({}, options),
        client.watch({}, options).receive(),
        client.collect(options).finish(),
      ].map(codeOf);
    });
    await steady(() => sockets.length);
    pass(50);
    expect(new Set(await Promise.all(calls))).toEqual(new Set(["deadline_exceeded"]));
    await dead.close(sockets);
  });

  const ways: readonly [string, (stream: ReplyStream<GreetReply>) => Promise<unknown>][] = [
    [
      "break",
      async (stream) => {
        for await (const _ of stream) break;
      },
    ],
    [
      "throw",
      async (stream) => {
        const failing = (async () => {
          for await (const _ of stream) throw new Error("enough");
        })();
        await expect(failing).rejects.toThrow("enough");
      },
    ],
    [
      "return",
      async (stream) =>
        (async () => {
          for await (const reply of stream) return reply;
          return undefined;
        })(),
    ],
  ];
  test.each(ways)("§9.5 leaving a for await by %s cancels the call on the wire", async (_way, leave) => {
    await using server = await serverFor(lane);
    server.act = (socket, stream) => socket.write(begun(streams[protocol], http, stream));
    const client = clientOver(lane, server, { protocol });
    await leave(client.watch({}));
    expect(await (await server.request(0)).gone()).toBe(http === "2" ? 8 : -1);
    // The connection goes on where it can, and the next call is made.
    await leave(client.watch({}));
    await server.request(1);
    expect(server.heard.length).toBe(2);
    // How many connections there are is fetch's own affair.
    if (lane !== "fetch") expect(server.connections).toBe(http === "2" ? 1 : 2);
  });

  test("§9.6 calling return() twice is harmless", async () => {
    await using server = await serverFor(lane);
    server.act = (socket, stream) => socket.write(begun(streams[protocol], http, stream));
    const iterator = clientOver(lane, server, { protocol }).watch({})[Symbol.asyncIterator]();
    await iterator.next();
    for (let n = 0; n < 2; n++) expect(await iterator.return?.()).toEqual({ done: true, value: undefined });
    expect(await (await server.request(0)).gone()).toBe(http === "2" ? 8 : -1);
  });

  if (http === "2") {
    test.each([
      [8, "deadline_exceeded"],
      [7, "unavailable"],
    ])("§9.3 §6.6 a reset with %i that comes when the deadline has passed is %s", async (h2, code) => {
      await using server = await serverFor(lane);
      const { now } = performance;
      let late = 0;
      vi.spyOn(performance, "now").mockImplementation(() => now.call(performance) + late);
      server.act = (socket, stream) => {
        // The deadline passes; no timer has noticed yet.
        late = 120_000;
        socket.write(reset(stream, h2));
      };
      expect(await codeOf(clientOver(lane, server, { protocol }).greet({}, { timeoutMs: 60_000 }))).toBe(
        code,
      );
      late = 0;
      server.act = (socket, stream) => socket.write(reset(stream, 8));
      expect(await codeOf(clientOver(lane, server, { protocol }).greet({}, { timeoutMs: 60_000 }))).toBe(
        "canceled",
      );
    });
  }
});

function clientAt(
  baseUrl: string,
  protocol: "connect" | "grpc" | "grpc-web",
  lane: Lane,
): GreetServiceClient {
  return clientOver(lane, { url: baseUrl, http: lane === "2" ? "2" : "1.1" }, { protocol });
}

async function listening(
  accept: (socket: Socket) => void,
): Promise<{ port: number; close(sockets: readonly Socket[]): Promise<void> }> {
  const server = createServer((socket) => accept(socket.on("error", () => {})));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    port: (server.address() as AddressInfo).port,
    async close(sockets) {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
