import { describe, expect, test } from "vitest";
import { FrameType } from "../../src/frame/frame-type.ts";
import { octets } from "../hpack/support.ts";
import { ClientScript } from "../support/client-script.ts";
import { data, type Frame, frame, goaway, headers, pingAck, rstStream } from "../support/frames.ts";
import { get, post, ServerScript } from "../support/server-script.ts";

const ok = [":status", "200"];

/** What the server has asked to be answered. */
function answerTo(script: ServerScript): Frame {
  script.runtime.settle();
  const asked = script.wire.frames().find(({ type }) => type === FrameType.PING);
  return pingAck(asked!.payload);
}

describe("section 6.8: a server that drains", () => {
  test("first names every stream, and takes what the client sent before it heard of it", () => {
    const script = ServerScript.open();
    script.receive(headers(1, get, "END_STREAM"));
    script.server.drain();
    expect(script.sent().map((line) => line.replace(/^PING .*/, "PING"))).toEqual([
      "GOAWAY 2147483647 NO_ERROR",
      "PING",
    ]);
    script.receive(headers(3, get, "END_STREAM"));
    expect(script.requests).toHaveLength(2);
  });

  test("then names the last stream, refuses what comes, and closes behind what runs", () => {
    const script = ServerScript.open();
    script.receive(headers(1, get, "END_STREAM"));
    script.server.drain();
    script.receive(answerTo(script));
    expect(script.sent()).toEqual(["GOAWAY 1 NO_ERROR"]);
    script.receive(headers(3, get, "END_STREAM"));
    expect(script.sent()).toEqual(["RST_STREAM 3 REFUSED_STREAM"]);
    expect(script.requests).toHaveLength(1);
    script.last.exchange.reply(200, [], octets("done"), null);
    // The last stream that is named never grows.
    expect(script.sent()).toEqual([
      "HEADERS 1 :status=200 content-length=4",
      "DATA 1 END_STREAM done",
      "GOAWAY 1 NO_ERROR",
    ]);
    expect(script.last.events()).toEqual(["end", "closed true"]);
    expect(script.wire.state).toBe("ended");
    script.wire.close(undefined);
    script.runtime.settle();
    expect(script.closed).toBeNull();
  });

  test("does not wait for ever for the client's answer", () => {
    const script = ServerScript.open();
    script.receive(headers(1, get, "END_STREAM"));
    script.server.drain();
    script.sent();
    script.runtime.advance(1000);
    expect(script.sent()).toEqual(["GOAWAY 1 NO_ERROR"]);
  });

  test("leaves no timer behind when the connection is lost", () => {
    const script = ServerScript.open();
    script.server.drain();
    script.runtime.settle();
    script.wire.close(undefined);
    expect(script.runtime.timers).toBe(0);
  });

  test("that is told to twice does it once", () => {
    const script = ServerScript.open();
    script.receive(headers(1, get));
    script.server.drain();
    script.server.drain();
    expect(script.sent().filter((line) => line.startsWith("GOAWAY"))).toHaveLength(1);
  });

  test("and has no streams closes at once after the second step", () => {
    const script = ServerScript.open();
    script.server.drain();
    script.receive(answerTo(script));
    expect(script.wire.state).toBe("ended");
    expect(script.runtime.timers).toBe(1);
    script.runtime.advance(1000);
    expect(script.wire.state).toBe("destroyed");
    expect(script.runtime.timers).toBe(0);
  });

  test("that aborts says so, and its exchanges die by this side", () => {
    const script = ServerScript.open();
    script.receive(headers(1, post));
    script.server.abort();
    expect(script.sent()).toEqual(["GOAWAY 1 NO_ERROR"]);
    expect(script.last.events()).toEqual(["fault local shutdown CANCEL maybe", "closed false"]);
    expect(script.wire.state).toBe("ended");
  });
});

