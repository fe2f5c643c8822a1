import { describe, expect, test } from "vitest";
import { gzipSync } from "node:zlib";
import { envelope, RawCall } from "../support/raw-call.ts";
import { codeOf, protocols, quiet as turns, stage } from "../support/stage.ts";
import type { Stage } from "../support/stage.ts";

const mebibyte = 1024 * 1024;
const minute = 60_000;
const types = {
  connect: "application/connect+proto",
  grpc: "application/grpc",
  "grpc-web": "application/grpc-web",
};
const unaryTypes = { ...types, connect: "application/proto" };

/** Replies are made at a pace, a large one in each turn: as many turns as the most that is made here. */
async function quiet(): Promise<void> {
  for (let made = 0; made < 64; made++) await turns();
}

/** One that reads nothing until it is told to. */
function unread(on: Stage, method: string, type: string, body: Uint8Array, data?: () => void): RawCall {
  const raw = new RawCall(
    on.connector,
    `/greet.v1.GreetService/${method}`,
    ["content-type", type],
    body,
    data,
  );
  raw.exchange.pause();
  return raw;
}

describe.each(protocols)("responses that a client does not read, %s", (protocol) => {
  const memory = { maxConcurrent: 256 };
  const empty = protocol === "connect" ? new Uint8Array(0) : envelope(new Uint8Array(0));
  const greet = (on: Stage, data?: () => void): RawCall =>
    unread(on, "Greet", unaryTypes[protocol], empty, data);
  const watch = (on: Stage): RawCall => unread(on, "Watch", types[protocol], envelope(new Uint8Array(0)));

  test("hold 4 MiB on a connection whose client has taken none; its further calls wait for them", async () => {
    let handled = 0;
    const greeting = "x".repeat(mebibyte);
    const on = stage(
      {
        greet() {
          handled++;
          return { greeting };
        },
      },
      { protocol, memory },
    );
    const calls = Array.from({ length: 30 }, () => greet(on));
    await quiet();
    expect(handled).toBe(4);
    calls[0]!.exchange.resume();
    await calls[0]!.answered;
    await quiet();
    // One less waits, and one more may.
    expect(handled).toBe(6);
    // What is given up makes room, too, and what was given up while it waited is not made.
    calls[29]!.reset();
    for (const call of calls.slice(1, 17)) call.reset();
    await quiet();
    for (const call of calls.slice(17, 29)) call.exchange.resume();
    for (const call of calls.slice(17, 29)) await call.answered;
    expect(handled).toBe(6 + 12);
    for (const { status, body } of [calls[0]!, ...calls.slice(17, 29)]) {
      expect(status).toBe(200);
      expect(body.length).toBeGreaterThan(mebibyte);
    }
    await quiet();
    expect(on.host.timers).toBe(0);
  });

  test("are not made, either, of what handlers give meanwhile", async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    let encoded = 0;
    const on = stage(
      {
        async greet() {
          await promise;
          // Encoding reads it.
          return {
            get greeting() {
              encoded++;
              return "x".repeat(mebibyte);
            },
          };
        },
      },
      { protocol, memory },
    );
    const calls = Array.from({ length: 30 }, () => greet(on));
    await quiet();
    resolve();
    await quiet();
    const before = encoded;
    for (const call of calls) call.exchange.resume();
    for (const call of calls) await call.answered;
    expect(before).toBeLessThanOrEqual(encoded * (16 / 30));
    expect(calls.map(({ status }) => status)).toEqual(Array(30).fill(200));
  });

  test("end their call after a minute in which nothing of them was taken", async () => {
    const on = stage({ greet: () => ({ greeting: "x".repeat(mebibyte) }) }, { protocol, memory });
    const raw = greet(on);
    await quiet();
    on.host.advance(minute - 1);
    await quiet();
    expect(on.serverEnds).toEqual([]);
    on.host.advance(1);
    await quiet();
    expect(on.serverEnds.map(({ delivered }) => delivered)).toEqual([false]);
    expect(on.host.timers).toBe(0);
    raw.exchange.resume();
    expect(await raw.closedDelivered).toBe(false);
  });

  test("may be taken slowly", async () => {
    let got = 0;
    const on = stage({ greet: () => ({ greeting: "x".repeat(mebibyte) }) }, { protocol, memory });
    const raw: RawCall = greet(on, () => {
      const before = got;
      got = raw.body.length;
      // A quarter of it at a time.
      if (Math.floor(before / 270_000) < Math.floor(got / 270_000)) raw.exchange.pause();
    });
    for (let i = 0; i < 6; i++) {
      await quiet();
      on.host.advance(minute - 1);
      raw.exchange.resume();
    }
    await raw.answered;
    expect(raw.status).toBe(200);
    expect(raw.body.length).toBeGreaterThan(mebibyte);
    await quiet();
    expect(on.serverEnds.map(({ code, delivered }) => [code, delivered])).toEqual([["ok", true]]);
    expect(on.host.timers).toBe(0);
  });

  test("of a stream may wait for their reader, but not while other calls wait for them", async () => {
    const on = stage(
      {
        greet: () => ({}),
        async *watch() {
          for (let i = 0; i < 3; i++) yield { greeting: "x".repeat(mebibyte) };
        },
      },
      { protocol, memory },
    );
    const patient = watch(on);
    await quiet();
    on.host.advance(60 * minute);
    patient.exchange.resume();
    await patient.answered;
    expect(patient.body.length).toBeGreaterThan(3 * mebibyte);
    await quiet();
    expect(on.serverEnds.map(({ code }) => code)).toEqual(["ok"]);

    const many = Array.from({ length: 7 }, () => watch(on));
    await quiet();
    const late = codeOf(on.client.greet({}));
    await quiet();
    on.host.advance(2 * minute);
    expect(await late).toBe("ok");
    await quiet();
    on.host.advance(1000);
    await quiet();
    const codes = on.serverEnds.map(({ code }) => code);
    expect(codes.filter((code) => code === "deadline_exceeded")).not.toEqual([]);
    expect(new Set(codes)).toEqual(new Set(["ok", "deadline_exceeded"]));
    for (const raw of many) raw.reset();
    await quiet();
    expect(on.host.timers).toBe(0);
  });

  test("a connection has four messages unpacked off the loop at once, and no more", async () => {
    const on = stage({ greet: ({ name }) => ({ greeting: name }) }, { protocol, memory });
    on.host.slow.hold();
    const name = protocol === "connect" ? "content-encoding" : "grpc-encoding";
    const packed = gzipSync(Buffer.from([0x0a, 1, 0x78]));
    const body = protocol === "connect" ? new Uint8Array(packed) : envelope(packed, 1);
    const calls = Array.from(
      { length: 10 },
      () =>
        new RawCall(
          on.connector,
          "/greet.v1.GreetService/Greet",
          ["content-type", unaryTypes[protocol], name, "br"],
          body,
        ),
    );
    await quiet();
    expect(on.host.slow.waiting).toBe(4);
    // What is not compressed does not wait for them.
    expect(await codeOf(on.client.greet({}))).toBe("ok");
    on.host.slow.release();
    await quiet();
    expect(on.host.slow.waiting).toBe(4);
    on.host.slow.releaseAll();
    for (const call of calls) await call.answered;
    expect(calls.map(({ status }) => status)).toEqual(Array(10).fill(200));
  });
});
