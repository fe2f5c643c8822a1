import { describe, expect, test } from "vitest";
import { Flag, FrameType } from "../../src/frame/frame-type.ts";
import {
  type Frame,
  frame,
  headers,
  priority,
  priorityUpdate,
  rstStream,
  windowUpdate,
} from "../support/frames.ts";
import { get, ServerScript } from "../support/server-script.ts";

/** What one stream sends in its turn. */
const turn = 16_384;

/** Streams 1, 3, 5, … with these priorities, each of which has so many turns' bytes waiting for the connection's window. */
function waiting(priorities: readonly (string | undefined)[], turns = 2): ServerScript {
  const script = ServerScript.open({ settings: { INITIAL_WINDOW_SIZE: 0x7fffffff } });
  // The first response takes all of the connection's window.
  script.receive(headers(1, get, "END_STREAM"));
  script.last.exchange.reply(200, [], new Uint8Array(65_535), null);
  script.runtime.settle();
  priorities.forEach((value, i) => {
    const fields = value === undefined ? get : [...get, "priority", value];
    script.receive(headers(2 * i + 3, fields, "END_STREAM"));
    script.last.exchange.reply(200, [], new Uint8Array(turns * turn), null);
  });
  script.runtime.settle();
  script.wire.frames();
  return script;
}

/** The order in which streams send when the connection's window opens: the first of `priorities` is 0. */
function order(script: ServerScript, ...before: Frame[]): number[] {
  script.receive(...before, windowUpdate(0, 1_000_000));
  const sent = script.wire.frames().filter(({ type }) => type === FrameType.DATA);
  return sent.map(({ stream }) => (stream - 3) / 2);
}

describe("the order of DATA between streams", () => {
  test("without priorities they take turns", () => {
    expect(order(waiting([undefined, undefined, undefined]))).toEqual([0, 1, 2, 0, 1, 2]);
  });

  test("RFC 9218 section 10: the more urgent come first, whatever their order was", () => {
    expect(order(waiting(["u=7, i", "u=0, i", "u=3, i"]))).toEqual([1, 1, 2, 2, 0, 0]);
  });

  test("RFC 9218 section 4.1: 3 is the urgency of those that say nothing", () => {
    expect(order(waiting([undefined, "u=2, i", "u=4, i"]))).toEqual([1, 1, 0, 0, 2, 2]);
  });

  test("RFC 9218 section 10: those of the same urgency that are incremental share, others come one by one", () => {
    expect(order(waiting(["u=1, i", "u=1, i"]))).toEqual([0, 1, 0, 1]);
    expect(order(waiting(["u=1", "u=1"]))).toEqual([0, 0, 1, 1]);
    expect(order(waiting(["u=1, i", "u=1", "u=1, i"]))).toEqual([0, 1, 1, 2, 0, 2]);
  });

  test("RFC 9218 section 7.1: PRIORITY_UPDATE of a stream that is idle holds when it is opened", () => {
    const script = waiting([undefined, undefined]);
    script.receive(priorityUpdate(7, "u=0, i"));
    script.receive(headers(7, get, "END_STREAM"));
    script.last.exchange.reply(200, [], new Uint8Array(2 * turn), null);
    expect(order(script)).toEqual([2, 2, 0, 1, 0, 1]);
  });

  test("of idle streams as many are remembered as may be open, the last ones", () => {
    const script = ServerScript.open({ limits: { maxConcurrentStreams: 3 } });
    const named = [9, 11, 13, 15].map((id) => priorityUpdate(id, "u=0, i"));
    script.receive(...named);
    const urgency = (id: number): number => {
      script.receive(headers(id, get, "END_STREAM"));
      const { urgency } = script.server.streams.get(id)!;
      script.last.exchange.reply(200, [], null, null);
      script.runtime.settle();
      return urgency;
    };
    expect([9, 11, 13, 15, 17].map(urgency)).toEqual([3, 0, 0, 0, 3]);
  });

  test("a field that is no dictionary says nothing", () => {
    expect(order(waiting(["U=0", "u=1, i"]))).toEqual([1, 1, 0, 0]);
  });

  test("RFC 9218 section 7.1: PRIORITY_UPDATE changes it from the next turn on", () => {
    const script = waiting(["u=1, i", "u=2, i"], 3);
    expect(order(script, priorityUpdate(3, "u=5, i"), windowUpdate(0, turn))).toEqual([0, 1, 1, 1, 0, 0]);
  });

  test("RFC 9218 section 13.1: no urgency starves: one turn in 16 goes round those that wait", () => {
    const script = waiting(["u=0, i", "u=3, i", "u=7"], 100);
    expect(new Set(order(script))).toEqual(new Set([0, 1, 2]));
  });

  test("a stream that begins to send takes its place behind those that wait", () => {
    const script = waiting([undefined, undefined]);
    script.wire.deliver(windowUpdate(0, 2 * turn), headers(99, get, "END_STREAM"));
    script.last.exchange.reply(200, [], new Uint8Array(turn), null);
    expect(order(script)).toEqual([0, 1, 48, 0, 1]);
  });

  test("a stream that begins to send comes before those that wait and are less urgent", () => {
    const script = waiting([undefined, undefined]);
    script.wire.deliver(windowUpdate(0, turn), headers(99, [...get, "priority", "u=1"], "END_STREAM"));
    script.last.exchange.reply(200, [], new Uint8Array(turn), null);
    expect(order(script)).toEqual([48, 0, 1, 0, 1]);
  });

  test("a stream that is reset while it waits loses its place", () => {
    const script = waiting([undefined, undefined]);
    expect(order(script, rstStream(3, "CANCEL"))).toEqual([1, 1]);
  });
});