describe("section 6.8: a server that closes", () => {
  test("drains, and has closed behind the last exchange", async () => {
    const script = ServerScript.open();
    script.receive(headers(1, get, "END_STREAM"));
    const closing = script.server.close(5000);
    let isClosed = false;
    void closing.then(() => (isClosed = true));
    script.receive(answerTo(script));
    expect(script.sent()).toEqual(["GOAWAY 1 NO_ERROR"]);
    script.last.exchange.reply(204, [], null, null);
    script.sent();
    await Promise.resolve();
    expect([script.last.isClosed, isClosed]).toEqual([true, false]);
    script.wire.close(undefined);
    script.runtime.settle();
    await closing;
    expect(script.runtime.timers).toBe(0);
  });

  test("has its exchanges die when the grace is over, and says so by GOAWAY alone", async () => {
    const script = ServerScript.open();
    script.receive(headers(1, post), headers(3, post));
    const closing = script.server.close(5000);
    script.receive(answerTo(script));
    script.sent();
    script.runtime.advance(4999);
    expect(script.requests.map((request) => request.events())).toEqual([[], []]);
    script.runtime.advance(1);
    for (const request of script.requests)
      expect(request.events()).toEqual(["fault local shutdown CANCEL maybe", "closed false"]);
    expect(script.sent()).toEqual(["GOAWAY 3 NO_ERROR"]);
    expect(script.wire.state).toBe("ended");
    script.wire.close(undefined);
    script.runtime.settle();
    await closing;
  });

  test("may be told to again, with less grace", async () => {
    const script = ServerScript.open();
    script.receive(headers(1, post));
    const closings = [script.server.close(5000), script.server.close(100)];
    script.runtime.advance(100);
    expect(script.last.events()).toEqual(["fault local shutdown CANCEL maybe", "closed false"]);
    script.wire.close(undefined);
    script.runtime.settle();
    await Promise.all(closings);
    expect(script.runtime.timers).toBe(0);
  });

  test("by going out of scope gives what runs 10 seconds", async () => {
    const script = ServerScript.open();
    script.receive(headers(1, post));
    const closing = script.server[Symbol.asyncDispose]();
    script.runtime.advance(9999);
    expect(script.last.events()).toEqual([]);
    script.runtime.advance(1);
    expect(script.last.events()).toEqual(["fault local shutdown CANCEL maybe", "closed false"]);
    script.wire.close(undefined);
    script.runtime.settle();
    await closing;
  });

  test("and was closed already has", async () => {
    const script = ServerScript.open();
    script.wire.close(undefined);
    script.runtime.settle();
    await script.server.close(5000);
    expect(script.runtime.timers).toBe(0);
  });
});

describe("section 6.8: a server that hears GOAWAY", () => {
  test("serves what runs and what still comes, and closes behind the last", () => {
    const script = ServerScript.open();
    script.receive(headers(1, get, "END_STREAM"), goaway(0, "NO_ERROR"), headers(3, get, "END_STREAM"));
    script.requests[0]!.exchange.reply(204, [], null, null);
    expect(script.sent()).toEqual(["HEADERS 1 END_STREAM :status=204"]);
    script.requests[1]!.exchange.reply(204, [], null, null);
    expect(script.sent()).toEqual(["HEADERS 3 END_STREAM :status=204", "GOAWAY 3 NO_ERROR"]);
    expect(script.wire.state).toBe("ended");
  });

  test("with an error ends at once", () => {
    const script = ServerScript.open();
    script.receive(headers(1, get, "END_STREAM"), goaway(0, "PROTOCOL_ERROR", "you"));
    expect(script.last.events().at(-1)).toBe("closed false");
    expect(script.wire.state).toBe("ended");
  });
});

describe("section 6.8: a client that hears GOAWAY", () => {
  test("goes on with the streams up to the last, and knows that those above were not processed", () => {
    const script = ClientScript.open();
    const [kept, refused] = [script.open(), script.open()];
    script.sent();
    script.receive(goaway(1, "NO_ERROR", "bye"));
    expect(refused.events()).toEqual(["sent", "fault peer goaway NO_ERROR never", "closed false"]);
    expect(refused.lastFault!.text).toBe(
      "a is shutting down, and took no more requests (GOAWAY NO_ERROR (bye))",
    );
    expect(script.isRetired).toBe(true);
    expect(script.sent()).toEqual([]);
    script.receive(headers(1, ok), data(1, "rest", "END_STREAM"));
    expect(kept.events()).toEqual(["sent", "head 200", "data rest", "end", "closed true"]);
    expect(script.sent()).toEqual(["GOAWAY 0 NO_ERROR"]);
    expect(script.wire.state).toBe("ended");
  });

  test("and loses the connection: only what was sent is told that it was cut", () => {
    const script = ClientScript.open();
    const cut = script.open();
    script.receive(goaway(1, "NO_ERROR"));
    script.wire.close(undefined);
    script.runtime.settle();
    expect(cut.lastFault!.text).toBe("a is shutting down, and cut this request (GOAWAY NO_ERROR)");
    const late = script.open();
    script.runtime.settle();
    expect(late.events()).toEqual(["fault peer goaway NO_ERROR never", "closed false"]);
    expect(late.lastFault!.text).toBe("a is shutting down, and took no more requests (GOAWAY NO_ERROR)");
  });

  test("in two steps loses nothing between them", () => {
    const script = ClientScript.open();
    const calls = [script.open(), script.open()];
    script.receive(goaway(0x7fffffff, "NO_ERROR"));
    const late = script.open();
    expect(late.events()).toEqual(["fault peer goaway NO_ERROR never", "closed false"]);
    script.receive(goaway(3, "NO_ERROR"), headers(1, ok, "END_STREAM"), headers(3, ok, "END_STREAM"));
    for (const call of calls) expect(call.events()).toEqual(["sent", "head 200", "end", "closed true"]);
  });

  test("takes RST_STREAM for a stream above the last without harm", () => {
    const script = ClientScript.open();
    const kept = script.open();
    script.open();
    script.sent();
    script.receive(goaway(1, "NO_ERROR"), rstStream(3, "REFUSED_STREAM"), headers(1, ok, "END_STREAM"));
    expect(kept.events().at(-1)).toBe("closed true");
  });

  test("refuses what waits for room: it was never sent", () => {
    const script = ClientScript.open({ settings: { MAX_CONCURRENT_STREAMS: 1 } });
    script.open();
    const waiting = script.open();
    script.receive(goaway(1, "NO_ERROR"));
    expect(waiting.events()).toEqual(["fault peer goaway NO_ERROR never", "closed false"]);
  });

  test("with an error ends: what ran may have been processed", () => {
    const script = ClientScript.open();
    const [ran, refused] = [script.open(), script.open()];
    script.receive(goaway(1, "ENHANCE_YOUR_CALM"));
    expect(ran.events()).toEqual(["sent", "fault peer goaway ENHANCE_YOUR_CALM maybe", "closed false"]);
    expect(refused.events()).toEqual(["sent", "fault peer goaway ENHANCE_YOUR_CALM never", "closed false"]);
    expect(script.wire.state).toBe("ended");
  });

  test("of a server that was idle is what later requests are told, though this side has closed behind it", () => {
    const script = ClientScript.open();
    script.receive(goaway(0, "NO_ERROR"));
    expect(script.wire.state).toBe("ended");
    const call = script.open();
    expect(call.events()).toEqual(["fault peer goaway NO_ERROR never", "closed false"]);
    expect(call.lastFault!.text).toMatch(/ is shutting down, and took no more requests /);
  });

  test("that comes behind our own close is not what later requests are told", () => {
    const script = ClientScript.open();
    script.client.retire();
    script.receive(goaway(0, "NO_ERROR"));
    const call = script.open();
    expect(call.lastFault).toMatchObject({ by: "local", kind: "shutdown", processed: "never" });
  });

  test("that names a later stream than the one before it ends the connection", () => {
    const script = ClientScript.open();
    script.open();
    script.sent();
    script.receive(goaway(1, "NO_ERROR"), goaway(3, "NO_ERROR"));
    expect(script.sent()).toEqual(["GOAWAY 0 PROTOCOL_ERROR"]);
  });

  test("and whose connection is lost then says why", () => {
    const script = ClientScript.open();
    const call = script.open();
    script.receive(goaway(1, "NO_ERROR"));
    script.wire.close(new Error("reset"));
    script.runtime.settle();
    expect(call.events()).toEqual(["sent", "fault peer goaway NO_ERROR maybe", "closed false"]);
  });
});

