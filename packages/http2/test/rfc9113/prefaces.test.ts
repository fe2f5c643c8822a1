import { describe, expect, test } from "vitest";
import { ClientScript } from "../support/client-script.ts";
import { headers, ping, preface, settings, settingsAck, windowUpdate } from "../support/frames.ts";
import { get, ServerScript } from "../support/server-script.ts";
import { octets } from "../hpack/support.ts";

describe("section 3.4: a server", () => {
  test("begins with SETTINGS, before it has heard of the client", () => {
    expect(new ServerScript().sent()).toEqual([
      "SETTINGS MAX_CONCURRENT_STREAMS=256 INITIAL_WINDOW_SIZE=65535 MAX_FRAME_SIZE=16384" +
        " MAX_HEADER_LIST_SIZE=65536 NO_RFC7540_PRIORITIES=1",
      "WINDOW_UPDATE 0 983041",
    ]);
  });

  test("takes the preface octet by octet, and requests in the same chunk", () => {
    const script = new ServerScript();
    script.sent();
    for (const octet of preface) script.receive(Uint8Array.of(octet));
    script.receive(settings(), headers(1, get, "END_STREAM"));
    expect(script.sent()).toEqual(["SETTINGS ACK"]);
    expect(script.requests).toHaveLength(1);
  });

  test.each([
    ["a request of HTTP/1.1", octets("GET / HTTP/1.1\r\n\r\n")],
    ["a preface that is wrong at its end", octets("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\r")],
    ["a frame in place of the preface", Uint8Array.of(0, 0, 0, 4, 0, 0, 0, 0, 0)],
  ])("ends the connection with PROTOCOL_ERROR for %s", (_, bytes) => {
    const script = new ServerScript();
    script.sent();
    script.receive(bytes);
    expect(script.sent()).toEqual(["GOAWAY 0 PROTOCOL_ERROR"]);
    expect(script.wire.state).toBe("ended");
  });

  test.each([
    ["PING", ping("........")],
    ["WINDOW_UPDATE", windowUpdate(0, 1)],
    ["HEADERS", headers(1, get, "END_STREAM")],
    ["an acknowledgement of SETTINGS", settingsAck],
  ])("ends the connection with PROTOCOL_ERROR when the first frame is %s", (_, first) => {
    const script = new ServerScript();
    script.sent();
    script.receive(preface, first);
    expect(script.sent()).toEqual(["GOAWAY 0 PROTOCOL_ERROR"]);
    expect(script.requests).toHaveLength(0);
  });

  test("gives up on a client that says nothing, or not all, within its time", () => {
    for (const said of [octets(""), preface.subarray(0, 23), preface]) {
      const script = new ServerScript({ limits: { handshakeTimeoutMs: 500 } });
      script.receive(said);
      script.sent();
      script.runtime.advance(499);
      expect(script.sent()).toEqual([]);
      script.runtime.advance(1);
      expect(script.sent()).toEqual(["GOAWAY 0 SETTINGS_TIMEOUT"]);
    }
  });
});

describe("section 3.4: a client", () => {
  test("begins with the preface and SETTINGS", () => {
    expect(new ClientScript().wire.take().subarray(0, preface.length)).toEqual(preface);
    expect(new ClientScript().sent()).toEqual([
      "SETTINGS ENABLE_PUSH=0 MAX_CONCURRENT_STREAMS=0 INITIAL_WINDOW_SIZE=65535 MAX_FRAME_SIZE=16384" +
        " MAX_HEADER_LIST_SIZE=65536 NO_RFC7540_PRIORITIES=1",
      "WINDOW_UPDATE 0 983041",
    ]);
  });

  test("sends no request before the server's SETTINGS, which it acknowledges first", () => {
    const script = new ClientScript();
    script.sent();
    const call = script.open();
    expect(script.sent()).toEqual([]);
    expect(call.events()).toEqual([]);
    script.receive(settings());
    expect(script.sent()).toEqual([
      "SETTINGS ACK",
      "HEADERS 1 END_STREAM :method=GET :scheme=http :authority=a :path=/",
    ]);
    expect(call.events()).toEqual(["sent"]);
  });

  test.each([
    ["a response of HTTP/1.1", octets("HTTP/1.1 400 Bad Request\r\n\r\n"), "PROTOCOL_ERROR"],
    ["PING", ping("........"), "PROTOCOL_ERROR"],
  ])(
    "that hears %s first ends the connection; requests that waited were never processed",
    (_, first, code) => {
      const script = new ClientScript();
      script.sent();
      const call = script.open();
      script.receive(first);
      expect(script.sent()).toEqual([`GOAWAY 0 ${code}`]);
      expect(call.events()).toEqual([`fault local protocol ${code} never`, "closed false"]);
      expect(script.isRetired).toBe(true);
    },
  );

  test("gives up on a server that says nothing within its time", () => {
    const script = new ClientScript({ limits: { handshakeTimeoutMs: 500 } });
    const call = script.open();
    script.sent();
    script.runtime.advance(500);
    expect(script.sent()).toEqual(["GOAWAY 0 SETTINGS_TIMEOUT"]);
    expect(call.events()).toEqual(["fault local protocol SETTINGS_TIMEOUT never", "closed false"]);
  });
});
