// Streams where there may be none (RFC 9113 sections 5.1 and 6.8): more than are allowed, behind a GOAWAY, on halves that have
// ended. Each costs what the RFC says, a stream or the connection.
import { ErrorCode } from "@millrace/exchange";
import { describe, expect, test } from "vitest";
import {
  DATA,
  data,
  frame,
  GOAWAY,
  goaway,
  HEADERS,
  headers,
  PING,
  reset,
  windowUpdate,
} from "../../../../test/support/frames.ts";
import { post } from "../support/server-script.ts";
import { type Seen, Target } from "../support/target.ts";

const waits = (): void => {};
const text = Buffer.from("x");

describe("more streams than are allowed", () => {
  test("are refused one by one, and those that run go on", () => {
    const target = Target.open({ maxConcurrentStreams: 3 });
    for (let id = 1; id < 13; id += 2) target.say(headers(id, false, ...post));
    expect(target.seen.length).toBe(3);
    expect([7, 9, 11].map((id) => target.resetOf(id))).toEqual(Array(3).fill(ErrorCode.REFUSED_STREAM));
    for (const id of [1, 3, 5]) target.say(data(id, true, text));
    expect(target.seen.every(({ closed, fault }) => closed && fault === undefined)).toBe(true);
    target.say(headers(13, true, ...post));
    expect(target.seen.length).toBe(4);
  });

  test("that are refused all the time end the connection", () => {
    const target = Target.open({ maxConcurrentStreams: 1, resetBurst: 50 }, waits).say(
      headers(1, false, ...post),
    );
    const count = target.flood(1_000, (n) => headers(2 * n + 3, true, ...post));
    expect(count).toBe(51);
    expect(target.goaway).toBe(ErrorCode.ENHANCE_YOUR_CALM);
    expect(target.seen.length).toBe(1);
  });

  test("what comes for a refused stream is ignored, but not without end", () => {
    const limits = { maxConcurrentStreams: 1, idleFrameBurst: 50, streamWindowBytes: 500 };
    const target = Target.open(limits, waits);
    target.say(
      headers(1, false, ...post),
      headers(3, false, ...post),
      data(3, false, text),
      windowUpdate(3, 1),
    );
    expect(target.goaway).toBeUndefined();
    target.flood(1_000, () => data(3, false, text));
    expect(target.goaway).toBe(ErrorCode.ENHANCE_YOUR_CALM);
  });
});

// RFC 9113 section 5.1: an endpoint ignores what was sent before its RST_STREAM was heard of. A caller that cancels, or a server
// whose deadline passes, must not lose the other calls with it.
describe("what was under way on streams that were reset", () => {
  const resets = ({ exchange }: Seen): void => exchange.reset(ErrorCode.CANCEL);

  test("a window of DATA, a byte a frame", () => {
    const target = Target.open({ idleFrameBurst: 50, streamWindowBytes: 1_500 }, resets);
    target.say(headers(1, false, ...post), ...Array.from({ length: 1_500 }, () => data(1, false, text)));
    expect(target.goaway).toBeUndefined();
    target.flood(100, () => data(1, false, text));
    expect(target.goaway).toBe(ErrorCode.ENHANCE_YOUR_CALM);
  });

  test("empty DATA is not bounded by a window, and counts", () => {
    const target = Target.open({ idleFrameBurst: 50 }, resets).say(headers(1, false, ...post));
    expect(target.flood(100, () => data(1, false, Buffer.alloc(0)))).toBeLessThan(70);
    expect(target.goaway).toBe(ErrorCode.ENHANCE_YOUR_CALM);
  });

  test("trailers, and resets that cross ours, of more streams than are known one by one", () => {
    const target = Target.open({ resetBurst: 100_000, maxConcurrentStreams: 2_000 }, waits);
    const ids = Array.from({ length: 1_200 }, (_, n) => 2 * n + 1);
    target.say(...ids.map((id) => headers(id, false, ...post)));
    for (const { exchange } of target.seen) exchange.reset(ErrorCode.CANCEL);
    target.runtime.settle();
    target.say(...ids.map((id) => Buffer.concat([headers(id, true, "x", "1"), reset(id, ErrorCode.CANCEL)])));
    expect(target.goaway).toBeUndefined();
    target.say(headers(2_401, true, ...post));
    expect(target.seen.length).toBe(1_201);
  });
});

