import { describe, expect, test } from "vitest";
import { Flag, FrameType } from "../../src/frame/frame-type.ts";
import { data, frame, headers, padded, ping, settings } from "../support/frames.ts";
import { get, post, ServerScript } from "../support/server-script.ts";

const bytes = (length: number): Uint8Array => new Uint8Array(length);

/** A server with a request under way. */
function serving(limits = {}): ServerScript {
  const script = ServerScript.open({ limits });
  script.receive(headers(1, post));
  script.last.events();
  return script;
}

describe("section 4.2: frame sizes", () => {
  test("a frame of 16,384 bytes is taken without a word", () => {
    const script = serving();
    script.receive(data(1, bytes(16_384)));
    expect(script.last.events()).toEqual(["data (16384 bytes)"]);
  });

  test.each([
    ["DATA", data(1, bytes(16_385))],
    ["HEADERS", frame(FrameType.HEADERS, Flag.END_HEADERS, 3, bytes(16_385))],
    ["SETTINGS", frame(FrameType.SETTINGS, 0, 0, bytes(16_386))],
    ["an unknown frame", frame(0xfe, 0, 0, bytes(16_385))],
  ])("%s beyond SETTINGS_MAX_FRAME_SIZE is a connection error, known by its header alone", (_, long) => {
    const script = serving();
    script.receive(Uint8Array.of(long.payload.length >>> 16, long.payload.length >>> 8, long.payload.length));
    script.receive(Uint8Array.of(long.type, long.flags, 0, 0, 0, long.stream));
    expect(script.sent()).toEqual(["GOAWAY 1 FRAME_SIZE_ERROR"]);
  });

  test("a larger SETTINGS_MAX_FRAME_SIZE of ours holds for what comes", () => {
    const script = serving({ maxFrameBytes: 20_000 });
    script.receive(data(1, bytes(20_000)));
    expect(script.last.events()).toEqual(["data (20000 bytes)"]);
    script.sent();
    script.receive(data(1, bytes(20_001)));
    expect(script.sent()).toEqual(["GOAWAY 1 FRAME_SIZE_ERROR"]);
  });

  test("no DATA frame that leaves is longer than the peer's SETTINGS_MAX_FRAME_SIZE", () => {
    const script = serving();
    script.last.exchange.respond(200, []);
    script.last.exchange.write(bytes(20_000));
    expect(script.sent().slice(1)).toEqual(["DATA 1 (16384 bytes)", "DATA 1 (3616 bytes)"]);
    script.receive(settings({ MAX_FRAME_SIZE: 17_000 }));
    script.last.exchange.write(bytes(20_000));
    expect(script.sent()).toEqual(["SETTINGS ACK", "DATA 1 (17000 bytes)", "DATA 1 (3000 bytes)"]);
  });

  test.each([
    ["SETTINGS of 5 bytes", frame(FrameType.SETTINGS, 0, 0, bytes(5))],
    ["an acknowledgement of SETTINGS with 6 bytes", frame(FrameType.SETTINGS, Flag.ACK, 0, bytes(6))],
    ["PING of 7 bytes", frame(FrameType.PING, 0, 0, bytes(7))],
    ["PING of 9 bytes", frame(FrameType.PING, 0, 0, bytes(9))],
    ["RST_STREAM of 3 bytes", frame(FrameType.RST_STREAM, 0, 1, bytes(3))],
    ["RST_STREAM of 5 bytes", frame(FrameType.RST_STREAM, 0, 1, bytes(5))],
    ["WINDOW_UPDATE of 3 bytes", frame(FrameType.WINDOW_UPDATE, 0, 1, bytes(3))],
    ["WINDOW_UPDATE of 5 bytes", frame(FrameType.WINDOW_UPDATE, 0, 0, bytes(5))],
    ["GOAWAY of 7 bytes", frame(FrameType.GOAWAY, 0, 0, bytes(7))],
    ["PRIORITY_UPDATE of 3 bytes", frame(FrameType.PRIORITY_UPDATE, 0, 0, bytes(3))],
    ["HEADERS without its pad length", frame(FrameType.HEADERS, Flag.PADDED | Flag.END_HEADERS, 3)],
    ["HEADERS without its priority", frame(FrameType.HEADERS, Flag.PRIORITY | Flag.END_HEADERS, 3, bytes(4))],
    ["DATA without its pad length", frame(FrameType.DATA, Flag.PADDED, 1)],
  ])("section 4.2: %s is a connection error of FRAME_SIZE_ERROR", (_, wrong) => {
    const script = serving();
    script.receive(wrong);
    expect(script.sent()).toEqual(["GOAWAY 1 FRAME_SIZE_ERROR"]);
    expect(script.last.events()).toEqual(["fault transport truncated - maybe", "closed false"]);
  });

  test.each([4, 6])("section 6.3: PRIORITY of %d bytes is a stream error of FRAME_SIZE_ERROR", (length) => {
    const script = serving();
    script.receive(frame(FrameType.PRIORITY, 0, 1, bytes(length)), ping("siblings"));
    expect(script.sent()).toEqual(["RST_STREAM 1 FRAME_SIZE_ERROR", "PING ACK siblings"]);
  });
});

