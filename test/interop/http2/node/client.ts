// The client of node:http2, one case.
import assert from "node:assert/strict";
import { once } from "node:events";
import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  connect,
  constants,
  type IncomingHttpHeaders,
  type OutgoingHttpHeaders,
  type Settings,
} from "node:http2";
import { buffer } from "node:stream/consumers";
import { bigValue, bodies, bodyOf } from "../body.ts";
import { clientFlags } from "../flags.ts";

const { port, testCase, ca } = clientFlags();
const url = `http${ca === undefined ? "" : "s"}://127.0.0.1:${port}`;

const settings: Readonly<Record<string, Settings>> = {
  small_window: { initialWindowSize: 100 },
  large_window: { initialWindowSize: 2 ** 24 },
};
const session: ClientHttp2Session = connect(url, {
  ca,
  settings: settings[testCase] ?? {},
  // In megabytes; with the 10 that it takes by itself it gives up on a body of 16.
  maxSessionMemory: 64,
});

/** `body` undefined: streamed. */
function request(
  path: string,
  headers: OutgoingHttpHeaders = {},
  waitForTrailers = false,
): ClientHttp2Stream & { trailers: IncomingHttpHeaders } {
  const stream = session.request({ ":path": path, ...headers }, { endStream: false, waitForTrailers });
  const trailers: IncomingHttpHeaders = {};
  const answer = Object.assign(stream, { trailers });
  stream.on("trailers", (got: IncomingHttpHeaders) => (answer.trailers = got));
  return answer;
}

async function get(path: string, headers: OutgoingHttpHeaders = {}): Promise<string> {
  const stream = request(path, headers).end();
  const [head] = (await once(stream, "response")) as [IncomingHttpHeaders & { ":status": number }];
  assert.equal(head[":status"], 200);
  return String(await buffer(stream));
}

async function echo(length: number): Promise<void> {
  const stream = request("/echo", { ":method": "POST" }).end(bodyOf(length));
  const body = await buffer(stream);
  assert.ok(body.equals(bodyOf(length)), `${body.length} bytes came back of ${length}, or others`);
  assert.equal(stream.trailers["x-bytes"], String(length));
}

async function received(stream: ClientHttp2Stream, bytes: number): Promise<void> {
  let left = bytes;
  while (left > 0) {
    const chunk = stream.read() as Buffer | null;
    if (chunk === null) await once(stream, "readable");
    else left -= chunk.length;
  }
  assert.equal(left, 0);
}

const cases: Readonly<Record<string, () => Promise<void>>> = {
  get: async () => assert.equal(await get("/hello"), "hello\n"),
  async post_trailers() {
    const stream = request("/echo", { ":method": "POST" }, true);
    stream.on("wantTrailers", () => stream.sendTrailers({ "x-sum": "ten" }));
    stream.end(bodyOf(10));
    await buffer(stream);
    assert.equal(stream.trailers["x-bytes"], "10");
    assert.equal(stream.trailers["x-sum"], "ten");
  },
  async both_ways() {
    const stream = request("/echo", { ":method": "POST" });
    for (let round = 1; round <= 20; round++) {
      stream.write(bodyOf(round));
      await received(stream, round);
    }
    stream.end();
    assert.equal((await buffer(stream)).length, 0);
  },
  async concurrent() {
    await Promise.all(Array.from({ length: 200 }, (_, i) => echo(10_000 + i)));
  },
  async big_headers() {
    const stream = request("/echo", { ":method": "POST", "x-big": bigValue }).end();
    const [head] = (await once(stream, "response")) as [IncomingHttpHeaders];
    assert.equal(head["x-big"], bigValue);
  },
  async reset_by_client() {
    const stream = request("/hang").end();
    await received(stream, 1);
    stream.close(constants.NGHTTP2_CANCEL);
    while ((await get("/hanging")) !== "0");
  },
  async reset_by_server() {
    const stream = request("/reset").end();
    await assert.rejects(buffer(stream), /NGHTTP2_INTERNAL_ERROR/);
    assert.equal(await get("/hello"), "hello\n");
  },
  async goaway() {
    const stream = request("/echo", { ":method": "POST" });
    stream.write(bodyOf(5));
    await received(stream, 5);
    const goaway = once(session, "goaway");
    await get("/drain");
    await goaway;
    stream.write(bodyOf(7));
    await received(stream, 7);
    const closed = once(session, "close");
    stream.end();
    await buffer(stream);
    assert.equal(stream.trailers["x-bytes"], "12");
    await closed;
  },
  small_window: () => echo(100_000),
  large_window: () => echo(2 ** 24),
};
for (const [name, length] of Object.entries(bodies)) Object.assign(cases, { [name]: () => echo(length) });

const run = cases[testCase];
if (run === undefined) throw new Error(`there is no case ${testCase}`);
await run();
if (!session.destroyed) session.close();
