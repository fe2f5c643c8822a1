// Whatever arrives on a connection that nobody uses is nobody's uncaught exception.
import { once } from "node:events";
import type { Socket } from "node:net";
import { createClient, createTransport, implementPartial, serve } from "@millrace/node";
import { expect, test } from "vitest";
import { GreetService } from "../../gen/greet/v1/greet_millrace.ts";
import { greeting } from "../support/bytes.ts";
import {
  ACK,
  END_HEADERS,
  frame,
  goaway,
  HEADERS,
  PING,
  preface,
  reset,
  settings,
} from "../support/frames.ts";
import { framed, kinds } from "../support/kinds.ts";
import { expectQuiet } from "../support/quiet.ts";
import { grpcHead, RawHttp2 } from "../support/raw-http2.ts";
import { rawServer } from "../support/raw-server.ts";

expectQuiet();

const question = "are you?";
const ping = frame(PING, 0, 0, Buffer.from(question));

function* garbage(): Generator<Buffer> {
  for (let type = 0; type <= 0x11; type++)
    for (const stream of [0, 1, 2, 3, 0x7fff_ffff])
      for (const [flags, length] of [
        [0, 0],
        [0, 4],
        [0, 5],
        [0, 8],
        [0xff, 0],
        [0xff, 6],
        [0xff, 9],
        [END_HEADERS, 1],
      ] as const)
        yield frame(type, flags, stream, Buffer.alloc(length, type === HEADERS ? 0x88 : 1));
  // What comes late, what is too long, and what is not HTTP/2.
  yield reset(1, 8);
  yield goaway(0, 0, "bye");
  yield goaway(2 ** 31 - 1, 11, "too_many_pings");
  yield Buffer.concat([settings(3, 0), settings(3, 100)]);
  yield settings(4, 2 ** 31 - 1);
  yield settings(4, 2 ** 31);
  yield Buffer.from("ffffff0000000000ff", "hex");
  yield preface;
  yield Buffer.from("HTTP/1.1 408 Request Timeout\r\ncontent-length: 0\r\n\r\n");
  yield Buffer.from("15030300020228", "hex");
  for (const octet of [0, 0x7f, 0xff]) yield Buffer.alloc(1000, octet);
}

test("on a client's, and the next call is answered", async () => {
  await using server = await rawServer("2");
  const grpc = kinds.find(({ protocol }) => protocol === "grpc")!;
  server.act = grpc.respond([framed(grpc, greeting("hello"))]);
  await using transport = createTransport({ baseUrl: server.url, protocol: "grpc" });
  const client = createClient(GreetService, transport);
  for (const bytes of garbage()) {
    // On a new connection, if the last one ended.
    expect((await client.greet({})).greeting).toBe("hello");
    const { socket } = server.heard.at(-1)!;
    const over = answeredOrClosed(socket);
    socket.write(Buffer.concat([bytes, ping]));
    await over;
  }
  expect(server.connections).toBeGreaterThan(100);
});

/** Resolves when the other side has read what was sent, or has closed for it. */
async function answeredOrClosed(socket: Socket): Promise<void> {
  const stop = new AbortController();
  const { signal } = stop;
  const ends = Promise.race([once(socket, "end", { signal }), once(socket, "close", { signal })]);
  ends.catch(() => {});
  const answers = new Promise<void>((resolve) => {
    let heard = "";
    const listener = (chunk: Buffer): void => {
      heard += chunk.toString("latin1");
      if (heard.includes(question)) resolve();
    };
    socket.on("data", listener);
    signal.addEventListener("abort", () => socket.off("data", listener));
  });
  await Promise.race([ends, answers]);
  stop.abort();
}

test("on a server's, and other connections are served", async () => {
  await using server = await serve({
    host: "127.0.0.1",
    services: [implementPartial(GreetService, { greet: () => ({ greeting: "hello" }) })],
  });
  await using transport = createTransport({ baseUrl: server.url, protocol: "grpc" });
  const client = createClient(GreetService, transport);
  const port = Number(new URL(server.url).port);
  const path = "/greet.v1.GreetService/Greet";
  const say = async (bytes: Buffer): Promise<void> => {
    const used = RawHttp2.open(port, grpcHead(1, path), frame(0, 1, 1, Buffer.alloc(5)));
    expect(await used.streamEnd(1)).toBe(-1);
    used.send(bytes, ping);
    await used.until(({ type, flags }) => type === PING && flags === ACK);
    used.raw.socket.destroy();
    expect((await client.greet({})).greeting).toBe("hello");
  };
  // Some at once: whoever is cut waits with the next connection.
  const all = [...garbage()];
  for (let at = 0; at < all.length; at += 20) await Promise.all(all.slice(at, at + 20).map(say));
});