describe("frames behind a GOAWAY", () => {
  test("of a server that drains: requests that were under way are served, later ones refused", () => {
    const target = Target.open();
    target.connection.drain();
    target.runtime.settle();
    target.say(headers(1, true, ...post), headers(3, false, ...post));
    target.say(frame(PING, 1, 0, target.of(PING)[0]!.payload));
    target.say(headers(5, true, ...post));
    expect(target.seen.length).toBe(2);
    expect(target.resetOf(5)).toBe(ErrorCode.REFUSED_STREAM);
    target.say(data(3, true, text));
    expect(target.of(HEADERS, 3).length).toBe(1);
    expect(target.of(GOAWAY).map(({ payload }) => payload.readUInt32BE(0))).toEqual([0x7fffffff, 3, 3]);
    expect(target.wire.state).toBe("ended");
  });

  test("of a server that drains, and then breaks off: what it has refused stays refused (RFC 9113 section 6.8)", () => {
    const target = Target.open({}, waits).say(headers(1, false, ...post));
    target.connection.drain();
    target.runtime.settle();
    target.say(frame(PING, 1, 0, target.of(PING)[0]!.payload));
    target.say(headers(3, true, ...post), frame(DATA, 0, 0, text));
    expect(target.of(GOAWAY).map(({ payload }) => payload.readUInt32BE(0))).toEqual([0x7fffffff, 1, 1]);
  });

  test("of a server that drains, and is cut before the client has heard of it, nothing is left to wait", () => {
    const target = Target.open({}, waits).say(headers(1, false, ...post));
    target.connection.drain();
    target.wire.destroy();
    target.runtime.settle();
    expect([target.problems, target.runtime.timers]).toEqual([[undefined], 0]);
  });

  test("of a server that ended the connection: nothing is answered, and no application hears of it", () => {
    const target = Target.open().say(frame(DATA, 0, 0, text));
    expect(target.goaway).toBe(ErrorCode.PROTOCOL_ERROR);
    target.say(headers(1, true, ...post), frame(PING, 0, 0, Buffer.alloc(8)));
    expect([target.seen, target.of(PING)]).toEqual([[], []]);
  });

  test("of a client that leaves: what it opened is served, and what it still opens", () => {
    const target = Target.open().say(headers(1, false, ...post), goaway(0, ErrorCode.NO_ERROR));
    target.say(headers(3, true, ...post), data(1, true, text));
    expect(target.seen.length).toBe(2);
    expect(target.seen.every(({ closed, fault }) => closed && fault === undefined)).toBe(true);
    expect(target.goaway).toBe(ErrorCode.NO_ERROR);
  });
});

