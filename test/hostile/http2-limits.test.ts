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
  [{}, 4_194_304],
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

test("streamResetRate: a second gives back as many resets", async () => {
  const burst = 1_500;
  await using server = await listening({ streamResetBurst: burst, streamResetRate: burst });
  const client = RawHttp2.open(server.port);
  let stream = -1;
  const resets = async (count: number): Promise<void> => {
    // No more at once than node takes streams.
    for (let n = 0; n < count; n++) {
      stream += 2;
      client.send(headers(stream, false, ...request), reset(stream, 8));
      if (n % 50 === 49) await client.read();
    }
  };
  await resets(burst);
  // Nothing that can be seen tells that a second is over.
  for (const began = performance.now(); performance.now() < began + 1_100;) await new Promise(setImmediate);
  await resets(burst);
  expect(client.frames.filter(({ type }) => type === GOAWAY)).toEqual([]);
  client.raw.socket.destroy();
});
