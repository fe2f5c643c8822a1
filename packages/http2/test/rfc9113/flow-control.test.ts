import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { describe, expect, test } from "vitest";
import { FrameType } from "../../src/frame/frame-type.ts";
import { WindowBudget } from "../../src/window-budget.ts";
import { octets } from "../hpack/support.ts";
import { ClientScript } from "../support/client-script.ts";
import { data, headers, padded, pingAck, rstStream, windowUpdate } from "../support/frames.ts";
import { get, post, ServerScript } from "../support/server-script.ts";

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;

const largest = 0x7fffffff;
const ok = [":status", "200"];

/** A server that answers stream 1 with these bytes, as windows let it. */
function responding(body: Uint8Array, initial: number): ServerScript {
  const script = ServerScript.open({ settings: { INITIAL_WINDOW_SIZE: initial } });
  script.receive(headers(1, get, "END_STREAM"));
  script.last.exchange.reply(200, [], body, null);
  script.sent();
  return script;
}

describe("section 6.9: what this side sends", () => {
  test("passes through a window of one byte", () => {
    const script = responding(octets("abc"), 1);
    for (const line of ["DATA 1 b", "DATA 1 END_STREAM c"]) {
      script.receive(windowUpdate(1, 1));
      expect(script.sent()).toEqual([line]);
    }
    expect(script.last.events().at(-1)).toBe("closed true");
  });

  test("waits for the connection's window as for the stream's", () => {
    const script = responding(new Uint8Array(65_535), 65_535);
    script.receive(headers(3, get, "END_STREAM"));
    script.last.exchange.reply(200, [], octets("abc"), null);
    expect(script.sent()).toEqual(["HEADERS 3 :status=200 content-length=3"]);
    script.receive(windowUpdate(3, 100));
    expect(script.sent()).toEqual([]);
    script.receive(windowUpdate(0, 2));
    expect(script.sent()).toEqual(["DATA 3 ab"]);
    script.receive(windowUpdate(0, 100));
    expect(script.sent()).toEqual(["DATA 3 END_STREAM c"]);
  });

  test("holds no END_STREAM, HEADERS or trailers back for want of a window", () => {
    const script = ServerScript.open({ settings: { INITIAL_WINDOW_SIZE: 0 } });
    script.receive(headers(1, get, "END_STREAM"), headers(3, get, "END_STREAM"));
    script.requests[0]!.exchange.respond(200, []);
    script.requests[0]!.exchange.flush();
    script.requests[0]!.exchange.end(null);
    script.requests[1]!.exchange.reply(200, [], null, ["x", "y"]);
    expect(script.sent()).toEqual([
      "HEADERS 1 :status=200",
      "DATA 1 END_STREAM",
      "HEADERS 3 :status=200",
      "HEADERS 3 END_STREAM x=y",
    ]);
  });

  test("tells a writer to wait, and when to go on", () => {
    const script = ServerScript.open({ settings: { INITIAL_WINDOW_SIZE: 0 } });
    script.receive(headers(1, get, "END_STREAM"));
    const { exchange } = script.last;
    exchange.respond(200, []);
    expect(exchange.write(new Uint8Array(40_000))).toBe(true);
    expect(exchange.write(new Uint8Array(40_000))).toBe(false);
    script.receive(windowUpdate(1, 60_000));
    expect(script.last.events()).toEqual(["end"]);
    script.receive(windowUpdate(1, 10_000));
    expect(script.last.events()).toEqual(["writable"]);
  });

  test.each([
    ["a stream's window", 1, ["RST_STREAM 1 FLOW_CONTROL_ERROR"]],
    ["the connection's window", 0, ["GOAWAY 1 FLOW_CONTROL_ERROR"]],
  ])("section 6.9.1: more than 2^31-1 in %s", (_, stream, expected) => {
    const script = responding(octets("abc"), 0);
    script.receive(windowUpdate(stream, largest), windowUpdate(stream, largest));
    expect(script.sent().filter((line) => !line.startsWith("DATA"))).toEqual(expected);
  });

  test.each([
    ["a stream", 1, ["RST_STREAM 1 PROTOCOL_ERROR"]],
    ["the connection", 0, ["GOAWAY 1 PROTOCOL_ERROR"]],
  ])("an increment of 0 on %s", (_, stream, expected) => {
    const script = responding(octets("abc"), 0);
    script.receive(windowUpdate(stream, 0));
    expect(script.sent()).toEqual(expected);
  });

  test("the reserved bit of an increment is ignored", () => {
    const script = responding(octets("abc"), 0);
    script.receive(windowUpdate(1, 0x80000000 + 2));
    expect(script.sent()).toEqual(["DATA 1 ab"]);
  });

  test("a stream that is reset gives its turn to the others", () => {
    const script = responding(new Uint8Array(70_000), largest);
    script.receive(headers(3, get, "END_STREAM"));
    script.last.exchange.reply(200, [], octets("abc"), null);
    script.receive(rstStream(1, "CANCEL"), windowUpdate(0, 3));
    expect(script.sent().at(-1)).toBe("DATA 3 END_STREAM abc");
  });
});