describe("a half that has ended", () => {
  const answersLater = (): { act: (seen: Seen) => void } => ({ act: waits });

  test.each([
    ["DATA", data(1, false, text)],
    ["HEADERS", headers(1, true, "x", "y")],
  ])("%s behind END_STREAM, the answer still to come: the stream ends with STREAM_CLOSED", (_name, late) => {
    const target = Target.open({}, answersLater().act).say(
      headers(1, true, ...post),
      headers(3, false, ...post),
      late,
    );
    expect(target.resetOf(1)).toBe(ErrorCode.STREAM_CLOSED);
    expect(target.seen[0]!.fault).toMatchObject({
      by: "local",
      kind: "protocol",
      h2: ErrorCode.STREAM_CLOSED,
    });
    expect([target.seen[1]!.fault, target.goaway]).toEqual([undefined, undefined]);
  });

  test.each([
    ["DATA", data(1, false, text)],
    ["HEADERS", headers(1, true, "x", "y")],
  ])("%s in the same breath, the answer written and not on its way: the same", (_name, late) => {
    const target = Target.open().say(Buffer.concat([headers(1, true, ...post), late]));
    expect(target.resetOf(1)).toBe(ErrorCode.STREAM_CLOSED);
    expect(target.goaway).toBeUndefined();
  });

  test.each([
    ["DATA", data(1, false, text)],
    ["HEADERS", headers(1, true, "x", "y")],
  ])("%s on a stream that both have ended: the connection ends with STREAM_CLOSED", (_name, late) => {
    const target = Target.open()
      .say(headers(1, true, ...post))
      .say(late);
    expect(target.goaway).toBe(ErrorCode.STREAM_CLOSED);
  });

  test.each([
    ["DATA", data(5, false, text)],
    ["RST_STREAM", reset(5, ErrorCode.CANCEL)],
    ["WINDOW_UPDATE", windowUpdate(5, 1)],
    ["HEADERS with an even number", headers(4, true, ...post)],
  ])("%s on a stream that is idle: the connection ends with PROTOCOL_ERROR", (_name, early) => {
    const target = Target.open().say(headers(1, true, ...post), early);
    expect(target.goaway).toBe(ErrorCode.PROTOCOL_ERROR);
  });

  test("a request with a number below the last: the connection ends", () => {
    const target = Target.open().say(headers(5, true, ...post), headers(3, true, ...post));
    expect(target.goaway).toBe(ErrorCode.STREAM_CLOSED);
  });
});

describe("requests that are not well-formed end their stream with PROTOCOL_ERROR, and no other (RFC 9113 section 8.1.1)", () => {
  const without = (name: string): string[] =>
    post.flatMap((one, at) => (at % 2 === 0 && one !== name ? [one, post[at + 1]!] : []));
  test.each([
    ["no :method", without(":method")],
    ["no :scheme", without(":scheme")],
    ["no :path", without(":path")],
    ["an empty :path", [...without(":path"), ":path", ""]],
    ["a path without a slash", [...without(":path"), ":path", "x"]],
    [":path twice", [...post, ":path", "/x"]],
    [":status", [...post, ":status", "200"]],
    ["a pseudo-header field behind others", [...without(":path"), "x", "y", ":path", "/"]],
    ["an upper-case name", [...post, "Host", "a"]],
    ["connection", [...post, "connection", "keep-alive"]],
    ["transfer-encoding: chunked", [...post, "transfer-encoding", "chunked"]],
    ["upgrade", [...post, "upgrade", "websocket"]],
    ["te: gzip", [...post, "te", "gzip"]],
    ["a line feed in a value", [...post, "x", "a\r\nhost: b"]],
    ["NUL in a value", [...post, "x", "a\0"]],
    ["a space in a name", [...post, "x y", "a"]],
    ["a colon in a name", [...post, "x:y", "a"]],
    ["two lengths", [...post, "content-length", "1", "content-length", "2"]],
    ["a length with a sign", [...post, "content-length", "+1"]],
    ["a host that is another", [...post, "host", "b"]],
    ["a method with a space", [":method", "GET /x HTTP/1.1", ...post.slice(2)]],
  ])("%s", (_name, fields) => {
    const target = Target.open().say(headers(1, false, ...post), headers(3, true, ...fields));
    expect(target.resetOf(3)).toBe(ErrorCode.PROTOCOL_ERROR);
    expect(target.seen.length).toBe(1);
    target.say(data(1, true, text));
    expect(target.seen[0]).toMatchObject({ closed: true, fault: undefined });
  });

  test.each([
    ["more than its content-length", ["3"], [data(3, true, Buffer.from("four"))]],
    ["less than its content-length", ["3"], [data(3, true, text)]],
    ["less, behind trailers", ["3"], [data(3, false, text), headers(3, true, "x", "y")]],
  ])("a body of %s", (_name, [length], parts) => {
    const target = Target.open().say(
      headers(1, false, ...post),
      headers(3, false, ...post, "content-length", length!),
    );
    target.say(...parts);
    expect(target.resetOf(3)).toBe(ErrorCode.PROTOCOL_ERROR);
    expect(target.seen[1]).toMatchObject({ ended: false, fault: { by: "local", kind: "protocol" } });
    expect(target.seen[0]!.fault).toBeUndefined();
  });
});
