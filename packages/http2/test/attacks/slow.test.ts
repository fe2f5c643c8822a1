// Clients that take their time, over each part of what they have to say, and those that say nothing at all. The clock is the
// test's.
import { ErrorCode } from "@millrace/exchange";
import { describe, expect, test } from "vitest";
import {
  ACK,
  CONTINUATION,
  data,
  PING,
  END_STREAM,
  frame,
  GOAWAY,
  HEADERS,
  headers,
  preface,
  SETTINGS,
  settings,
} from "../../../../test/support/frames.ts";
import { block } from "../../../../test/support/hpack.ts";
import { defaultLimits } from "../../src/limits.ts";
import { post } from "../support/server-script.ts";
import { Target } from "../support/target.ts";

const { handshakeTimeoutMs, settingsTimeoutMs, headersTimeoutMs, idleTimeoutMs, writeTimeoutMs } =
  defaultLimits;
const { drainMs, drainBytes } = defaultLimits;
/** What is read of a connection that ends. */
const lingerBytes = 1024 * 1024;

/** The connection has gone, with this code, and nothing of it is left to wait. */
function expectGone(target: Target, code: number, text: string): void {
  expect(target.goaway).toBe(code);
  // What the peer does not take within a second is not waited for.
  target.runtime.advance(1_000);
  expect(target.wire.state).toBe("destroyed");
  expect(target.problems).toEqual([text]);
  expect(target.runtime.timers).toBe(0);
}

describe("a client that does not finish what a connection begins with is not waited for", () => {
  test.each([
    ["nothing", []],
    ["half a preface", [preface.subarray(0, 12)]],
    ["a preface without SETTINGS", [preface]],
    ["SETTINGS that do not come to their end", [preface, settings(4, 1).subarray(0, 12)]],
  ])("it says %s", (_name, parts) => {
    const target = new Target().say(...parts);
    target.runtime.advance(handshakeTimeoutMs - 1);
    expect(target.connection.isOpen).toBe(true);
    target.runtime.advance(1);
    expectGone(target, ErrorCode.SETTINGS_TIMEOUT, `no SETTINGS came within ${handshakeTimeoutMs} ms`);
  });

  test("the preface byte by byte, one a second", () => {
    const target = new Target();
    for (const byte of preface) {
      target.say(Uint8Array.of(byte));
      target.runtime.advance(1_000);
    }
    expectGone(target, ErrorCode.SETTINGS_TIMEOUT, `no SETTINGS came within ${handshakeTimeoutMs} ms`);
  });

  test("it never acknowledges SETTINGS (RFC 9113 section 6.5.3)", () => {
    const target = new Target().say(preface, settings());
    target.runtime.advance(settingsTimeoutMs);
    const text = `SETTINGS were not acknowledged within ${settingsTimeoutMs} ms`;
    expectGone(target, ErrorCode.SETTINGS_TIMEOUT, text);
  });
});

describe("a header block that does not come to its end costs the connection", () => {
  const text = `a header block was not complete within ${headersTimeoutMs} ms`;

  test("without another word", () => {
    const target = Target.open().say(frame(HEADERS, END_STREAM, 1, block(...post)));
    target.runtime.advance(headersTimeoutMs - 1);
    expect(target.connection.isOpen).toBe(true);
    target.runtime.advance(1);
    expectGone(target, ErrorCode.ENHANCE_YOUR_CALM, text);
  });

  test("with a CONTINUATION every second", () => {
    const target = Target.open().say(frame(HEADERS, END_STREAM, 1, block(...post)));
    for (let ms = 0; ms < headersTimeoutMs; ms += 1_000) {
      target.say(frame(CONTINUATION, 0, 1, block("x", "y")));
      target.runtime.advance(1_000);
    }
    expectGone(target, ErrorCode.ENHANCE_YOUR_CALM, text);
  });

  test("but one that is complete in time is served, and the time is forgotten", () => {
    const target = Target.open();
    const { timers } = target.runtime;
    target.say(frame(HEADERS, END_STREAM, 1, block(...post)));
    target.runtime.advance(headersTimeoutMs - 1);
    target.say(frame(CONTINUATION, 4, 1, block("x", "y")));
    expect(target.runtime.timers).toBe(timers);
    target.runtime.advance(headersTimeoutMs);
    expect(target.seen[0]).toMatchObject({ ended: true, closed: true });
    expect(target.connection.isOpen).toBe(true);
  });
});