test("no more than 256 KiB of bodies leave in a turn, of however many streams", () => {
  const script = ServerScript.open({ settings: { INITIAL_WINDOW_SIZE: largest } });
  script.receive(windowUpdate(0, 10_000_000), headers(1, get, "END_STREAM"), headers(3, get, "END_STREAM"));
  script.sent();
  for (const { exchange } of script.requests) exchange.reply(200, [], new Uint8Array(400_000), null);
  const turns: number[] = [];
  while (script.runtime.step()) {
    const bodies = script.wire.frames().filter(({ type }) => type === FrameType.DATA);
    if (bodies.length > 0) turns.push(bodies.reduce((bytes, { payload }) => bytes + payload.length, 0));
  }
  expect(turns).toEqual([262_144, 262_144, 262_144, 800_000 - 3 * 262_144]);
});

describe("section 6.9: what the peer sends", () => {
  const limits = { streamWindowBytes: 100, maxStreamWindowBytes: 100, connectionWindowBytes: 65_535 };

  function receiving(): ServerScript {
    const script = ServerScript.open({ limits });
    script.receive(headers(1, post));
    return script;
  }

  test("beyond a stream's window is a stream error; its siblings go on", () => {
    const script = receiving();
    script.last.exchange.pause();
    script.receive(data(1, new Uint8Array(100)));
    expect(script.sent()).toEqual([]);
    script.receive(data(1, "x"), headers(3, get, "END_STREAM"));
    expect(script.sent()).toEqual(["RST_STREAM 1 FLOW_CONTROL_ERROR"]);
    expect(script.requests[0]!.events()).toEqual([
      "fault local protocol FLOW_CONTROL_ERROR maybe",
      "closed false",
    ]);
    expect(script.last.events()).toEqual(["end"]);
  });

  test("is credited by quarters of the window, not by the frame", () => {
    const script = receiving();
    script.receive(data(1, new Uint8Array(24)));
    expect(script.sent()).toEqual([]);
    script.receive(data(1, "x"));
    expect(script.sent()).toEqual(["WINDOW_UPDATE 1 25"]);
  });

  test("is credited once a turn, however many frames came in it", () => {
    const script = receiving();
    script.wire.deliver(data(1, new Uint8Array(30)), data(1, new Uint8Array(30)));
    script.wire.deliver(data(1, new Uint8Array(30)));
    script.runtime.settle();
    expect(script.sent()).toEqual(["WINDOW_UPDATE 1 90"]);
  });

  test("is credited in few frames: a million bytes, 64,000 a turn, in 19", () => {
    const script = ServerScript.open();
    script.receive(headers(1, post));
    for (let i = 0; i < 16; i++)
      script.receive(...Array.from({ length: 4 }, () => data(1, new Uint8Array(16_000))));
    const updates = script.wire.frames().filter(({ type }) => type === FrameType.WINDOW_UPDATE);
    expect(Object.groupBy(updates, ({ stream }) => stream)).toMatchObject({
      0: { length: 3 },
      1: { length: 16 },
    });
  });

  test("is credited no more when its stream has ended within the turn", () => {
    const script = receiving();
    script.receive(data(1, new Uint8Array(90), "END_STREAM"), headers(3, post), data(3, new Uint8Array(90)));
    script.receive(headers(5, post));
    script.wire.deliver(data(5, new Uint8Array(90)), rstStream(5, "CANCEL"));
    expect(script.sent()).toEqual(["WINDOW_UPDATE 3 90"]);
  });

  test("is credited when the reader has taken it: not while it is paused", () => {
    const script = receiving();
    script.last.exchange.pause();
    script.receive(data(1, new Uint8Array(60)));
    expect(script.sent()).toEqual([]);
    script.last.exchange.resume();
    expect(script.sent()).toEqual(["WINDOW_UPDATE 1 60"]);
  });

  test("is credited when nobody wants it any more: the answer is given, and the reader is paused", () => {
    const script = receiving();
    script.last.exchange.pause();
    script.receive(data(1, new Uint8Array(60)));
    script.last.exchange.reply(200, [], null, null);
    expect(script.sent()).toContain("WINDOW_UPDATE 1 60");
  });

  test("is credited with its padding, paused or not", () => {
    const script = receiving();
    script.receive(padded(data(1, "x"), 58));
    expect(script.sent()).toEqual(["WINDOW_UPDATE 1 60"]);
    script.last.exchange.pause();
    script.receive(padded(data(1, "xy"), 57));
    expect(script.sent()).toEqual(["WINDOW_UPDATE 1 58"]);
    script.last.exchange.resume();
    script.receive(data(1, new Uint8Array(48)));
    expect(script.sent()).toEqual(["WINDOW_UPDATE 1 50"]);
  });

  test("is credited on the connection on receipt, so that a paused stream keeps nothing from the others", () => {
    const wide = { ...limits, streamWindowBytes: 40_000, maxStreamWindowBytes: 40_000 };
    const script = ServerScript.open({ limits: wide });
    script.receive(headers(1, post));
    script.last.exchange.pause();
    script.receive(data(1, new Uint8Array(16_383)));
    expect(script.sent()).toEqual([]);
    script.receive(data(1, "x"));
    expect(script.sent()).toEqual(["WINDOW_UPDATE 0 16384"]);
  });

  test.each([
    ["is closed", (script: ServerScript) => script.last.exchange.reset(8)],
    ["has been answered", (script: ServerScript) => script.last.exchange.reply(200, [], null, null)],
  ])("is credited on the connection when its stream %s", (_, answer) => {
    const script = ServerScript.open({ limits: { connectionWindowBytes: 65_535 } });
    script.receive(headers(1, post));
    answer(script);
    script.sent();
    script.receive(data(1, new Uint8Array(16_384)));
    expect(script.sent()).toContain("WINDOW_UPDATE 0 16384");
  });

  test("beyond the connection's window is a connection error, whatever the streams' windows", () => {
    const wide = { streamWindowBytes: 70_000, connectionWindowBytes: 65_535, maxFrameBytes: 100_000 };
    const script = ServerScript.open({ limits: wide });
    script.receive(headers(1, post), data(1, new Uint8Array(65_536)));
    expect(script.sent()).toEqual(["GOAWAY 1 FLOW_CONTROL_ERROR"]);
  });

  test("a client credits a response as a server does a request", () => {
    const script = ClientScript.open({ limits });
    const call = script.open();
    call.exchange.pause();
    script.receive(headers(1, ok), data(1, new Uint8Array(100)));
    script.sent();
    call.exchange.resume();
    expect(script.sent()).toEqual(["WINDOW_UPDATE 1 100"]);
    script.receive(data(1, new Uint8Array(100), "END_STREAM"));
    expect(call.events().slice(-2)).toEqual(["end", "closed true"]);
  });
});

