import { describe, expect, test } from "vitest";
import { FrameType } from "../../src/frame/frame-type.ts";
import { ClientScript } from "../support/client-script.ts";
import {
  blockOf,
  continuation,
  data,
  frame,
  headers,
  headersPart,
  ping,
  priority,
  rstStream,
  setting,
  settings,
  windowUpdate,
} from "../support/frames.ts";
import { get, ServerScript } from "../support/server-script.ts";
import { concat, indexed, literal, update } from "../hpack/support.ts";

const block = blockOf(get);

describe("sections 4.3 and 6.10: a header block", () => {
  test("may be cut anywhere, in empty pieces too", () => {
    for (let cut = 0; cut <= block.length; cut++) {
      const script = ServerScript.open();
      script.receive(
        headersPart(1, block.subarray(0, cut), "END_STREAM"),
        continuation(1, ""),
        continuation(1, block.subarray(cut), "END_HEADERS"),
      );
      expect(script.last.events()).toEqual(["end"]);
      expect(script.last.exchange.head.authority).toBe("a");
    }
  });

  test.each([
    ["DATA", data(3, "x")],
    ["HEADERS", headers(3, get)],
    ["PRIORITY", priority(1, 0)],
    ["RST_STREAM", rstStream(1, "CANCEL")],
    ["SETTINGS", settings()],
    ["PING", ping("........")],
    ["WINDOW_UPDATE", windowUpdate(0, 1)],
    ["an unknown frame", frame(0xfe, 0, 1)],
    ["CONTINUATION of another stream", continuation(3, "", "END_HEADERS")],
    ["a frame of a wrong size", frame(FrameType.PING, 0, 0, "short")],
  ])("has nothing in its middle: %s there is a connection error of PROTOCOL_ERROR", (_, between) => {
    const script = ServerScript.open();
    script.receive(headersPart(1, block, "END_STREAM"), between);
    expect(script.sent()).toEqual(["GOAWAY 0 PROTOCOL_ERROR"]);
    expect(script.requests).toHaveLength(0);
  });

  test("that is complete takes no CONTINUATION", () => {
    const script = ServerScript.open();
    script.receive(headers(1, get), continuation(1, "", "END_HEADERS"));
    expect(script.sent()).toEqual(["GOAWAY 1 PROTOCOL_ERROR"]);
  });

  test("comes to an end within its time", () => {
    const script = ServerScript.open({ limits: { headersTimeoutMs: 100 } });
    script.receive(headersPart(1, block));
    script.runtime.advance(99);
    expect(script.sent()).toEqual([]);
    script.runtime.advance(1);
    expect(script.sent()).toEqual(["GOAWAY 0 ENHANCE_YOUR_CALM"]);
  });

  test("that came to an end in time is not waited for", () => {
    const script = ServerScript.open({ limits: { headersTimeoutMs: 100 } });
    script.receive(headersPart(1, block), continuation(1, "", "END_HEADERS"));
    script.runtime.advance(1000);
    expect(script.sent()).toEqual([]);
  });

  test("of more frames than are allowed is a connection error of ENHANCE_YOUR_CALM", () => {
    const script = ServerScript.open({ limits: { maxContinuations: 3 } });
    const part = continuation(1, "");
    script.receive(headersPart(1, block), part, part, part);
    expect(script.sent()).toEqual([]);
    script.receive(part);
    expect(script.sent()).toEqual(["GOAWAY 0 ENHANCE_YOUR_CALM"]);
  });

  test("that leaves is cut into frames of the peer's SETTINGS_MAX_FRAME_SIZE, with nothing between", () => {
    const script = ServerScript.open();
    script.receive(headers(1, get, "END_STREAM"));
    const value = "\u0001".repeat(30_000).replaceAll("\u0001", "~");
    script.last.exchange.reply(200, ["x", value], null, null);
    const frames = (script.runtime.settle(), script.wire.frames());
    expect(frames.map(({ type, flags }) => [type, flags])).toEqual([
      [FrameType.HEADERS, 1],
      [FrameType.CONTINUATION, 4],
    ]);
    expect(frames[0]!.payload).toHaveLength(16_384);
  });
});

