import { describe, expect, test } from "vitest";
import { gzipSync } from "node:zlib";
import { envelope, RawCall } from "../support/raw-call.ts";
import { codeOf, protocols, quiet, stage } from "../support/stage.ts";

/** Turns of the event loop from now until stop() is called. */
class Turns {
  count = 0;
  #running = true;

  constructor(each: () => void = () => {}) {
    const turn = (): void => {
      if (!this.#running) return;
      this.count++;
      each();
      setImmediate(turn);
    };
    setImmediate(turn);
  }

  stop(): number {
    this.#running = false;
    return this.count;
  }
}

const text = "x".repeat(64 * 1024);
const types = {
  connect: "application/connect+proto",
  grpc: "application/grpc",
  "grpc-web": "application/grpc-web",
};
const encodings = { connect: "connect-content-encoding", grpc: "grpc-encoding", "grpc-web": "grpc-encoding" };

describe.each(protocols)("messages that lie ready do not hold up the event loop, %s", (protocol) => {
  // 100 bytes each, 64 KiB unpacked: 64 MiB come in one piece of 100 kB.
  const unpacked = Buffer.concat([Buffer.from([0x0a, 0x80, 0x80, 0x04]), Buffer.from(text)]);
  const bombs = Buffer.concat(Array(1000).fill(envelope(gzipSync(unpacked), 1)));
  const fields = ["content-type", types[protocol], encodings[protocol], "gzip"];

  test("of a request, compressed: others have their turns in between", async () => {
    const turns = new Turns();
    const ended = Promise.withResolvers<void>();
    const on = stage(
      {
        async collect(requests) {
          let count = 0n;
          for await (const { name } of requests) count += BigInt(name.length);
          ended.resolve();
          return { count };
        },
      },
      { protocol },
    );
    const raw = new RawCall(on.connector, "/greet.v1.GreetService/Collect", fields, bombs);
    await ended.promise;
    // A megabyte a turn, or a little more.
    expect(turns.stop()).toBeGreaterThanOrEqual(60);
    await raw.answered;
    expect(raw.status).toBe(200);
  });

  test("of a request: its deadline strikes before they are through", async () => {
    const on = stage(
      {
        async collect(requests) {
          let count = 0n;
          for await (const _ of requests) count++;
          return { count };
        },
      },
      { protocol },
    );
    const timeout = protocol === "connect" ? ["connect-timeout-ms", "20"] : ["grpc-timeout", "20m"];
    const raw = new RawCall(on.connector, "/greet.v1.GreetService/Collect", [...fields, ...timeout], bombs);
    const turns = new Turns(() => on.host.advance(1));
    await raw.answered;
    expect(turns.stop()).toBeLessThan(60);
    expect(on.serverEnds.map(({ code }) => code)).toEqual(["deadline_exceeded"]);
  });

  test("of a response: its deadline strikes before they are through", async () => {
    const on = stage(
      {
        async *watch() {
          for (let i = 0; i < 1000; i++) yield { greeting: text };
        },
      },
      { protocol, app: { compression: { send: ["gzip"] } } },
    );
    const turns = new Turns(() => on.host.advance(1));
    let got = 0;
    const outcome = codeOf(
      (async () => {
        for await (const _ of on.client.watch({}, { timeoutMs: 20 })) got++;
      })(),
    );
    expect(await outcome).toBe("deadline_exceeded");
    turns.stop();
    expect(got).toBeGreaterThan(0);
    expect(got).toBeLessThan(1000);
  });

  test("unary requests of many calls at once take turns, too", async () => {
    let handled = 0;
    const on = stage(
      {
        greet() {
          handled++;
          return {};
        },
      },
      { protocol, transport: { compression: { send: "gzip" } } },
    );
    await on.client.greet({});
    const turns = new Turns();
    await Promise.all(Array.from({ length: 200 }, () => on.client.greet({ name: text })));
    expect(handled).toBe(201);
    expect(turns.stop()).toBeGreaterThanOrEqual(10);
  });

  test("small messages that are not compressed go by the hundred without a turn", async () => {
    const on = stage(
      {
        async *watch() {
          for (let i = 0; i < 500; i++) yield { greeting: "x" };
        },
      },
      { protocol },
    );
    const call = on.client.watch({});
    await call.receive();
    await quiet();
    const turns = new Turns();
    let got = 1;
    for await (const _ of call) got++;
    expect(got).toBe(500);
    expect(turns.stop()).toBeLessThanOrEqual(1);
  });
});