test("a body's last frame brings its stream no credit, which nobody would use", () => {
  const script = ServerScript.open({ limits: { streamWindowBytes: 100 } });
  script.receive(headers(1, post), data(1, new Uint8Array(20)));
  expect(script.sent()).toEqual([]);
  script.receive(data(1, new Uint8Array(80), "END_STREAM"));
  expect(script.sent()).toEqual([]);
  expect(script.last.events().at(-1)).toBe("end");
});

describe("a stream's window that the link outgrows", () => {
  const limits = { streamWindowBytes: 100, maxStreamWindowBytes: 10_000 };

  /** Sends 90 bytes on each of these streams within the round trip of the server's PING, and as much again. */
  function measured(budget: WindowBudget, ...ids: number[]): ServerScript {
    const script = ServerScript.open({ limits, budget });
    for (const id of ids) script.receive(headers(id, post), data(id, new Uint8Array(90)));
    const asked = script.wire.frames().find(({ type }) => type === FrameType.PING)!;
    script.runtime.advance(50);
    script.receive(pingAck(asked.payload), ...ids.map((id) => data(id, new Uint8Array(90))));
    return script;
  }

  test("grows to four times as much with its next credit, when as much came within a round trip", () => {
    expect(measured(new WindowBudget(1000), 1).sent()).toContain("WINDOW_UPDATE 1 390");
  });

  test("grows by no more than the process has left", () => {
    const budget = new WindowBudget(400);
    const sent = measured(budget, 1, 3).sent();
    expect(sent).toContain("WINDOW_UPDATE 1 390");
    expect(sent).toContain("WINDOW_UPDATE 3 190");
  });

  test("grows by no more than four of the largest on its connection", () => {
    const tight = { ...limits, maxStreamWindowBytes: 400 };
    const budget = new WindowBudget(5000);
    const script = ServerScript.open({ limits: tight, budget });
    const ids = [1, 3, 5, 7, 9, 11];
    for (const id of ids) script.receive(headers(id, post), data(id, new Uint8Array(90)));
    const asked = script.wire.frames().find(({ type }) => type === FrameType.PING)!;
    script.runtime.advance(50);
    script.receive(pingAck(asked.payload), ...ids.map((id) => data(id, new Uint8Array(90))));
    expect(budget.take(5000)).toBe(5000 - 4 * 400);
  });

  test("gives back what it had when its stream is over", () => {
    const budget = new WindowBudget(1000);
    const script = measured(budget, 1);
    expect(budget.take(2000)).toBe(700);
    script.receive(rstStream(1, "CANCEL"));
    expect(budget.take(2000)).toBe(300);
  });

  test("gives back what it had when its connection is lost, its reader paused or not", () => {
    const budget = new WindowBudget(1000);
    const script = measured(budget, 1, 3);
    script.last.exchange.pause();
    script.receive(data(3, new Uint8Array(10)));
    script.wire.close(undefined);
    script.runtime.settle();
    expect(budget.take(2000)).toBe(1000);
  });

  test("bounds what a reader holds that is paused then", () => {
    const script = measured(new WindowBudget(1000), 1);
    script.last.exchange.pause();
    script.receive(data(1, new Uint8Array(400)));
    expect(script.wire.frames().filter(({ stream }) => stream === 1)).toHaveLength(1);
    script.receive(data(1, "x"));
    expect(script.sent()).toEqual(["RST_STREAM 1 FLOW_CONTROL_ERROR"]);
  });
});

/** A response that waits for the connection's window, and is reset. */
function resetWhileItWaits(script: ServerScript): WeakRef<object> {
  script.receive(headers(3, get, "END_STREAM"));
  script.requests.pop()!.exchange.reply(200, [], octets("waits"), null);
  script.runtime.settle();
  const gone = new WeakRef(script.server.streams.get(3)!);
  script.receive(rstStream(3, "CANCEL"));
  return gone;
}

test("a stream that was reset while it waited is not kept until the connection's window opens", async () => {
  const script = responding(new Uint8Array(65_535), 65_535);
  const gone = resetWhileItWaits(script);
  await new Promise(setImmediate);
  collect();
  expect(gone.deref()).toBeUndefined();
  expect(script.wire.state).toBe("open");
});
