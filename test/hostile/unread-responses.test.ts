// A client that calls and reads nothing: what waits for it is bounded on each connection.
import { expect, test } from "vitest";
import { serve } from "@millrace/node";
import { greeter } from "../support/greeter.ts";
import { data, preface, reset, settings } from "../support/frames.ts";
import { envelope } from "../support/bytes.ts";
import { expectQuiet, steady } from "../support/quiet.ts";
import { grpcHead, RawHttp2 } from "../support/raw-http2.ts";
import { greet } from "../support/wires.ts";

expectQuiet();

const most = 4 * 1024 * 1024;
const greeting = "x".repeat(1024 * 1024);
const call = (stream: number): Uint8Array[] => [grpcHead(stream, greet), data(stream, true, envelope(0, ""))];
const streams = Array.from({ length: 200 }, (_, n) => 2 * n + 1);

test("of 200 calls whose windows stay shut, as many are answered as 4 MiB hold; the others when those are given up", async () => {
  let handled = 0;
  const app = greeter({
    greet() {
      handled++;
      return { greeting };
    },
  });
  await using server = await serve({ ...app, host: "127.0.0.1", port: 0 });
  const client = new RawHttp2(Number(new URL(server.url).port));
  client.send(preface, settings(4, 0), ...streams.flatMap(call));
  await steady(() => client.frames.length + handled);
  expect(handled).toBe(most / greeting.length);

  // Another connection has nothing to do with it.
  const other = RawHttp2.willing(Number(new URL(server.url).port));
  other.send(...call(1));
  expect((await other.answer(1)).body.length).toBeGreaterThan(greeting.length);
  other.raw.socket.destroy();

  client.send(...streams.slice(0, 4).map((stream) => reset(stream, 8)));
  await steady(() => handled);
  expect(handled).toBe(1 + (2 * most) / greeting.length);
  client.raw.socket.destroy();
});