describe("a connection that nobody uses", () => {
  test("ends in two steps, so that no request is lost, and a client that stays is not waited for", () => {
    const target = Target.open();
    target.runtime.advance(idleTimeoutMs - 1);
    expect(target.goaway).toBeUndefined();
    target.runtime.advance(1);
    expect(target.of(GOAWAY).map(({ payload }) => payload.readUInt32BE(0))).toEqual([0x7fffffff]);
    // What was under way is served.
    target.say(headers(1, true, ...post));
    expect(target.of(HEADERS, 1).length).toBe(1);
    target.runtime.advance(2_000);
    expect(target.goaway).toBe(ErrorCode.NO_ERROR);
    expect(target.wire.state).toBe("destroyed");
    expect([target.problems, target.runtime.timers]).toEqual([[undefined], 0]);
  });

  test("is kept while a request runs, and for as long again after it", () => {
    const target = Target.open().say(headers(1, false, ...post));
    target.runtime.advance(3 * idleTimeoutMs - 1);
    target.say(data(1, true, Buffer.from("x")));
    target.runtime.advance(idleTimeoutMs);
    expect(target.goaway).toBeUndefined();
    target.runtime.advance(idleTimeoutMs + 2_000);
    expect(target.goaway).toBe(ErrorCode.NO_ERROR);
  });

  test("is not kept by PING", () => {
    const target = Target.open();
    for (let ms = 0; ms < idleTimeoutMs; ms += 60_000) {
      target.say(frame(PING, 0, 0, Buffer.alloc(8)));
      target.runtime.advance(60_000);
    }
    expect(target.goaway).toBe(ErrorCode.NO_ERROR);
  });
});

describe("a client that does not read", () => {
  test("and is not read from meanwhile has its time to finish a frame when it is", () => {
    let count = 0;
    const target = Target.open({ outputBacklogBytes: 20_000 }, ({ exchange }) =>
      exchange.reply(200, ["x", String(count++).padStart(8_000, "y")], null, null),
    );
    target.wire.isCongested = true;
    target.say(headers(1, true, ...post));
    const last = headers(9, true, ...post);
    const requests = [3, 5, 7].map((id) => headers(id, true, ...post));
    target.say(Buffer.concat([...requests, last.subarray(0, 12)]));
    expect(target.wire.isPaused).toBe(true);
    target.say(last.subarray(12));
    target.runtime.advance(2 * headersTimeoutMs);
    target.wire.drain();
    target.runtime.settle();
    expect(target.of(HEADERS, 9).length).toBe(1);
  });

  test("is given up, and its requests with it, when what was written has not left in time", () => {
    const target = Target.open().say(headers(1, false, ...post));
    target.wire.isCongested = true;
    target.say(frame(PING, 0, 0, Buffer.alloc(8)));
    target.runtime.advance(writeTimeoutMs - 1);
    expect(target.wire.state).toBe("open");
    target.runtime.advance(1);
    expect(target.wire.state).toBe("destroyed");
    expect(target.seen[0]).toMatchObject({ closed: true, fault: { by: "transport", kind: "truncated" } });
    expect(target.seen[0]!.fault!.cause).toEqual(
      new Error(`what was written has not left within ${writeTimeoutMs} ms`),
    );
    expect(target.runtime.timers).toBe(0);
  });

  test("is waited for as long as all that was written leaves in time, however often that is only just", () => {
    const target = Target.open({ idleTimeoutMs: 100 * writeTimeoutMs });
    target.wire.isCongested = true;
    for (let n = 0; n < 10; n++) {
      target.say(frame(PING, 0, 0, Buffer.alloc(8)));
      target.runtime.advance(writeTimeoutMs - 1);
      target.wire.drain();
      target.wire.isCongested = true;
      target.runtime.settle();
    }
    expect(target.wire.state).toBe("open");
  });

  test("leaves no timer behind once all has left", () => {
    const target = Target.open();
    const { timers } = target.runtime;
    target.wire.isCongested = true;
    target.say(frame(PING, 0, 0, Buffer.alloc(8)));
    expect(target.runtime.timers).toBe(timers + 1);
    target.wire.drain();
    target.runtime.settle();
    expect(target.runtime.timers).toBe(timers);
  });
});