describe("section 6.8: a client that closes", () => {
  test("waits for what runs, then says GOAWAY", async () => {
    const script = ClientScript.open();
    const call = script.open();
    const closing = script.client.close(5000);
    script.sent();
    script.receive(headers(1, ok, "END_STREAM"));
    expect(call.events().at(-1)).toBe("closed true");
    expect(script.sent()).toEqual(["GOAWAY 0 NO_ERROR"]);
    script.wire.close(undefined);
    script.runtime.settle();
    await closing;
    expect(script.runtime.timers).toBe(0);
  });

  test("has its exchanges die when the grace is over", () => {
    const script = ClientScript.open();
    const call = script.open();
    void script.client.close(5000);
    script.runtime.advance(4999);
    expect(call.events()).toEqual(["sent"]);
    script.runtime.advance(1);
    expect(call.events()).toEqual(["fault local shutdown - maybe", "closed false"]);
    expect(script.wire.state).toBe("ended");
  });

  test("by going out of scope lets nothing run on", async () => {
    const script = ClientScript.open();
    const call = script.open();
    const closing = script.client[Symbol.asyncDispose]();
    script.runtime.advance(0);
    expect(call.events()).toEqual(["sent", "fault local shutdown - maybe", "closed false"]);
    await closing;
  });

  test("and was lost already has closed", async () => {
    const script = ClientScript.open();
    script.wire.close(undefined);
    script.runtime.settle();
    await script.client.close(5000);
    expect(script.runtime.timers).toBe(0);
  });

  test("has a paused exchange die too, whose server wanted no more of the request", () => {
    const script = ClientScript.open();
    const call = script.upload();
    call.exchange.pause();
    script.receive(headers(1, ok), data(1, "held", "END_STREAM"), rstStream(1, "NO_ERROR"));
    void script.client.close(5000);
    script.runtime.advance(5000);
    expect(call.events()).toEqual(["sent", "head 200", "fault local shutdown - maybe", "closed false"]);
  });
});

test("section 5.4.1: nothing is read behind a connection error, and the transport does not linger for ever", () => {
  const script = ServerScript.open();
  script.receive(frame(FrameType.PING, 0, 1, "........"), headers(1, get, "END_STREAM"));
  script.receive(headers(3, get, "END_STREAM"));
  expect(script.sent()).toEqual(["GOAWAY 0 PROTOCOL_ERROR"]);
  expect(script.requests).toEqual([]);
  expect(script.wire.state).toBe("ended");
  script.runtime.advance(1000);
  expect(script.wire.state).toBe("destroyed");
  expect(script.closed).toBe("PING came on stream 1");
});
