// Flow control as a weapon (RFC 9113 sections 6.9 and 10.5): windows that never open, that open a byte at a time, that are
// overrun or made to overflow; and padding, which counts and carries nothing.
import { ErrorCode } from "@millrace/exchange";
import { describe, expect, test } from "vitest";
import {
  DATA,
  data,
  END_STREAM,
  frame,
  HEADERS,
  headers,
  PADDED,
  settings,
  WINDOW_UPDATE,
  windowUpdate,
} from "../../../../test/support/frames.ts";
import { post } from "../support/server-script.ts";
import { type Seen, Target } from "../support/target.ts";

const chunk = Buffer.alloc(16_384, 0x61);

/** Writes for as long as there is room. Gives how much. */
function fill({ exchange }: Seen): number {
  let bytes = chunk.length;
  while (exchange.write(chunk)) bytes += chunk.length;
  return bytes;
}

describe("a client that never opens its window", () => {
  test("makes the application wait at 64 KiB a stream, and what waits is let go with the connection", () => {
    const taken: number[] = [];
    const target = Target.open({ maxConcurrentStreams: 10 }, (seen) => {
      if (seen.ended) return;
      seen.exchange.respond(200, []);
      taken.push(fill(seen));
    });
    target.say(settings(4, 0));
    for (let id = 1; id < 21; id += 2) target.say(headers(id, false, ...post));
    expect(taken).toEqual(Array.from({ length: 10 }, () => 65_536));
    expect(target.of(DATA)).toEqual([]);
    expect(target.connection.output.writer.size).toBe(0);
    target.wire.destroy();
    target.runtime.settle();
    expect(target.seen.every(({ closed, fault }) => closed && fault !== undefined)).toBe(true);
  });

  test("of the connection keeps no other of its streams from being answered without a body", () => {
    const target = Target.open({}, ({ exchange, ended }) => {
      if (!ended) return;
      if (exchange.head.method === "HEAD") exchange.reply(200, [], null, null);
      else exchange.reply(200, [], Buffer.alloc(100_000), null);
    });
    target.say(settings(4, 0x7fffffff), headers(1, true, ...post));
    expect(target.of(DATA, 1).reduce((sum, { payload }) => sum + payload.length, 0)).toBe(65_535);
    target.say(headers(3, true, ":method", "HEAD", ...post.slice(2)));
    expect(target.of(HEADERS, 3)[0]!.flags & END_STREAM).toBe(END_STREAM);
  });
});

describe("a window of one byte", () => {
  test("is written to byte by byte, and each grant is one frame", () => {
    const target = Target.open(
      {},
      ({ exchange, ended }) => ended && exchange.reply(200, [], Buffer.from("hello"), null),
    );
    target.say(settings(4, 1), headers(1, true, ...post));
    for (let n = 0; n < 4; n++) target.say(windowUpdate(1, 1));
    const sent = target.of(DATA, 1);
    expect(sent.map(({ payload }) => payload.toString())).toEqual(["h", "e", "l", "l", "o"]);
    expect(sent.at(-1)!.flags).toBe(END_STREAM);
  });

  test("that is taken back (a negative one) holds everything back until it is above 0 again", () => {
    const target = Target.open(
      {},
      ({ exchange, ended }) => ended && exchange.reply(200, [], Buffer.alloc(10), null),
    );
    target.say(settings(4, 5), headers(1, true, ...post), settings(4, 0), windowUpdate(1, 5));
    expect(target.of(DATA, 1).map(({ payload }) => payload.length)).toEqual([5]);
    target.say(windowUpdate(1, 5));
    expect(target.of(DATA, 1).map(({ payload }) => payload.length)).toEqual([5, 5]);
  });

  test("grants of a byte to a large answer are no flood: each has its frame", () => {
    const target = Target.open(
      {},
      ({ exchange, ended }) => ended && exchange.reply(200, [], Buffer.alloc(5_000), null),
    );
    target.say(settings(4, 0), headers(1, true, ...post));
    expect(target.flood(4_000, () => windowUpdate(1, 1))).toBe(4_000);
    expect(target.of(DATA, 1).length).toBe(4_000);
    expect(target.goaway).toBeUndefined();
  });
});

