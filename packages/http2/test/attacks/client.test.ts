// Servers that flood, lie and break the rules, against a client's connection: the right error on the right scope, every call
// ends, and nothing is left to wait.
import { type ClientSink, ErrorCode, type Fault } from "@millrace/exchange";
import { describe, expect, test } from "vitest";
import {
  ACK,
  CONTINUATION,
  data,
  END_HEADERS,
  END_STREAM,
  type Frame,
  frame,
  FrameReader,
  GOAWAY,
  goaway,
  HEADERS,
  headers,
  PING,
  preface,
  reset,
  RST_STREAM,
  SETTINGS,
  settings,
  windowUpdate,
} from "../../../../test/support/frames.ts";
import { block } from "../../../../test/support/hpack.ts";
import { ClientConnection } from "../../src/client-connection.ts";
import { defaultLimits, type LimitOptions, limitsFrom } from "../../src/limits.ts";
import { WindowBudget } from "../../src/window-budget.ts";
import { AttackedEngine } from "../support/attacked-engine.ts";
import { requestHead } from "../support/client-script.ts";
import { peer } from "../support/engine-script.ts";

const PUSH_PROMISE = 5;
const eight = Buffer.alloc(8);

interface Call {
  status: number;
  bytes: number;
  ended: boolean;
  fault: Fault | undefined;
  closed: number;
}

/** A client's connection with two calls under way, on streams 1 and 3: a test is the server. */
class Caller extends AttackedEngine {
  readonly connection: ClientConnection;
  readonly calls: Call[] = [];

  constructor(given: LimitOptions = {}) {
    super();
    this.connection = new ClientConnection(
      this.wire,
      this.runtime,
      limitsFrom(given),
      new WindowBudget(2 ** 26),
      {
        peer,
        name: "server",
        closed: (problem) => this.problems.push(problem),
      },
    );
    this.say(settings(), frame(SETTINGS, ACK, 0));
    this.call();
    this.call();
    this.runtime.settle();
  }

  call(): Call {
    const call: Call = { status: 0, bytes: 0, ended: false, fault: undefined, closed: 0 };
    this.calls.push(call);
    const sink: ClientSink = {
      sent() {},
      inform() {},
      head: (status) => (call.status = status),
      data: (_chunk, start, end) => (call.bytes += end - start),
      end: () => (call.ended = true),
      fault: (fault) => (call.fault = fault),
      writable() {},
      closed: () => call.closed++,
    };
    this.connection.open(requestHead, null, { deadline: Infinity, attempt: 0 }, sink);
    this.runtime.settle();
    return call;
  }

  get frames(): readonly Frame[] {
    return [...new FrameReader().read(Buffer.from(this.wire.take()).subarray(preface.length))];
  }
}

/** The second call is answered. */
function expectSibling(caller: Caller): void {
  caller.say(headers(3, false, ":status", "200"), data(3, true, eight));
  expect(caller.calls[1]).toEqual({ status: 200, bytes: 8, ended: true, fault: undefined, closed: 1 });
}

describe("a flood of frames that carry nothing ends the connection with ENHANCE_YOUR_CALM, and its calls", () => {
  test.each([
    ["PING", () => frame(PING, 0, 0, eight)],
    ["SETTINGS", () => settings(4, 70_000)],
    ["WINDOW_UPDATE", () => windowUpdate(0, 1)],
    ["empty DATA", () => data(1, false, Buffer.alloc(0))],
    ["unknown frames", () => frame(0x42, 0, 0)],
    ["GOAWAY", () => goaway(0x7fffffff, ErrorCode.NO_ERROR)],
    ["interim responses", () => headers(3, false, ":status", "103", "link", "</x>")],
  ])("%s", (_name, make) => {
    const caller = new Caller();
    caller.say(headers(1, false, ":status", "200"));
    const count = caller.flood(5_000, make);
    expect(count).toBeLessThan(defaultLimits.idleFrameBurst + 20);
    const last = caller.frames.at(-1)!;
    expect([last.type, last.payload.readUInt32BE(4)]).toEqual([GOAWAY, ErrorCode.ENHANCE_YOUR_CALM]);
    caller.runtime.advance(1_000);
    expect(caller.calls.map(({ closed, fault }) => [closed, fault?.kind])).toEqual([
      [1, "protocol"],
      [1, "protocol"],
    ]);
    expect(caller.problems).toEqual(["too many frames that carry nothing"]);
    expect(caller.runtime.timers).toBe(0);
  });
});