describe("sections 6.1 and 6.2: padding", () => {
  test("is no part of the body, and none of the header block", () => {
    const script = ServerScript.open();
    script.receive(padded(headers(1, post), 255), padded(data(1, "body"), 255));
    script.receive(padded(data(1, ""), 0), padded(data(1, "!", "END_STREAM"), 9));
    expect(script.last.events()).toEqual(["data body", "data !", "end"]);
  });

  const tooMuch = Uint8Array.of(4, 1, 2, 3);

  test.each([
    ["DATA", frame(FrameType.DATA, Flag.PADDED, 1, tooMuch)],
    ["HEADERS", frame(FrameType.HEADERS, Flag.PADDED | Flag.END_HEADERS, 3, tooMuch)],
    [
      "HEADERS with a priority",
      frame(
        FrameType.HEADERS,
        Flag.PADDED | Flag.PRIORITY | Flag.END_HEADERS,
        3,
        Uint8Array.of(2, ...bytes(6)),
      ),
    ],
  ])("of %s that is longer than its payload is a connection error of PROTOCOL_ERROR", (_, wrong) => {
    const script = serving();
    script.receive(wrong);
    expect(script.sent()).toEqual(["GOAWAY 1 PROTOCOL_ERROR"]);
  });

  test("and priority stand before the header block together", () => {
    const script = ServerScript.open();
    const { payload } = headers(1, get);
    const full = Uint8Array.of(3, 0, 0, 0, 0, 15, ...payload, 0, 0, 0);
    const flags = Flag.PADDED | Flag.PRIORITY | Flag.END_HEADERS | Flag.END_STREAM;
    script.receive(frame(FrameType.HEADERS, flags, 1, full));
    expect(script.last.events()).toEqual(["end"]);
    expect(script.last.exchange.head.path).toBe("/");
  });
});

describe("section 4.1", () => {
  test.each([
    ["DATA", frame(FrameType.DATA, 0, 0, "x")],
    ["HEADERS", frame(FrameType.HEADERS, Flag.END_HEADERS, 0)],
    ["PRIORITY", frame(FrameType.PRIORITY, 0, 0, bytes(5))],
    ["RST_STREAM", frame(FrameType.RST_STREAM, 0, 0, bytes(4))],
    ["CONTINUATION", frame(FrameType.CONTINUATION, 0, 0)],
    ["PUSH_PROMISE", frame(FrameType.PUSH_PROMISE, 0, 0, bytes(4))],
  ])("%s on stream 0 is a connection error of PROTOCOL_ERROR", (_, wrong) => {
    const script = serving();
    script.receive(wrong);
    expect(script.sent()).toEqual(["GOAWAY 1 PROTOCOL_ERROR"]);
  });

  test.each([
    ["SETTINGS", frame(FrameType.SETTINGS, 0, 1)],
    ["PING", frame(FrameType.PING, 0, 1, bytes(8))],
    ["GOAWAY", frame(FrameType.GOAWAY, 0, 1, bytes(8))],
    ["PRIORITY_UPDATE", frame(FrameType.PRIORITY_UPDATE, 0, 1, bytes(4))],
  ])("%s on a stream is a connection error of PROTOCOL_ERROR", (_, wrong) => {
    const script = serving();
    script.receive(wrong);
    expect(script.sent()).toEqual(["GOAWAY 1 PROTOCOL_ERROR"]);
  });

  test("the reserved bit of a stream's identifier, unknown flags and unknown frames are ignored", () => {
    const script = ServerScript.open();
    const { payload } = headers(1, get);
    script.receive(frame(0xab, 0xff, 0x80000003, "whatever"));
    script.receive(frame(FrameType.HEADERS, Flag.END_HEADERS | 0xd2 | Flag.END_STREAM, 0x80000001, payload));
    script.receive(frame(FrameType.PING, 0xfe, 0, "........"));
    expect(script.last.events()).toEqual(["end"]);
    expect(script.sent()).toEqual(["PING ACK ........"]);
  });
});
