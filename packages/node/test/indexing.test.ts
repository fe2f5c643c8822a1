// RFC 7541 section 6.2.2: what differs from call to call stays out of the table, and is written whole each time.
import { expect, test } from "vitest";
import { HEADERS, headers } from "../../../test/support/frames.ts";
import { RawHttp2 } from "../../../test/support/raw-http2.ts";
import { Http2Connector } from "../src/client/http2-connector.ts";
import { listen } from "../src/server/listen.ts";
import { scriptedHttp2, Talk, targetOf } from "./client-harness.ts";

const perCall = ["grpc-timeout", "connect-timeout-ms", "grpc-message", "traceparent"];

test.each(perCall)("a client writes %s whole, however often it is sent", async (name) => {
  const lengths: number[] = [];
  await using server = await scriptedHttp2(({ type, stream, payload }, socket) => {
    if (type !== HEADERS) return;
    lengths.push(payload.length);
    socket.write(headers(stream, true, ":status", "200"));
  });
  const connector = new Http2Connector(targetOf(server.url));
  for (const field of [name, name, name, other(name), other(name), other(name)])
    await Talk.open(connector, { head: { fields: [field, "1S"] } }).closes();
  await connector.close(0);
  expectWhole(lengths);
});

test.each(perCall)("a server writes %s whole, however often it is sent", async (name) => {
  const names = [name, name, name, other(name), other(name), other(name)];
  const fields = names.values();
  const server = await listen(
    (exchange) => {
      exchange.reply(204, [fields.next().value ?? "none", "1S"], null, null);
      return { data() {}, end() {}, fault() {}, writable() {}, closed() {} };
    },
    { host: "127.0.0.1" },
  );
  const client = RawHttp2.open(Number(new URL(server.url).port));
  for (let stream = 1; stream < 2 * names.length; stream += 2) {
    client.send(headers(stream, true, ":method", "GET", ":scheme", "http", ":authority", "a", ":path", "/"));
    await client.streamEnd(stream);
  }
  expectWhole(client.frames.filter(({ type }) => type === HEADERS).map(({ payload }) => payload.length));
  client.raw.socket.destroy();
  await server.close({ graceMs: 0 });
});

/** As long, and of no meaning. */
function other(name: string): string {
  return "x".repeat(name.length);
}

/** The third of each: whole, and as an index. */
function expectWhole(lengths: readonly number[]): void {
  expect(lengths).toHaveLength(6);
  expect((lengths[2] ?? 0) - (lengths[5] ?? 0)).toBeGreaterThan(8);
}
