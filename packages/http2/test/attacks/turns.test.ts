// Whoever sends a great deal at once gets no more of a turn than the others: the rest is read in later turns, in its order, and
// nothing of it is lost.
import { ErrorCode } from "@millrace/exchange";
import { describe, expect, test } from "vitest";
import {
  ACK,
  DATA,
  data,
  END_HEADERS,
  END_STREAM,
  frame,
  GOAWAY,
  goaway,
  HEADERS,
  headers,
  PING,
  SETTINGS,
  settings,
} from "../../../../test/support/frames.ts";
import { block } from "../../../../test/support/hpack.ts";
import { ClientScript, requestHead } from "../support/client-script.ts";
import { post } from "../support/server-script.ts";
import { Target } from "../support/target.ts";

const eight = Buffer.alloc(8);
const id = (n: number): number => 2 * n + 1;
const times = (count: number, make: (n: number) => Uint8Array): Buffer =>
  Buffer.concat(Array.from({ length: count }, (_, n) => make(n)));
const requests = times(200, (n) => headers(id(n), true, ...post));

describe("what comes in one piece is read in as many turns as it is work for", () => {
  test("requests: some of them are begun at once, then the others, in their order", () => {
    const target = Target.open();
    target.wire.deliver(requests);
    const atOnce = target.seen.length;
    expect(atOnce).toBeGreaterThan(32);
    expect(atOnce).toBeLessThan(64);
    expect(target.wire.isPaused).toBe(true);
    target.runtime.settle();
    expect(target.seen.length).toBe(200);
    expect(target.seen.every(({ closed, fault }) => closed && fault === undefined)).toBe(true);
    expect(target.of(HEADERS).map(({ stream }) => stream)).toEqual(
      Array.from({ length: 200 }, (_, n) => id(n)),
    );
    expect(target.wire.isPaused).toBe(false);
  });

  test("requests that take their time: fewer", () => {
    const target = Target.open({}, ({ exchange }) => {
      target.runtime.work(0.2);
      exchange.reply(200, [], null, null);
    });
    target.wire.deliver(requests);
    expect(target.seen.length).toBeGreaterThan(2);
    expect(target.seen.length).toBeLessThan(12);
    target.runtime.settle();
    expect(target.seen.length).toBe(200);
  });

  test.each([
    ["a byte a frame", (n: number) => data(1, n === 4_999, Buffer.from("x")), 5_000],
    [
      "bytes and PING",
      (n: number) => (n % 9 === 0 ? frame(PING, 0, 0, eight) : data(1, n === 4_999, eight)),
      5_000,
    ],
  ])("a body, %s", (_name, make, count) => {
    const target = Target.open({ streamWindowBytes: 65_535 }).say(headers(1, false, ...post));
    target.wire.deliver(times(count, make));
    expect(target.seen[0]!.bytes).toBeLessThanOrEqual(512 * 8);
    target.runtime.settle();
    expect(target.seen[0]).toMatchObject({ ended: true, closed: true, fault: undefined });
  });

  test("SETTINGS that change the window of many streams", () => {
    const changes = times(100, (n) => settings(4, 70_000 + n));
    const few = Target.open().say(headers(1, false, ...post));
    few.wire.deliver(changes);
    expect(few.wire.isPaused).toBe(false);
    const many = Target.open().say(times(50, (n) => headers(id(n), false, ...post)));
    for (let n = 50; n < 250; n += 50) many.say(times(50, (k) => headers(id(n + k), false, ...post)));
    // What is answered begins a turn.
    many.say(frame(PING, 0, 0, eight));
    expect(many.wire.isPaused).toBe(false);
    many.wire.deliver(changes);
    expect(many.wire.isPaused).toBe(true);
    many.runtime.settle();
    expect(many.of(SETTINGS).filter(({ flags }) => flags === ACK).length).toBe(101);
  });

  test("header blocks that are long, though each is one frame", () => {
    const target = Target.open();
    const long = Buffer.concat([block(...post), block("x", "y".repeat(16_000))]);
    target.wire.deliver(times(8, (n) => frame(HEADERS, END_HEADERS | END_STREAM, id(n), long)));
    expect(target.seen.length).toBe(1);
    target.runtime.settle();
    expect(target.seen.length).toBe(8);
  });
});

test("header lists that are long by reference are as much work as if they were said", () => {
  const target = Target.open({}, () => {});
  const entry = block("x", "y".repeat(4_000));
  entry[0] = 0x40;
  target.say(frame(HEADERS, END_HEADERS | END_STREAM, 1, Buffer.concat([block(...post), entry])));
  // Each a reference of one byte to the 4 KB.
  const list = Buffer.concat([block(...post), Buffer.alloc(15, 0x80 | 62)]);
  target.wire.deliver(times(50, (n) => frame(HEADERS, END_HEADERS | END_STREAM, 3 + 2 * n, list)));
  expect(target.seen.length).toBeLessThan(5);
  target.runtime.settle();
  expect(target.seen.length).toBe(51);
});