describe("section 4.3: the compression state", () => {
  /** Inserts `x: y`, which is entry 62 from then on. */
  const inserting = concat(block, literal("inserted", "x", "y"));
  const naming = concat(block, indexed(62));

  test.each([
    ["is refused for want of room", { maxConcurrentStreams: 1 }, inserting],
    ["is malformed", {}, concat(inserting, literal("notIndexed", "UPPER", "case"))],
    ["is too large", { maxHeaderBytes: 400 }, concat(inserting, literal("notIndexed", "z", "z".repeat(400)))],
  ])("is kept by a block whose request %s", (_, limits, bytes) => {
    const script = ServerScript.open({ limits });
    script.receive(headers(1, get));
    script.receive(headersPart(3, bytes, "END_HEADERS"));
    script.receive(rstStream(1, "CANCEL"), headersPart(5, naming, "END_HEADERS", "END_STREAM"));
    expect(script.last.exchange.head.fields).toEqual(["x", "y"]);
  });

  test("is kept by a response to a stream that was reset", () => {
    const script = ClientScript.open();
    const [gone, stays] = [script.open(), script.open()];
    gone.exchange.reset(8);
    const ok = literal("notIndexed", ":status", "200");
    script.receive(headersPart(1, concat(ok, literal("inserted", "x", "y")), "END_HEADERS"));
    script.receive(headersPart(3, concat(ok, indexed(62)), "END_HEADERS"));
    expect(stays.events()).toEqual(["sent", "head 200 x=y"]);
    expect(gone.events()).toEqual(["sent", "closed false"]);
  });

  test.each([
    ["an index without an entry", indexed(62)],
    ["a table that is larger than allowed", update(4097)],
    ["half a literal", literal("notIndexed", "x", "long").subarray(0, 5)],
  ])("that cannot be kept is a connection error of COMPRESSION_ERROR: %s", (_, bytes) => {
    const script = ServerScript.open();
    script.receive(headersPart(1, bytes, "END_HEADERS"));
    expect(script.sent()).toEqual(["GOAWAY 0 COMPRESSION_ERROR"]);
  });

  test("that cannot be kept is so on a stream that is closed too", () => {
    const script = ClientScript.open();
    script.open().exchange.reset(8);
    script.sent();
    script.receive(headersPart(1, indexed(62), "END_HEADERS"));
    expect(script.sent()).toEqual(["GOAWAY 0 COMPRESSION_ERROR"]);
  });

  test("that ends its connection half-way leaves no timer behind", () => {
    const script = ServerScript.open();
    script.receive(headersPart(1, block.subarray(0, 5)), ping("in it..."));
    expect(script.sent()).toEqual(["GOAWAY 0 PROTOCOL_ERROR"]);
    script.wire.close(undefined);
    script.runtime.settle();
    expect(script.runtime.timers).toBe(0);
  });

  test("section 6.5.2: SETTINGS_HEADER_TABLE_SIZE of the peer's is told at the start of the next block", () => {
    const script = ServerScript.open();
    script.receive(settings({ HEADER_TABLE_SIZE: 0 }));
    script.receive(headers(1, get, "END_STREAM"), headers(3, get, "END_STREAM"));
    for (const { exchange } of script.requests) exchange.reply(204, [], null, null);
    const [, first, second] = (script.runtime.settle(), script.wire.frames());
    expect(first!.payload[0]).toBe(0x20);
    expect(second!.payload[0]! & 0xe0).not.toBe(0x20);
  });

  test("RFC 7541 section 4.2: of several sizes in one SETTINGS frame the smallest is told, and then the last", () => {
    const script = ServerScript.open();
    const sizes = concat(setting(1, 100), setting(1, 0), setting(1, 4096));
    script.receive(frame(FrameType.SETTINGS, 0, 0, sizes), headers(1, get, "END_STREAM"));
    script.last.exchange.reply(204, [], null, null);
    const [, head] = (script.runtime.settle(), script.wire.frames());
    // 0; 31 and 4,065 more.
    expect([...head!.payload.subarray(0, 4)]).toEqual([0x20, 0x3f, 0xe1, 0x1f]);
  });
});