describe("what breaks the connection ends it with the code of RFC 9113, and every call", () => {
  test.each([
    [
      "PUSH_PROMISE, which is off",
      ErrorCode.PROTOCOL_ERROR,
      frame(PUSH_PROMISE, 4, 1, Buffer.concat([Buffer.from([0, 0, 0, 2]), block(":method", "GET")])),
    ],
    ["a response nobody asked for", ErrorCode.PROTOCOL_ERROR, headers(9, true, ":status", "200")],
    ["an even stream", ErrorCode.PROTOCOL_ERROR, headers(2, true, ":status", "200")],
    ["ENABLE_PUSH of a server", ErrorCode.PROTOCOL_ERROR, settings(2, 1)],
    [
      "a header block that cannot be decoded",
      ErrorCode.COMPRESSION_ERROR,
      frame(HEADERS, END_HEADERS, 1, Buffer.from([0x80])),
    ],
    ["a frame that is too long", ErrorCode.FRAME_SIZE_ERROR, data(1, false, Buffer.alloc(16_385))],
    ["a window that overflows", ErrorCode.FLOW_CONTROL_ERROR, windowUpdate(0, 0x7fffffff)],
    ["HTTP/1.1", ErrorCode.FRAME_SIZE_ERROR, Buffer.from("HTTP/1.1 400 Bad Request\r\n\r\n")],
    [
      "a GOAWAY that takes back what the last one refused",
      ErrorCode.PROTOCOL_ERROR,
      Buffer.concat([goaway(1, 0), goaway(3, 0)]),
    ],
  ])("%s", (_name, code, said) => {
    const caller = new Caller();
    caller.say(said);
    const last = caller.frames.at(-1)!;
    expect([last.type, last.payload.readUInt32BE(4)]).toEqual([GOAWAY, code]);
    caller.runtime.advance(1_000);
    expect(caller.calls.map(({ closed, fault }) => [closed, fault === undefined])).toEqual([
      [1, false],
      [1, false],
    ]);
    expect([caller.problems.length, caller.runtime.timers]).toEqual([1, 0]);
  });

  test("CONTINUATION without an end", () => {
    const caller = new Caller();
    caller.say(frame(HEADERS, 0, 1, block(":status", "200")));
    expect(caller.flood(1_000, () => frame(CONTINUATION, 0, 1))).toBe(defaultLimits.maxContinuations + 1);
    expect(caller.calls.every(({ closed }) => closed === 1)).toBe(true);
  });
});

describe("what breaks a response resets its stream, and no other", () => {
  const ok = headers(1, false, ":status", "200");
  test.each([
    ["no status", ErrorCode.PROTOCOL_ERROR, [headers(1, true, "x", "y")]],
    ["DATA before its head", ErrorCode.PROTOCOL_ERROR, [data(1, true, eight)]],
    ["a second head", ErrorCode.PROTOCOL_ERROR, [ok, ok]],
    ["an interim response that ends it", ErrorCode.PROTOCOL_ERROR, [headers(1, true, ":status", "103")]],
    [
      "a header list that is too large",
      ErrorCode.ENHANCE_YOUR_CALM,
      [
        frame(
          HEADERS,
          END_HEADERS | END_STREAM,
          1,
          Buffer.concat([block(":status", "200"), Buffer.alloc(600, 0x90)]),
        ),
      ],
    ],
    [
      "more than its content-length",
      ErrorCode.PROTOCOL_ERROR,
      [headers(1, false, ":status", "200", "content-length", "3"), data(1, true, eight)],
    ],
    [
      "less than its content-length",
      ErrorCode.PROTOCOL_ERROR,
      [headers(1, false, ":status", "200", "content-length", "9"), data(1, true, eight)],
    ],
    ["a window that overflows", ErrorCode.FLOW_CONTROL_ERROR, [windowUpdate(1, 0x7fffffff)]],
  ])("%s", (_name, code, said) => {
    const caller = new Caller();
    caller.say(...said);
    const resets = caller.frames.filter(({ type }) => type === RST_STREAM);
    expect(resets.map(({ stream, payload }) => [stream, payload.readUInt32BE(0)])).toEqual([[1, code]]);
    expect(caller.calls[0]).toMatchObject({ closed: 1, fault: { by: "local", kind: "protocol" } });
    expectSibling(caller);
  });

  test("a reset by the server is that call's fault alone; REFUSED_STREAM says that it was never processed", () => {
    const caller = new Caller();
    caller.say(reset(1, ErrorCode.REFUSED_STREAM));
    expect(caller.calls[0]!.fault).toMatchObject({ by: "peer", kind: "reset", processed: "never" });
    expectSibling(caller);
  });
});

test("calls beyond what a server allows wait, and those of a server that allows none die with the connection", () => {
  const caller = new Caller();
  caller.say(settings(3, 0));
  const waiting = Array.from({ length: 100 }, () => caller.call());
  expect(caller.connection.streams.size).toBe(2);
  caller.wire.destroy();
  caller.runtime.settle();
  expect(waiting.every(({ closed, fault }) => closed === 1 && fault?.processed === "never")).toBe(true);
  expect(caller.runtime.timers).toBe(0);
});