describe("what waits for its turn", () => {
  test("is not read any more once the peer has broken the rules", () => {
    const target = Target.open();
    target.wire.deliver(Buffer.concat([requests, frame(DATA, 0, 0, eight), headers(401, true, ...post)]));
    target.runtime.settle();
    expect(target.goaway).toBe(ErrorCode.PROTOCOL_ERROR);
    expect(target.seen.length).toBe(200);
  });

  test.each(["endFromPeer", "close"] as const)(
    "is read before the end of the transport (%s) is told",
    (end) => {
      const target = Target.open();
      target.wire.deliver(requests);
      target.wire[end](undefined);
      expect(target.problems).toEqual([]);
      target.runtime.settle();
      expect(target.seen.length).toBe(200);
      expect([target.problems, target.runtime.timers]).toEqual([[undefined], 0]);
    },
  );

  test("is read before the end of the transport is told, though what answers it waits for a peer that is gone", () => {
    const head = ["x", "y".repeat(8_000)];
    const target = Target.open({ outputBacklogBytes: 20_000 }, ({ exchange }) =>
      exchange.reply(200, head, null, null),
    );
    target.wire.isCongested = true;
    target.wire.deliver(requests);
    target.wire.close(undefined);
    target.runtime.settle();
    expect(target.seen.length).toBe(200);
    expect(target.seen.every(({ closed }) => closed)).toBe(true);
    expect([target.problems, target.runtime.timers]).toEqual([[undefined], 0]);
  });

  test("is dropped with a connection that is cut", () => {
    const target = Target.open();
    target.wire.deliver(requests);
    const begun = target.seen.length;
    target.connection.abort();
    target.runtime.settle();
    expect(target.seen.length).toBe(begun);
    expect(target.seen.every(({ closed }) => closed)).toBe(true);
  });

  test("is read before the connection of a client that leaves is through", () => {
    const target = Target.open();
    target.wire.deliver(Buffer.concat([goaway(0, ErrorCode.NO_ERROR), requests]));
    target.runtime.settle();
    expect(target.of(HEADERS).length).toBe(200);
  });

  test("waits on while the client does not read, and goes on when it does", () => {
    const target = Target.open();
    target.wire.isCongested = true;
    const flood = times(900, (n) => (n < 20 ? frame(PING, 0, 0, eight) : settings(4, 70_000)));
    target.wire.deliver(Buffer.concat([flood, headers(1, true, ...post)]));
    target.runtime.settle();
    target.wire.drain();
    target.runtime.settle();
    expect(target.of(HEADERS, 1).length).toBe(1);
  });
});

describe("the end of a connection with many streams", () => {
  const opened = times(200, (n) => headers(id(n), false, ...post));
  const ends: readonly (readonly [string, (target: Target) => void])[] = [
    ["for what the client did", (target) => target.wire.deliver(frame(DATA, 0, 0, eight))],
    ["with its transport", (target) => target.wire.close(undefined)],
    ["since it is cut", (target) => target.connection.abort()],
  ];

  test.each(ends)("is told to some of them, then to others: each has work with it (%s)", (_how, end) => {
    const works = (): void => target.runtime.work(0.1);
    const target = Target.open({}, undefined, works).say(opened);
    end(target);
    const told = (): number => target.seen.filter(({ closed }) => closed).length;
    const steps: number[] = [];
    for (let before = told(); target.runtime.step(); before = told()) steps.push(told() - before);
    expect(Math.max(...steps)).toBe(16);
    expect(told()).toBe(200);
    expect(target.seen.every(({ fault }) => fault !== undefined)).toBe(true);
  });

  test.each(ends)("is told to whoever waits for it behind them all (%s)", (_how, end) => {
    const closedBefore: number[] = [];
    const target = Target.open({}, undefined, () => {
      target.runtime.work(0.1);
      closedBefore.push(target.problems.length);
    }).say(opened);
    end(target);
    target.wire.endFromPeer();
    target.runtime.settle();
    expect(closedBefore).toEqual(Array(200).fill(0));
    expect([target.problems.length, target.runtime.timers]).toEqual([1, 0]);
  });

  test.each<[string, (script: ClientScript) => void]>([
    ["with its transport", (script) => script.wire.close(undefined)],
    ["since it is cut", (script) => script.client.abort()],
  ])("is told to a client's calls before close() resolves (%s)", async (_how, end) => {
    const script = ClientScript.open();
    let closed = 0;
    const nothing = (): void => {};
    const sink = {
      sent: nothing,
      inform: nothing,
      head: nothing,
      data: nothing,
      end: nothing,
      writable: nothing,
    };
    const works = (): void => script.runtime.work(0.1);
    for (let n = 0; n < 200; n++)
      script.client.open(requestHead, null, undefined, { ...sink, fault: works, closed: () => closed++ });
    script.runtime.settle();
    let closedThen = 0;
    const closing = script.client.close(10_000).then(() => (closedThen = closed));
    end(script);
    while (script.runtime.step()) await Promise.resolve();
    await closing;
    expect(closedThen).toBe(200);
  });

  test("who resets a call before its turn has come hears no fault of it", () => {
    const target = Target.open({}, undefined, ({ exchange }) => {
      target.runtime.work(0.1);
      if (exchange === target.seen[0]!.exchange) target.seen.at(-1)!.exchange.reset(ErrorCode.CANCEL);
    }).say(opened);
    target.wire.close(undefined);
    target.runtime.settle();
    expect(target.seen.at(-1)).toMatchObject({ closed: true, fault: undefined });
    expect(target.seen.at(-2)).toMatchObject({ closed: true, fault: { kind: "truncated" } });
  });

  test("what they still say reaches nobody", () => {
    const target = Target.open({}, undefined, ({ exchange }) => {
      target.runtime.work(0.1);
      // The last has not heard yet.
      target.seen.at(-1)!.exchange.reply(200, [], eight, null);
      exchange.reset(ErrorCode.CANCEL);
    }).say(opened);
    target.wire.deliver(frame(DATA, 0, 0, eight));
    target.runtime.settle();
    expect(target.frames.at(-1)!.type).toBe(GOAWAY);
    expect(target.seen.at(-1)).toMatchObject({ closed: true, fault: { kind: "truncated" } });
  });
});
