import { describe, expect, test } from "vitest";
import { FrameType } from "../../src/frame/frame-type.ts";
import { concat, octets } from "../hpack/support.ts";
import { ClientScript } from "../support/client-script.ts";
import {
  data,
  frame,
  headers,
  setting,
  preface,
  settings,
  settingsAck,
  windowUpdate,
} from "../support/frames.ts";
import { get, post, ServerScript } from "../support/server-script.ts";

const largest = 0x7fffffff;

describe("section 6.5: SETTINGS", () => {
  test("each is acknowledged, in their order, with what follows from it behind", () => {
    const script = ServerScript.open({ settings: { INITIAL_WINDOW_SIZE: 0 } });
    script.receive(headers(1, get, "END_STREAM"));
    script.last.exchange.reply(200, [], octets("hello"), null);
    script.sent();
    script.receive(settings({ INITIAL_WINDOW_SIZE: 2 }), settings({ INITIAL_WINDOW_SIZE: 3 }));
    expect(script.sent()).toEqual(["SETTINGS ACK", "SETTINGS ACK", "DATA 1 hel"]);
  });

  test("unknown ones are ignored", () => {
    const script = ServerScript.open();
    script.receive(frame(FrameType.SETTINGS, 0, 0, concat(setting(0xff, 7), setting(0xfff0, 2 ** 32 - 1))));
    expect(script.sent()).toEqual(["SETTINGS ACK"]);
  });

  test("of the same setting the last one holds", () => {
    const script = ServerScript.open();
    const twice = concat(setting(4, 9), setting(4, 1));
    script.receive(frame(FrameType.SETTINGS, 0, 0, twice), headers(1, get, "END_STREAM"));
    script.last.exchange.reply(200, [], octets("hello"), null);
    expect(script.sent().at(-1)).toBe("DATA 1 h");
  });

  test.each([
    ["ENABLE_PUSH", 2, "PROTOCOL_ERROR"],
    ["INITIAL_WINDOW_SIZE", 2 ** 31, "FLOW_CONTROL_ERROR"],
    ["MAX_FRAME_SIZE", 16_383, "PROTOCOL_ERROR"],
    ["MAX_FRAME_SIZE", 2 ** 24, "PROTOCOL_ERROR"],
    ["ENABLE_CONNECT_PROTOCOL", 2, "PROTOCOL_ERROR"],
    ["NO_RFC7540_PRIORITIES", 2, "PROTOCOL_ERROR"],
  ])("%s of %d is a connection error of %s", (name, value, code) => {
    const script = ServerScript.open();
    script.receive(settings({ [name]: value }));
    expect(script.sent()).toEqual([`GOAWAY 0 ${code}`]);
  });

  test.each([
    ["ENABLE_PUSH", 0],
    ["ENABLE_PUSH", 1],
    ["INITIAL_WINDOW_SIZE", largest],
    ["MAX_FRAME_SIZE", 2 ** 24 - 1],
    ["MAX_HEADER_LIST_SIZE", 2 ** 32 - 1],
    ["HEADER_TABLE_SIZE", 2 ** 32 - 1],
  ])("%s of %d is well", (name, value) => {
    const script = ServerScript.open();
    script.receive(settings({ [name]: value }));
    expect(script.sent()).toEqual(["SETTINGS ACK"]);
  });

  test("a server that says ENABLE_PUSH is 1 breaks the connection; 0 is well", () => {
    const script = ClientScript.open({ settings: { ENABLE_PUSH: 0 } });
    expect(script.closed).toBeUndefined();
    script.receive(settings({ ENABLE_PUSH: 1 }));
    expect(script.sent()).toEqual(["GOAWAY 0 PROTOCOL_ERROR"]);
  });

  test("RFC 8441: ENABLE_CONNECT_PROTOCOL is not taken back", () => {
    const script = ClientScript.open({ settings: { ENABLE_CONNECT_PROTOCOL: 1 } });
    script.receive(settings({ ENABLE_CONNECT_PROTOCOL: 0 }));
    expect(script.sent()).toEqual(["GOAWAY 0 PROTOCOL_ERROR"]);
  });

  test("a request beyond the server's MAX_HEADER_LIST_SIZE is not sent, and said to be too large", () => {
    const script = ClientScript.open({ settings: { MAX_HEADER_LIST_SIZE: 200 } });
    const call = script.open({ fields: ["x", "y".repeat(100)] });
    expect(script.sent()).toEqual([]);
    expect(call.events()).toEqual(["fault local limit - never", "closed false"]);
    expect(call.lastFault!.text).toMatch(/\d+ bytes.*at most 200/);
  });
});

