// A client whose connection was cut for what it did, and what becomes of the next ones.
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { listen } from "@millrace/http2/node";
import { serve } from "@millrace/node";
import { afterEach, expect, onTestFinished, test, vi } from "vitest";
import {
  ACK,
  DATA,
  frame,
  FrameReader,
  GOAWAY,
  HEADERS,
  headers,
  preface,
  SETTINGS,
  settings,
} from "../support/frames.ts";
import { greeter } from "../support/greeter.ts";

afterEach(() => void vi.useRealTimers());

const head = [":method", "POST", ":scheme", "http", ":authority", "a", ":path", "/"];
const hello = [preface, settings(), frame(SETTINGS, ACK, 0)];

const servers: readonly (readonly [string, () => Promise<number>])[] = [
  [
    "serve()",
    async () => {
      const server = await serve({ ...greeter(), host: "0.0.0.0", port: 0 });
      onTestFinished(() => server.close({ graceMs: 0 }));
      return Number(new URL(server.url).port);
    },
  ],
  [
    "listen()",
    async () => {
      const server = await listen({ accept: () => null, host: "0.0.0.0" });
      onTestFinished(() => server.close(0));
      return server.port;
    },
  ],
];

/** A connection from an address of this machine; resolves when the server's first frame of this type has come. */
function heard(socket: Socket, type: number): Promise<void> {
  const reader = new FrameReader();
  return new Promise((resolve) => {
    socket.on("data", (chunk: Buffer) => {
      for (const frame of reader.read(chunk)) if (frame.type === type) resolve();
    });
  });
}

function say(port: number, localAddress: string, ...parts: readonly Uint8Array[]): Socket {
  const socket = connect({ port, host: "127.0.0.1", localAddress });
  socket.on("error", () => {});
  onTestFinished(() => void socket.destroy());
  socket.write(Buffer.concat([...hello, ...parts]));
  return socket;
}

test.each(servers)("%s lets it wait before it is heard, and nobody else", async (_name, start) => {
  const port = await start();
  await heard(say(port, "127.0.0.2", frame(DATA, 0, 0, Buffer.alloc(8))), GOAWAY);
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  const again = say(port, "127.0.0.2", headers(1, true, ...head));
  let isAnswered = false;
  const answered = heard(again, HEADERS).then(() => (isAnswered = true));
  await heard(again, SETTINGS);
  const other = heard(say(port, "127.0.0.3", headers(1, true, ...head)), HEADERS);
  await other;
  expect(isAnswered).toBe(false);
  vi.advanceTimersByTime(100);
  await answered;
  again.destroy();
  await once(again, "close");
});
