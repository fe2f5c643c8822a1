// The client under test: the engine alone, one case after another, each on a connection of its own.
import assert from "node:assert/strict";
import { ErrorCode } from "@millrace/exchange";
import type { LimitOptions } from "@millrace/http2";
import { connect, type Connected } from "@millrace/http2/node";
import { bigValue, bodies, bodyOf } from "../body.ts";
import { clientFlags } from "../flags.ts";
import { Call, type Request } from "./call.ts";

const { port, testCase, ca } = clientFlags();
const url = `http${ca === undefined ? "" : "s"}://127.0.0.1:${port}`;

/** Its window, in bytes. */
const limits: Readonly<Record<string, LimitOptions>> = {
  small_window: { streamWindowBytes: 100 },
  large_window: { streamWindowBytes: 2 ** 24, maxStreamWindowBytes: 2 ** 24, connectionWindowBytes: 2 ** 24 },
};
let connection: Connected;
const request = (path: string, given?: Request): Call => new Call(connection, path, given);

const cases: Readonly<Record<string, () => Promise<void>>> = {
  async get() {
    const { status, body } = await request("/hello").answer();
    assert.deepEqual([status, String(body)], [200, "hello\n"]);
  },
  async post_trailers() {
    // net/http shows those alone that are announced (RFC 9110 section 6.6.2).
    const call = request("/echo", { method: "POST", body: undefined, fields: ["trailer", "x-sum"] });
    call.exchange.write(bodyOf(10));
    call.exchange.end(["x-sum", "ten"]);
    const { body, trailers } = await call.answer();
    assert.deepEqual(body, bodyOf(10));
    assert.equal(trailers["x-bytes"], "10");
    assert.equal(trailers["x-sum"], "ten");
  },
  async response_trailers() {
    const { trailers } = await request("/echo", { method: "POST", body: bodyOf(10) }).answer();
    assert.equal(trailers["x-bytes"], "10");
  },
  /** Each chunk is sent when the one before it has come back. */
  async both_ways() {
    const call = request("/echo", { method: "POST", body: undefined });
    for (let round = 1; round <= 20; round++) {
      call.exchange.write(bodyOf(round));
      await call.received((round * (round + 1)) / 2);
    }
    call.exchange.end(null);
    const { body } = await call.answer();
    assert.equal(body.length, 210);
  },
  async concurrent() {
    const all = Array.from({ length: 200 }, (_, i) =>
      request("/echo", { method: "POST", body: bodyOf(10_000 + i) }).answer(),
    );
    for (const [i, { body }] of (await Promise.all(all)).entries())
      assert.deepEqual(body, bodyOf(10_000 + i));
  },
  async big_headers() {
    const call = request("/echo", { method: "POST", body: bodyOf(1), fields: ["x-big", bigValue] });
    const { fields } = await call.answer();
    assert.equal(fields["x-big"], bigValue);
  },
  async big_request_headers() {
    const { status } = await request("/hello", { fields: ["x-big", bigValue] }).answer();
    assert.equal(status, 200);
  },
  async reset_by_client() {
    const call = request("/hang");
    await call.received(1);
    call.exchange.reset(ErrorCode.CANCEL);
    let left = "";
    while (left !== "0") left = String((await request("/hanging").answer()).body);
  },
  async reset_by_server() {
    const { fault } = await request("/reset").outcome();
    assert.deepEqual([fault?.kind, fault?.h2], ["reset", ErrorCode.INTERNAL_ERROR]);
    assert.equal((await request("/hello").answer()).status, 200);
  },
  /** What runs when the server says GOAWAY ends as it should, and the connection behind it. */
  async goaway() {
    const call = request("/echo", { method: "POST", body: undefined });
    call.exchange.write(bodyOf(5));
    await call.received(5);
    await request("/drain").answer();
    call.exchange.write(bodyOf(7));
    await call.received(12);
    call.exchange.end(null);
    assert.equal((await call.answer()).trailers["x-bytes"], "12");
    const { fault } = await request("/hello").outcome();
    assert.equal(fault?.processed, "never");
  },
  small_window: () => echo(100_000),
  large_window: () => echo(2 ** 24),
};
for (const [name, length] of Object.entries(bodies)) Object.assign(cases, { [name]: () => echo(length) });

async function echo(length: number): Promise<void> {
  const { status, body } = await request("/echo", { method: "POST", body: bodyOf(length) }).answer();
  assert.equal(status, 200);
  assert.ok(body.equals(bodyOf(length)), `${body.length} bytes came back of ${length}, or others`);
}

for (const name of testCase.split(",")) {
  const run = cases[name];
  if (run === undefined) throw new Error(`there is no case ${name}`);
  connection = await connect(url, { tls: { ca }, limits: limits[name] });
  await run();
  await connection.close(1000);
}