describe("section 6.5.3: our SETTINGS", () => {
  test("are to be acknowledged within their time", () => {
    const script = new ServerScript({ limits: { settingsTimeoutMs: 700 } });
    script.receive(preface, settings());
    script.sent();
    script.runtime.advance(699);
    expect(script.sent()).toEqual([]);
    script.runtime.advance(1);
    expect(script.sent()).toEqual(["GOAWAY 0 SETTINGS_TIMEOUT"]);
  });

  test("are not waited for once they are acknowledged; nothing else is either", () => {
    const script = ServerScript.open();
    // That of the idle connection.
    expect(script.runtime.timers).toBe(1);
    script.receive(settingsAck);
    expect(script.sent()).toEqual([]);
  });

  test("hold for what comes behind the acknowledgement: before it a window is that of section 6.9.2", () => {
    const script = new ServerScript({ limits: { streamWindowBytes: 10 } });
    script.receive(preface, settings(), headers(1, post), data(1, "0123456789abcdef"));
    script.receive(settingsAck, headers(3, post), data(3, "0123456789"));
    expect(script.requests.map(({ body }) => body)).toEqual(["0123456789abcdef", "0123456789"]);
    script.requests[1]!.exchange.pause();
    script.sent();
    script.receive(data(3, "0123456789"), data(3, "x"));
    expect(script.sent()).toContain("RST_STREAM 3 FLOW_CONTROL_ERROR");
  });

  test("hold for streams that were open before the acknowledgement as well", () => {
    const script = new ServerScript({ limits: { streamWindowBytes: 10 } });
    script.receive(preface, settings(), headers(1, post));
    script.last.exchange.pause();
    script.receive(settingsAck, data(1, "0123456789"));
    script.sent();
    script.receive(data(1, "x"));
    expect(script.sent()).toEqual(["RST_STREAM 1 FLOW_CONTROL_ERROR"]);
  });

  test("are what credit goes by from the first stream on: a small window does not stall", () => {
    const script = new ServerScript({ limits: { streamWindowBytes: 10, maxStreamWindowBytes: 10 } });
    // The client has read SETTINGS when it sends, and says so later.
    script.receive(preface, settings(), headers(1, post), data(1, "0123456789"));
    expect(script.sent()).toContain("WINDOW_UPDATE 1 10");
  });
});

describe("section 6.9.2: INITIAL_WINDOW_SIZE", () => {
  function responding(initial: number): ServerScript {
    const script = ServerScript.open({ settings: { INITIAL_WINDOW_SIZE: initial } });
    script.receive(headers(1, get, "END_STREAM"));
    script.last.exchange.reply(200, [], octets("0123456789"), null);
    script.sent();
    return script;
  }

  test("widens the windows of open streams by the difference", () => {
    const script = responding(4);
    script.receive(settings({ INITIAL_WINDOW_SIZE: 6 }));
    expect(script.sent()).toEqual(["SETTINGS ACK", "DATA 1 45"]);
  });

  test("may make a window negative; the peer widens it from there", () => {
    const script = responding(4);
    script.receive(settings({ INITIAL_WINDOW_SIZE: 1 }));
    script.receive(windowUpdate(1, 3));
    expect(script.sent()).toEqual(["SETTINGS ACK"]);
    script.receive(windowUpdate(1, 1));
    expect(script.sent()).toEqual(["DATA 1 4"]);
    script.receive(settings({ INITIAL_WINDOW_SIZE: 100 }));
    expect(script.sent()).toEqual(["SETTINGS ACK", "DATA 1 END_STREAM 56789"]);
  });

  test("does not change the connection's window", () => {
    const script = responding(0);
    script.receive(settings({ INITIAL_WINDOW_SIZE: largest }), headers(3, get, "END_STREAM"));
    script.last.exchange.reply(200, [], new Uint8Array(70_000), null);
    const sent = script.wire.frames().filter(({ type }) => type === FrameType.DATA);
    expect(sent.reduce((sum, { payload }) => sum + payload.length, 0)).toBeLessThanOrEqual(65_535);
  });

  test("that makes a window larger than 2^31-1 is a connection error of FLOW_CONTROL_ERROR", () => {
    const script = responding(0);
    script.receive(windowUpdate(1, largest), settings({ INITIAL_WINDOW_SIZE: largest }));
    expect(script.sent().at(-1)).toBe("GOAWAY 1 FLOW_CONTROL_ERROR");
  });
});
