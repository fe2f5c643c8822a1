// The limits of serve() over HTTP/2: what a peer observes of each.
import { serve } from "@millrace/node";
import type { App, ServerLimits } from "@millrace/node";
import { expect, test } from "vitest";
import { GOAWAY, headers, reset } from "../support/frames.ts";
import { greeter } from "../support/greeter.ts";
import { expectQuiet } from "../support/quiet.ts";
import { RawHttp2 } from "../support/raw-http2.ts";
import { greet } from "../support/wires.ts";

expectQuiet();

interface Listening extends AsyncDisposable {
  readonly port: number;
}

async function listening(limits: Partial<ServerLimits>, app: App = greeter()): Promise<Listening> {
  const server = await serve({ ...app, limits, host: "127.0.0.1", port: 0 });
  return {
    port: Number(new URL(server.url).port),
    [Symbol.asyncDispose]: () => server.close({ graceMs: 0 }),
  };
}

const fields = ["content-type", "application/json"];
const request = [":method", "POST", ":scheme", "http", ":authority", "victim", ":path", greet, ...fields];
test.each([
  [{}, 1_048_576],
  [{ connectionWindowBytes: 1_000_000 }, 1_000_000],
])(
  "connectionWindowBytes: with %o a client may have %i bytes under way on a connection",
  async (limits, bytes) => {
    await using server = await listening(limits);
    const client = RawHttp2.open(server.port);
    await client.read();
    expect(client.window).toBe(bytes);
    client.raw.socket.destroy();
  },
);

test.each([
  ["streamResetRate gives resets back as time goes by", 2 ** 31 - 1, 0],
  ["streamResetBurst is the end of a connection that resets more at once", 1, 1],
])("%s", async (_name, streamResetRate, goaways) => {
  await using server = await listening({ streamResetBurst: 10, streamResetRate });
  const client = RawHttp2.open(server.port);
  for (let stream = 1; stream < 400; stream += 2) {
    client.send(headers(stream, false, ...request), reset(stream, 8));
    // An answer to a PING lies between: time goes by.
    if (stream % 10 === 9) await client.read();
  }
  expect(client.frames.filter(({ type }) => type === GOAWAY)).toHaveLength(goaways);
  client.raw.socket.destroy();
});