describe("what is beyond a window", () => {
  test("of a stream ends that stream with FLOW_CONTROL_ERROR, and no other", () => {
    const target = Target.open({ streamWindowBytes: 20_000 }, ({ exchange }) => exchange.pause());
    target.say(headers(1, false, ...post), headers(3, false, ...post));
    target.say(data(1, false, chunk), data(1, false, chunk));
    expect(target.resetOf(1)).toBe(ErrorCode.FLOW_CONTROL_ERROR);
    expect(target.seen[0]).toMatchObject({ closed: true, fault: { by: "local", kind: "protocol" } });
    expect([target.seen[1]!.fault, target.goaway]).toEqual([undefined, undefined]);
  });

  test("of the connection ends the connection with FLOW_CONTROL_ERROR", () => {
    const large = { connectionWindowBytes: 65_535, streamWindowBytes: 1_000_000, maxFrameBytes: 1_000_000 };
    const target = Target.open(large).say(headers(1, false, ...post), data(1, false, Buffer.alloc(65_536)));
    expect(target.goaway).toBe(ErrorCode.FLOW_CONTROL_ERROR);
    expect(target.seen[0]).toMatchObject({ bytes: 0, closed: true });
  });

  test("that is made to overflow: a stream's costs the stream, the connection's the connection", () => {
    const target = Target.open().say(headers(1, false, ...post), windowUpdate(1, 0x7fffffff));
    expect(target.resetOf(1)).toBe(ErrorCode.FLOW_CONTROL_ERROR);
    expect(target.goaway).toBeUndefined();
    target.say(windowUpdate(0, 0x7fffffff));
    expect(target.goaway).toBe(ErrorCode.FLOW_CONTROL_ERROR);
  });

  test("by SETTINGS, for all streams at once, costs the connection", () => {
    const target = Target.open().say(headers(1, false, ...post), windowUpdate(1, 0x7fff0000 - 65_535));
    target.say(settings(4, 0x7fffffff));
    expect(target.goaway).toBe(ErrorCode.FLOW_CONTROL_ERROR);
  });
});

describe("a reader that is paused", () => {
  test("holds no more than its stream's window, whatever the client sends", () => {
    const target = Target.open({}, ({ exchange }) => exchange.pause()).say(headers(1, false, ...post));
    const count = target.flood(1_000, () => data(1, false, chunk));
    expect(count).toBe(1_000);
    expect(target.resetOf(1)).toBe(ErrorCode.FLOW_CONTROL_ERROR);
    expect(target.of(WINDOW_UPDATE, 1)).toEqual([]);
    expect(target.seen[0]!.bytes).toBe(0);
  });

  test("takes nothing of what its siblings may send", () => {
    const target = Target.open({}, ({ exchange }) => void (exchange.head.path === "/p" && exchange.pause()));
    const paused = [...post.slice(0, -1), "/p"];
    for (let id = 1; id < 65; id += 2)
      target.say(headers(id, false, ...paused), data(id, false, chunk), data(id, false, chunk));
    target.say(
      headers(65, false, ...post),
      ...Array.from({ length: 3 }, () => data(65, false, chunk)),
      data(65, true, chunk.subarray(0, 9)),
    );
    expect(target.seen.at(-1)).toMatchObject({ ended: true, bytes: 3 * 16_384 + 9, fault: undefined });
    expect(target.goaway).toBeUndefined();
  });
});

describe("padding", () => {
  const padded = (pad: number, bytes: number): Buffer =>
    frame(DATA, PADDED, 1, Buffer.concat([Buffer.from([pad]), Buffer.alloc(bytes + pad)]));

  test("counts for flow control, and is given back", () => {
    const target = Target.open({ streamWindowBytes: 70_000 }).say(headers(1, false, ...post));
    expect(target.flood(2_000, () => padded(255, 1))).toBe(2_000);
    expect(target.goaway).toBeUndefined();
    const credit = target.of(WINDOW_UPDATE, 1).reduce((sum, { payload }) => sum + payload.readUInt32BE(0), 0);
    expect(credit).toBeGreaterThan(2_000 * 257 - 70_000);
    expect(target.seen[0]!.bytes).toBe(2_000);
  });

  test.each([
    ["as long as its frame", Buffer.from([4, 1, 1, 1])],
    ["longer than its frame", Buffer.from([255, 1, 1, 1])],
    ["without its length", Buffer.alloc(0), ErrorCode.FRAME_SIZE_ERROR],
  ])("%s ends the connection", (_name, payload, code: number = ErrorCode.PROTOCOL_ERROR) => {
    const target = Target.open().say(headers(1, false, ...post), frame(DATA, PADDED, 1, payload));
    expect(target.goaway).toBe(code);
  });

  test("of a header block, longer than its frame, ends the connection with PROTOCOL_ERROR", () => {
    const target = Target.open().say(frame(HEADERS, PADDED | 5, 1, Buffer.from([200, 0x82])));
    expect(target.goaway).toBe(ErrorCode.PROTOCOL_ERROR);
  });
});
