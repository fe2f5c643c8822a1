import type { Socket } from "node:net";
import { setImmediate as turn } from "node:timers/promises";
import { createTransport } from "@millrace/node";
import { rawServer } from "../../support/raw-server.ts";
import type { Shape, Target } from "../target.ts";
import { asked, makeCall } from "./call-asked.ts";
import { inShort } from "./coded.ts";
import { http2Frames } from "./http2-frames.ts";
import { pieces } from "./pieces.ts";
import { lines } from "./shapes.ts";
import { http1Words, http2Words } from "./words.ts";

/** What a server of HTTP/1.1 may send to a client of ours, which has asked for what the first line says. */
export async function clientHttp1(): Promise<Target> {
  return { ...(await client("1.1", http1Words)), shape: lines };
}

/** What a server of HTTP/2 may send, behind its SETTINGS, when the request has come. */
export async function clientHttp2(): Promise<Target> {
  return { ...(await client("2", http2Words)), shape: lineAndFrames };
}

const lineAndFrames: Shape = {
  cut(input) {
    const end = lineEnd(input);
    return [input.slice(0, end), ...http2Frames.cut(input.subarray(end))];
  },
  join: ([line = new Uint8Array(0), ...frames]) => Buffer.concat([line, http2Frames.join(frames)]),
};

/** One past the first line. */
function lineEnd(input: Uint8Array): number {
  return input.indexOf(0x0a) + 1 || input.length;
}

async function send(socket: Socket, bytes: Uint8Array): Promise<void> {
  for (const piece of pieces(bytes)) {
    socket.write(piece);
    await turn();
  }
  socket.end();
}

/** Whatever the server sends before it hangs up, the call ends with an outcome, and the transport can be closed. */
async function client(httpVersion: "1.1" | "2", words: readonly string[]): Promise<Target> {
  const server = await rawServer(httpVersion);
  return {
    words,
    async run(input) {
      const end = lineEnd(input);
      const call = asked(Buffer.from(input.subarray(0, end)).toString("latin1").trim().split(" "));
      server.act = (socket) => void send(socket, input.subarray(end));
      const { protocol, codec } = call;
      const transport = createTransport({
        baseUrl: server.url,
        httpVersion,
        protocol,
        codec,
        halfDuplex: true,
      });
      const { messages, error } = await makeCall(call, transport);
      // It keeps what it has heard.
      (server.heard as unknown[]).length = 0;
      return `${Object.values(call).join(" ")} ${Math.min(messages.length, 3)} ${inShort(error)}`;
    },
    close: async () => server[Symbol.asyncDispose](),
  };
}