describe("a slow body", () => {
  test("is the application's to wait for: it holds a stream, nothing else, and siblings are served meanwhile", () => {
    const target = Target.open().say(headers(1, false, ...post));
    for (let n = 0; n < 100; n++) {
      target.say(data(1, false, Buffer.from("x")), headers(2 * n + 3, true, ...post));
      target.runtime.advance(1_000);
    }
    expect(target.seen.slice(1).every(({ closed, fault }) => closed && fault === undefined)).toBe(true);
    expect(target.seen[0]!.bytes).toBe(100);
    target.seen[0]!.exchange.reset(ErrorCode.CANCEL);
    target.runtime.settle();
    expect(target.resetOf(1)).toBe(ErrorCode.CANCEL);
    expect(target.connection.streams.size).toBe(0);
  });

  test("behind its answer is read for a bounded time, then the stream ends with NO_ERROR", () => {
    const target = Target.open({}, ({ exchange }) => exchange.reply(200, [], null, null));
    target.say(headers(1, false, ...post));
    target.runtime.advance(drainMs - 1);
    expect(target.resetOf(1)).toBeUndefined();
    target.runtime.advance(1);
    expect(target.resetOf(1)).toBe(ErrorCode.NO_ERROR);
    expect(target.seen[0]).toMatchObject({ closed: true, fault: undefined });
  });

  test("that does not end behind its answer is read for so many bytes, then the stream ends with NO_ERROR", () => {
    const target = Target.open({}, ({ exchange }) => exchange.reply(200, [], null, null));
    target.say(headers(1, false, ...post));
    const size = 8_192;
    let sent = 0;
    for (; target.resetOf(1) === undefined; sent += size) target.say(data(1, false, Buffer.alloc(size)));
    expect(target.resetOf(1)).toBe(ErrorCode.NO_ERROR);
    expect(sent).toBeGreaterThan(drainBytes);
    expect(sent).toBeLessThanOrEqual(drainBytes + size);
  });
});

describe("a connection that is idle", () => {
  test("has one timer, that of its end, and waits for nothing else", () => {
    const target = Target.open().say(headers(1, true, ...post));
    expect(target.seen[0]!.closed).toBe(true);
    expect(target.runtime.timers).toBe(1);
    expect(target.connection.output.writer.size).toBe(0);
  });
});

test("after the connection has failed nothing is read, answered or kept, and it is closed within a second", () => {
  const target = Target.open().say(frame(SETTINGS, ACK, 1));
  expect(target.goaway).toBe(ErrorCode.PROTOCOL_ERROR);
  const answers = target.frames.length;
  expect(target.wire.isPaused).toBe(true);
  target.say(headers(1, true, ...post), frame(PING, 0, 0, Buffer.alloc(8)));
  target.runtime.advance(999);
  expect(target.wire.state).toBe("ended");
  target.runtime.advance(1);
  expect([target.wire.state, target.seen.length, target.frames.length]).toEqual(["destroyed", 0, answers]);
});

test.each(["abort", "drain"] as const)(
  "after the connection has failed, %s() does not wait for that",
  (end) => {
    const target = Target.open().say(frame(SETTINGS, ACK, 1));
    target.connection[end]();
    expect(target.wire.state).toBe("destroyed");
    target.runtime.settle();
    expect(target.runtime.timers).toBe(0);
  },
);

test("of a client that is sent away, what still comes is read for so many bytes, and not answered", () => {
  // The bound of a request's rest has nothing to do with it: a reset by TCP would overtake the GOAWAY.
  const target = Target.open({ drainBytes: 0 });
  target.connection.abort();
  target.runtime.settle();
  const answers = target.frames.length;
  let sent = 0;
  for (; target.wire.state !== "destroyed" && sent < 2 * lingerBytes; sent += 16_384)
    target.say(data(1, false, Buffer.alloc(16_384)));
  expect(sent).toBeGreaterThan(lingerBytes - 16_384);
  expect(sent).toBeLessThanOrEqual(lingerBytes + 2 * 16_384);
  expect(target.frames.length).toBe(answers);
});
