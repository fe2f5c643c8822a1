import { describe, expect, test } from "vitest";
import { octets } from "../hpack/support.ts";
import { ClientScript } from "../support/client-script.ts";
import { data, type Frame, headers, rstStream, settings, windowUpdate } from "../support/frames.ts";
import { get, post, ServerScript } from "../support/server-script.ts";

describe("section 5.1.1: stream identifiers", () => {
  test("a server takes odd ones that grow, with gaps", () => {
    const script = ServerScript.open();
    for (const id of [1, 3, 9, 0x7fffffff]) script.receive(headers(id, get, "END_STREAM"));
    expect(script.requests).toHaveLength(4);
    expect(script.sent()).toEqual([]);
  });

  const even: [string, Frame][] = [
    ["HEADERS", headers(4, get, "END_STREAM")],
    ["DATA", data(4, "x")],
    ["RST_STREAM", rstStream(4, "CANCEL")],
    ["WINDOW_UPDATE", windowUpdate(4, 1)],
  ];

  test.each(even)("%s on an even stream, which a client never opens, is a connection error", (_, frame) => {
    const script = ServerScript.open();
    script.receive(headers(9, get), frame);
    expect(script.sent()).toEqual(["GOAWAY 9 PROTOCOL_ERROR"]);
  });

  test.each(even)("%s on an even stream, which a server never opens, is a connection error", (_, frame) => {
    const script = ClientScript.open();
    for (let i = 0; i < 5; i++) script.open();
    script.sent();
    script.receive(frame);
    expect(script.sent()).toEqual(["GOAWAY 0 PROTOCOL_ERROR"]);
  });

  test("a new stream closes the idle ones below it", () => {
    const script = ServerScript.open();
    script.receive(headers(5, get), headers(3, get));
    expect(script.sent()).toEqual(["GOAWAY 5 STREAM_CLOSED"]);
    expect(script.requests).toHaveLength(1);
  });

  test("a client's are odd and grow in the order of the requests", () => {
    const script = ClientScript.open();
    for (let i = 0; i < 3; i++) script.open({ path: `/${i}` });
    expect(script.sent().map((line) => line.replace(/:method.*:path=/, ""))).toEqual([
      "HEADERS 1 END_STREAM /0",
      "HEADERS 3 END_STREAM /1",
      "HEADERS 5 END_STREAM /2",
    ]);
  });
});

describe("section 5.1.2: concurrency", () => {
  test("a server refuses what is beyond its limit, for a client to try again", () => {
    const script = ServerScript.open({ limits: { maxConcurrentStreams: 2 } });
    script.receive(headers(1, get, "END_STREAM"), headers(3, post), headers(5, post), data(5, "more"));
    expect(script.sent()).toEqual(["RST_STREAM 5 REFUSED_STREAM"]);
    expect(script.requests).toHaveLength(2);
  });

  test("a stream that has ended both ways, or was reset, makes room", () => {
    const script = ServerScript.open({ limits: { maxConcurrentStreams: 2 } });
    script.receive(headers(1, get, "END_STREAM"), headers(3, post));
    script.last.exchange.reply(204, [], null, null);
    script.requests[0]!.exchange.reply(204, [], null, null);
    script.sent();
    script.receive(headers(5, get), headers(7, get));
    // Half-closed streams count: the client of stream 3 has not ended.
    expect(script.sent()).toEqual(["RST_STREAM 7 REFUSED_STREAM"]);
    script.receive(rstStream(3, "CANCEL"), headers(9, get));
    expect(script.sent()).toEqual([]);
    expect(script.requests).toHaveLength(4);
  });

  test("a client's requests wait for room, in their order", () => {
    const script = ClientScript.open({ settings: { MAX_CONCURRENT_STREAMS: 1 } });
    const calls = ["/a", "/b", "/c"].map((path) => script.open({ path }));
    expect(script.sent()).toHaveLength(1);
    expect(calls.map((call) => call.events())).toEqual([["sent"], [], []]);
    script.receive(headers(1, [":status", "200"], "END_STREAM"));
    expect(script.sent()).toEqual(["HEADERS 3 END_STREAM :method=GET :scheme=http :authority=a :path=/b"]);
    script.receive(rstStream(3, "CANCEL"));
    expect(script.sent()[0]).toMatch(/^HEADERS 5 .*\/c$/);
  });

  test("a request that waits and is reset is never sent", () => {
    const script = ClientScript.open({ settings: { MAX_CONCURRENT_STREAMS: 0 } });
    const [gone, stays] = [script.upload(), script.open({ path: "/b" })];
    gone.exchange.write(octets("never"));
    gone.exchange.reset(8);
    script.receive(settings({ MAX_CONCURRENT_STREAMS: 5 }));
    expect(script.sent()).toEqual([
      "SETTINGS ACK",
      "HEADERS 1 END_STREAM :method=GET :scheme=http :authority=a :path=/b",
    ]);
    expect(gone.events()).toEqual(["closed false"]);
    expect(stays.events()).toEqual(["sent"]);
  });

  test("what was written while a request waited leaves behind its head", () => {
    const script = ClientScript.open({ settings: { MAX_CONCURRENT_STREAMS: 0 } });
    const call = script.upload();
    call.exchange.write(octets("one"));
    call.exchange.write(octets("two"));
    call.exchange.end(["x", "y"]);
    script.receive(settings({ MAX_CONCURRENT_STREAMS: 1 }));
    expect(script.sent().slice(2)).toEqual(["DATA 1 onetwo", "HEADERS 1 END_STREAM x=y"]);
  });

  test("a limit that is lowered holds for what comes; what runs goes on", () => {
    const script = ClientScript.open();
    const first = script.open();
    script.open();
    script.receive(settings({ MAX_CONCURRENT_STREAMS: 1 }));
    script.open({ path: "/later" });
    script.sent();
    script.receive(headers(1, [":status", "200"], "END_STREAM"));
    expect(first.events().at(-1)).toBe("closed true");
    expect(script.sent()).toEqual([]);
    script.receive(headers(3, [":status", "200"], "END_STREAM"));
    expect(script.sent()[0]).toMatch(/^HEADERS 5 .*\/later$/);
  });
});
