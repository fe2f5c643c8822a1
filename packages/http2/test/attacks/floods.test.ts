// Frames that cost their sender little, by the thousand (RFC 9113 section 10.5): each kind ends its connection when it is too
// many, and no sooner.
import { ErrorCode } from "@millrace/exchange";
import { describe, expect, test } from "vitest";
import {
  ACK,
  CONTINUATION,
  DATA,
  data,
  END_STREAM,
  frame,
  GOAWAY,
  HEADERS,
  headers,
  PADDED,
  PING,
  reset,
  SETTINGS,
  settings,
  windowUpdate,
} from "../../../../test/support/frames.ts";
import { block } from "../../../../test/support/hpack.ts";
import { defaultLimits, type LimitOptions } from "../../src/limits.ts";
import { post } from "../support/server-script.ts";
import { type Seen, Target } from "../support/target.ts";

const eight = Buffer.alloc(8);
const PRIORITY = 2;
const PRIORITY_UPDATE = 0x10;
const { idleFrameBurst, resetBurst, outputBacklogBytes } = defaultLimits;

/** Frames that carry nothing, of a client that has stream 1 open, and stream 3 behind it. */
const idle: readonly (readonly [string, () => Uint8Array])[] = [
  ["SETTINGS", () => settings(4, 70_000)],
  ["SETTINGS with ACK", () => frame(SETTINGS, ACK, 0)],
  ["PING", () => frame(PING, 0, 0, eight)],
  ["PING with ACK", () => frame(PING, ACK, 0, eight)],
  ["PRIORITY", () => frame(PRIORITY, 0, 1, Buffer.from([0, 0, 0, 0, 9]))],
  ["PRIORITY of idle streams", () => frame(PRIORITY, 0, 101, Buffer.from([0, 0, 0, 0, 9]))],
  ["PRIORITY_UPDATE", () => frame(PRIORITY_UPDATE, 0, 0, Buffer.from("\0\0\0\x01u=1", "latin1"))],
  ["WINDOW_UPDATE of the connection", () => windowUpdate(0, 1)],
  ["WINDOW_UPDATE of a stream", () => windowUpdate(1, 1)],
  ["WINDOW_UPDATE of a closed stream", () => windowUpdate(3, 1)],
  ["RST_STREAM of a closed stream", () => reset(3, ErrorCode.CANCEL)],
  ["empty DATA", () => frame(DATA, 0, 1)],
  ["DATA of a pad length alone", () => frame(DATA, PADDED, 1, Buffer.from([0]))],
  ["DATA of padding alone", () => frame(DATA, PADDED, 1, Buffer.from([5, 0, 0, 0, 0, 0]))],
  ["GOAWAY", () => frame(GOAWAY, 0, 0, eight)],
  ["unknown frames", () => frame(0x42, 0xff, 1, eight)],
];

/** A server with stream 1 open, and stream 3 behind it. */
function busy(limits: LimitOptions = {}): Target {
  return Target.open(limits).say(headers(1, false, ...post), headers(3, true, ...post));
}

describe("frames that carry nothing end the connection with ENHANCE_YOUR_CALM when they are too many", () => {
  test.each(idle)("%s", (_name, make) => {
    const target = busy();
    // Rest saves up nothing.
    target.runtime.advance(10_000);
    const count = target.flood(2 * idleFrameBurst, make);
    expect(count).toBeGreaterThan(idleFrameBurst / 2);
    expect(count).toBeLessThan(idleFrameBurst + 20);
    expect(target.goaway).toBe(ErrorCode.ENHANCE_YOUR_CALM);
    expect(target.seen[0]!.fault).toMatchObject({ by: "transport", kind: "truncated" });
    target.runtime.advance(2_000);
    expect(target.problems).toEqual(["too many frames that carry nothing"]);
    expect(target.runtime.timers).toBe(0);
  });

  test.each(idle)("%s as often as every 10 ms do not", (_name, make) => {
    const target = busy();
    for (let n = 0; n < 2 * idleFrameBurst; n++) {
      target.say(make());
      target.runtime.advance(10);
    }
    target.say(data(1, true, Buffer.from("x")));
    expect(target.goaway).not.toBe(ErrorCode.ENHANCE_YOUR_CALM);
    expect(target.seen[0]).toMatchObject({ ended: true, fault: undefined });
  });
});

describe("a client that works may say more of what carries nothing: four frames for a call", () => {
  test.each([
    [4, undefined],
    [5, ErrorCode.ENHANCE_YOUR_CALM],
  ])("%d PINGs for each", (pings, code) => {
    const target = Target.open({ idleFrameBurst: 10 });
    target.flood(100, (n) =>
      Buffer.concat([
        headers(2 * n + 1, true, ...post),
        ...Array.from({ length: pings }, () => frame(PING, 0, 0, eight)),
      ]),
    );
    expect(target.goaway).toBe(code);
  });
});

describe("as often for ever as", () => {
  const rates: readonly (readonly [string, LimitOptions, (n: number) => Uint8Array])[] = [
    ["idleFrameRate", { idleFrameBurst: 10, idleFrameRate: 5 }, () => frame(PING, 0, 0, eight)],
    [
      "resetRate",
      { resetBurst: 10, resetRate: 5 },
      (n) => Buffer.concat([headers(2 * n + 5, false, ...post), reset(2 * n + 5, ErrorCode.CANCEL)]),
    ],
  ];
  /** How many of 200 are read, with so many milliseconds between them. */
  function paced(limits: LimitOptions, make: (n: number) => Uint8Array, ms: number): number {
    const target = busy(limits);
    return target.flood(200, (n) => {
      target.runtime.advance(ms);
      return make(n);
    });
  }

  test.each(rates)("%s says", (_name, limits, make) => {
    expect(paced(limits, make, 200)).toBe(200);
    // Twice as often: the burst and what five a second add to it meanwhile.
    const count = paced(limits, make, 100);
    expect(count).toBeGreaterThan(17);
    expect(count).toBeLessThan(26);
  });
});

