import assert from "node:assert/strict";
import { connect } from "node:net";
import { setImmediate as turn } from "node:timers/promises";
import { createClient, createTransport, serve } from "@millrace/node";
import { GreetService } from "../../../gen/greet/v1/greet_millrace.ts";
import { GOAWAY, RST_STREAM } from "../../support/frames.ts";
import { greeter } from "../../support/greeter.ts";
import { Watchable } from "../../support/watchable.ts";
import type { Target } from "../target.ts";
import { http2Frames } from "./http2-frames.ts";
import { pieces } from "./pieces.ts";
import { lines } from "./shapes.ts";
import { http1Words, http2Words } from "./words.ts";

/** What a client of HTTP/1.1 may send to a whole server. */
export async function serverHttp1(): Promise<Target> {
  return { ...(await server("1.1", http1Words)), shape: lines };
}

/** What a client of HTTP/2 may send to a whole server. */
export async function serverHttp2(): Promise<Target> {
  return { ...(await server("2", http2Words)), shape: http2Frames };
}

/** Behind each input, whatever became of it, the server holds no call, and answers a new one. */
async function server(httpVersion: "1.1" | "2", words: readonly string[]): Promise<Target> {
  const counts = { begun: 0, ended: 0 };
  const ends = new Watchable();
  let codes: string[] = [];
  const unexpected: unknown[] = [];
  const serving = await serve({
    ...greeter({}, { onError: (error) => void unexpected.push(error) }),
    port: 0,
    host: "127.0.0.1",
    observers: [
      () => {
        counts.begun++;
        return {
          end({ error }) {
            counts.ended++;
            codes.push(error?.code ?? "ok");
            ends.changed();
          },
        };
      },
    ],
  });
  const port = Number(new URL(serving.url).port);
  const transport = createTransport({ baseUrl: serving.url, httpVersion });
  const client = createClient(GreetService, transport);
  return {
    words,
    async run(input) {
      codes = [];
      const answered = await send(port, input);
      await ends.until(() => (counts.ended === counts.begun ? true : undefined));
      const outcome = `${codes.slice(0, 4).toSorted().join(" ")}, ${answered}`;
      assert.equal((await client.greet({ name: "Ada" })).greeting, "Hello, Ada!");
      assert.deepEqual(unexpected, []);
      return outcome;
    },
    async close() {
      await transport.close();
      await serving.close();
    },
  };
}

/** Sends it all, in pieces, and waits until the server has closed. Gives what it answered, in short. */
async function send(port: number, input: Uint8Array): Promise<string> {
  const socket = connect({ port, host: "127.0.0.1", localAddress: stranger(), noDelay: true });
  const chunks: Buffer[] = [];
  socket.on("error", () => {});
  socket.on("data", (chunk: Buffer) => chunks.push(chunk));
  const closed = new Promise((resolve) => socket.once("close", resolve));
  for (const piece of pieces(input)) {
    socket.write(piece);
    await turn();
  }
  socket.end();
  await closed;
  const heard = Buffer.concat(chunks);
  const statuses = heard.toString("latin1").match(/^HTTP\/1.1 \d+/gm);
  return statuses?.slice(0, 3).join(" ") ?? frameTypes(heard);
}

/** The types of frames, and the codes of those that are errors. */
function frameTypes(heard: Buffer): string {
  const types = http2Frames.cut(heard).map((part) => {
    const type = part[3];
    return type === RST_STREAM || type === GOAWAY ? `${type}:${part.at(-1)}` : `${type}`;
  });
  return [...new Set(types)].toSorted().join(" ");
}

let strangers = 0;

/** An address of this machine that has done nothing wrong yet: whoever was cut waits with its next connection. */
function stranger(): string {
  const n = strangers++ % 50_000;
  return process.platform === "linux" ? `127.${1 + (n >> 8)}.${n & 255}.1` : "127.0.0.1";
}