describe("RFC 9218 section 7.1: PRIORITY_UPDATE", () => {
  test("of a stream that is closed, or idle, or with a value that is none, is ignored", () => {
    const script = ServerScript.open();
    script.receive(headers(1, get), rstStream(1, "CANCEL"));
    script.receive(priorityUpdate(1, "u=1"), priorityUpdate(9, "u=1"), priorityUpdate(1, "\0"));
    expect(script.sent()).toEqual([]);
  });

  test("of stream 0 is a connection error of PROTOCOL_ERROR", () => {
    const script = ServerScript.open();
    script.receive(priorityUpdate(0, "u=1"));
    expect(script.sent()).toEqual(["GOAWAY 0 PROTOCOL_ERROR"]);
  });
});

describe("section 5.3: PRIORITY", () => {
  test("is read and ignored, on idle streams too", () => {
    const script = ServerScript.open();
    script.receive(priority(1, 0), headers(1, get), priority(1, 3), priority(7, 1));
    expect(script.sent()).toEqual([]);
    expect(script.requests).toHaveLength(1);
  });

  test("in HEADERS, of a stream that depends on itself, is a connection error", () => {
    const script = ServerScript.open();
    const { payload } = headers(1, get);
    const flags = Flag.PRIORITY | Flag.END_HEADERS | Flag.END_STREAM;
    script.receive(frame(FrameType.HEADERS, flags, 1, Uint8Array.of(0x80, 0, 0, 1, 15, ...payload)));
    expect(script.sent()).toEqual(["GOAWAY 0 PROTOCOL_ERROR"]);
    expect(script.requests).toEqual([]);
  });

  test.each([4, 6])(
    "of %d bytes is an error, of the stream or, where none has been, of the connection",
    (length) => {
      const wrong = (id: number): Frame => frame(FrameType.PRIORITY, 0, id, new Uint8Array(length));
      const script = ServerScript.open();
      script.receive(headers(1, get, "END_STREAM"));
      script.receive(wrong(1));
      expect(script.sent()).toEqual(["RST_STREAM 1 FRAME_SIZE_ERROR"]);
      expect(script.last.events().at(-1)).toBe("closed false");
      script.receive(wrong(1));
      expect(script.sent()).toEqual(["RST_STREAM 1 FRAME_SIZE_ERROR"]);
      script.receive(wrong(3), headers(3, get));
      expect(script.sent()).toEqual(["GOAWAY 1 FRAME_SIZE_ERROR"]);
      expect(script.requests).toHaveLength(1);
    },
  );

  test("of an idle stream that depends on itself is a connection error", () => {
    const script = ServerScript.open();
    script.receive(priority(1, 1), headers(1, get));
    expect(script.sent()).toEqual(["GOAWAY 0 PROTOCOL_ERROR"]);
    expect(script.requests).toEqual([]);
  });

  test("of an open stream that depends on itself is a stream error, of which its reader is told", () => {
    const script = ServerScript.open();
    script.receive(headers(1, get), priority(1, 1));
    expect(script.sent()).toEqual(["RST_STREAM 1 PROTOCOL_ERROR"]);
    expect(script.last.events()).toEqual(["fault local protocol PROTOCOL_ERROR maybe", "closed false"]);
    expect(script.server.streams.size).toBe(0);
  });

  test("of a stream that depends on itself is a stream error", () => {
    const script = ServerScript.open();
    script.receive(headers(1, get), priority(1, 1), headers(3, get));
    expect(script.sent()).toEqual(["RST_STREAM 1 PROTOCOL_ERROR"]);
    expect(script.requests).toHaveLength(2);
  });
});