describe("what makes the server write, of a client that does not read, is not read without end", () => {
  const answered: readonly (readonly [string, (n: number) => Uint8Array])[] = [
    ["PING", () => Buffer.concat(Array.from({ length: 20 }, () => frame(PING, 0, 0, eight)))],
    ["SETTINGS", () => Buffer.concat(Array.from({ length: 20 }, () => settings()))],
    [
      "requests",
      (n) => Buffer.concat(Array.from({ length: 20 }, (_, k) => headers(40 * n + 2 * k + 5, true, ...post))),
    ],
  ];
  test.each(answered)("%s", (_name, make) => {
    const target = busy({ writeTimeoutMs: 100_000_000, idleTimeoutMs: 100_000_000 });
    target.wire.isCongested = true;
    let most = 0;
    let said = 0;
    // As slow as it likes: none of it is too often.
    for (; said < 5_000 && target.connection.isOpen && !target.wire.isPaused; said++) {
      target.say(make(said));
      target.runtime.advance(1_000);
      most = Math.max(most, target.connection.output.writer.size);
    }
    expect(target.wire.isPaused).toBe(true);
    expect(most).toBeGreaterThan(outputBacklogBytes);
    expect(most).toBeLessThan(outputBacklogBytes + 16_384);
    // It reads on when the client does.
    target.say(frame(PING, 0, 0, Buffer.from("the last")));
    target.wire.drain();
    target.runtime.settle();
    expect(target.of(PING).at(-1)?.payload.toString()).toBe("the last");
  });
});

describe("streams that come to nothing end the connection with ENHANCE_YOUR_CALM when they are too many", () => {
  const replies = ({ exchange, ended }: Seen): void => {
    if (!ended) exchange.respond(200, []);
    if (!ended) exchange.write(Buffer.from("x"));
  };
  const id = (n: number): number => 2 * n + 1;
  const opens = (n: number): Buffer => headers(id(n), false, ...post);
  const ended = (n: number): Buffer => headers(id(n), true, ...post);
  const attacks: readonly (readonly [string, (n: number) => Buffer[]])[] = [
    ["rapid reset (CVE-2023-44487)", (n) => [opens(n), reset(id(n), ErrorCode.CANCEL)]],
    ["made you reset (CVE-2025-8671): WINDOW_UPDATE by 0", (n) => [opens(n), windowUpdate(id(n), 0)]],
    ["made you reset: a window that overflows", (n) => [opens(n), windowUpdate(id(n), 0x7fffffff)]],
    ["made you reset: DATA behind END_STREAM", (n) => [ended(n), data(id(n), false, eight)]],
    ["made you reset: HEADERS behind END_STREAM", (n) => [ended(n), headers(id(n), true, "x", "y")]],
    ["made you reset: a second head", (n) => [opens(n), headers(id(n), false, "x", "y")]],
    ["made you reset: PRIORITY of four bytes", (n) => [opens(n), frame(PRIORITY, 0, id(n), Buffer.alloc(4))]],
    [
      "made you reset: PRIORITY that depends on itself",
      (n) => {
        const payload = Buffer.alloc(5);
        payload.writeUInt32BE(id(n));
        return [opens(n), frame(PRIORITY, 0, id(n), payload)];
      },
    ],
    [
      "made you reset: a body longer than its content-length",
      (n) => [headers(id(n), false, ...post, "content-length", "1"), data(id(n), false, eight)],
    ],
    ["malformed requests", (n) => [headers(id(n), true, ...post, "connection", "close")]],
    ["header lists that are too large", (n) => [frame(HEADERS, 5, id(n), tooMany)]],
  ];
  const tooMany = Buffer.concat([block(...post), ...Array.from({ length: 600 }, () => Buffer.from([0x90]))]);

  test.each(attacks)("%s", (_name, make) => {
    const target = Target.open({}, replies);
    target.runtime.advance(10_000);
    const count = target.flood(2 * resetBurst, (n) => Buffer.concat(make(n)));
    expect(count).toBeGreaterThan(resetBurst / 2);
    expect(count).toBeLessThan(resetBurst + 20);
    expect(target.goaway).toBe(ErrorCode.ENHANCE_YOUR_CALM);
    expect(target.connection.streams.size).toBe(0);
    target.runtime.advance(2_000);
    expect(target.seen.every(({ closed }) => closed)).toBe(true);
    expect(target.problems).toEqual(["too many streams came to nothing"]);
  });

  test("a client that cancels one call in two is left alone", () => {
    const target = Target.open();
    const count = target.flood(4 * resetBurst, (n) =>
      n % 2 === 0 ? ended(n) : Buffer.concat([opens(n), reset(id(n), ErrorCode.CANCEL)]),
    );
    expect(count).toBe(4 * resetBurst);
    expect(target.goaway).toBeUndefined();
  });
});

describe("CONTINUATION without an end (CVE-2024-27316)", () => {
  test.each([
    ["empty ones", Buffer.alloc(0)],
    ["those with fields", block("x", "y")],
  ])("%s end the connection after the most that are allowed", (_name, fragment) => {
    const target = Target.open().say(frame(HEADERS, END_STREAM, 1, block(...post)));
    const count = target.flood(1_000, () => frame(CONTINUATION, 0, 1, fragment));
    expect(count).toBe(defaultLimits.maxContinuations + 1);
    expect(target.goaway).toBe(ErrorCode.ENHANCE_YOUR_CALM);
    expect(target.seen).toEqual([]);
  });
});
