// The limits of serve() that node:http2 keeps for us: what a peer observes of each.
import { serve } from "@millrace/node";
import type { App, ServerLimits } from "@millrace/node";
import { expect, test } from "vitest";
import { utf8 } from "../support/bytes.ts";
import { data, type Frame, GOAWAY, headers, reset, RST_STREAM } from "../support/frames.ts";
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
const call = (stream: number): Buffer =>
  Buffer.concat([headers(stream, false, ...request), data(stream, true, utf8("{}"))]);

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

test("sessionMemoryMiB: what streams hold fills it, and the next one is refused", async () => {
  await using server = await listening({ sessionMemoryMiB: 1, maxConcurrentStreams: 100_000 });
  const client = RawHttp2.open(server.port);
  let stream = -1;
  const refused = (): Frame | undefined => client.frames.find(({ type }) => type === RST_STREAM);
  while (refused() === undefined) {
    for (let n = 0; n < 20; n++) client.send(headers((stream += 2), false, ...request));
    await client.read();
    expect(stream).toBeLessThan(10_000);
  }
  // RFC 9113 section 7: ENHANCE_YOUR_CALM.
  expect(refused()?.payload.readUInt32BE(0)).toBe(11);
  // What is let go of makes room.
  for (let one = 1; one < 200; one += 2) client.send(reset(one, 8));
  await client.read();
  client.send(call((stream += 2)));
  expect(await client.streamEnd(stream)).toBe(-1);
  client.raw.socket.destroy();
});

test("streamResetRate: a second gives back as many resets", async () => {
  // More than node lets pass by itself: 1,000, and 33 each second.
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
  // nghttp2 has a clock of its own, in whole seconds: nothing that can be seen tells that one is over.
  for (const began = performance.now(); performance.now() < began + 1_100;) await client.read();
  await resets(burst);
  expect(client.frames.filter(({ type }) => type === GOAWAY)).toEqual([]);
  client.raw.socket.destroy();
});
