import { describe, expect, test } from "vitest";
import { FrameType } from "../../src/frame/frame-type.ts";
import { ClientScript } from "../support/client-script.ts";
import { data, headers, ping, pingAck, settings } from "../support/frames.ts";
import type { RecordedSink } from "../support/recorded-sink.ts";
import { get, post, ServerScript } from "../support/server-script.ts";

const ok = [":status", "200"];
const keepalive = { intervalMs: 1000, timeoutMs: 200 };
const whileIdle = { ...keepalive, whileIdle: true };

describe("section 6.7: PING", () => {
  test("is answered with the same octets, before what has to wait", () => {
    const script = ServerScript.open({ settings: { INITIAL_WINDOW_SIZE: 0 } });
    script.receive(headers(1, get, "END_STREAM"));
    script.last.exchange.reply(200, [], new Uint8Array(10), null);
    script.sent();
    script.receive(ping("\u0000\u0001\u0002\u0003abcd"), ping("-second-"));
    const answers = script.wire.frames();
    expect(answers.map(({ type, flags }) => [type, flags])).toEqual([
      [FrameType.PING, 1],
      [FrameType.PING, 1],
    ]);
    expect(answers.map(({ payload }) => Buffer.from(payload).toString("latin1"))).toEqual([
      "\u0000\u0001\u0002\u0003abcd",
      "-second-",
    ]);
  });

  test("an acknowledgement that nobody asked for is ignored", () => {
    const script = ServerScript.open();
    script.receive(pingAck("\0\0\0\0\0\0\0\u0001"), pingAck("whatever"));
    expect(script.sent()).toEqual([]);
  });
});

function asked(script: ServerScript | ClientScript): boolean {
  script.runtime.settle();
  return script.wire.frames().some(({ type, flags }) => type === FrameType.PING && flags === 0);
}

describe.each([
  ["a server", () => ServerScript.open({ keepalive })],
  ["a client that asks while idle", () => ClientScript.open({ keepalive: whileIdle })],
  [
    "a client with a stream",
    () => {
      const script = ClientScript.open({ keepalive });
      script.open();
      script.sent();
      return script;
    },
  ],
])("keepalive: %s", (_, open) => {
  test("asks a peer that says nothing, and gives it up without an answer", () => {
    const script = open();
    script.runtime.advance(999);
    expect(asked(script)).toBe(false);
    script.runtime.advance(1);
    expect(asked(script)).toBe(true);
    script.runtime.advance(199);
    expect(script.closed).toBeUndefined();
    script.runtime.advance(1);
    expect(script.closed).toBeNull();
    expect(script.wire.state).toBe("destroyed");
    expect(script.runtime.timers).toBe(0);
  });

  test("counts from the last byte that came, wherever that fell", () => {
    const script = open();
    script.runtime.advance(700);
    script.receive(settings());
    script.runtime.advance(999);
    expect(asked(script)).toBe(false);
    script.runtime.advance(1);
    expect(asked(script)).toBe(true);
    script.runtime.advance(200);
    expect(script.closed).toBeNull();
  });

  test("does not ask a peer that is heard of, whatever it sends", () => {
    const script = open();
    for (let i = 0; i < 10; i++) {
      script.runtime.advance(900);
      script.receive(settings());
      expect(asked(script)).toBe(false);
    }
  });

  test("goes on once it was answered", () => {
    const script = open();
    script.runtime.advance(1000);
    const question = script.wire.frames().find(({ type }) => type === FrameType.PING)!;
    script.runtime.advance(150);
    script.receive(pingAck(question.payload));
    script.runtime.advance(999);
    expect(script.closed).toBeUndefined();
    expect(asked(script)).toBe(false);
    script.runtime.advance(1);
    expect(asked(script)).toBe(true);
  });

  test("takes any byte for an answer", () => {
    const script = open();
    script.runtime.advance(1150);
    script.receive(settings());
    script.runtime.advance(999);
    expect(script.closed).toBeUndefined();
  });

  test("reads what has come before it judges a peer that it had no time for", () => {
    const script = open();
    script.runtime.advance(1000);
    const question = script.wire.frames().find(({ type }) => type === FrameType.PING)!;
    // The timer runs; what the socket holds is read behind it.
    script.runtime.advance(200, () => script.wire.deliver(pingAck(question.payload)));
    expect(script.closed).toBeUndefined();
    expect(script.wire.state).toBe("open");
  });
});

describe("keepalive: a client that does not ask while idle", () => {
  const through = (script: ClientScript, call: RecordedSink, id: number): void => {
    script.receive(headers(id, ok, "END_STREAM"));
    expect(call.events().at(-1)).toBe("closed true");
    script.sent();
  };

  test("says nothing without streams, and holds no timer then", () => {
    const script = ClientScript.open({ keepalive });
    script.runtime.advance(1_000_000);
    expect(asked(script)).toBe(false);
    expect(script.runtime.timers).toBe(0);
  });

  test("asks with the first stream behind a long silence, and finds out whether the peer is there", () => {
    const script = ClientScript.open({ keepalive });
    through(script, script.open(), 1);
    script.runtime.advance(1_000_000);
    const call = script.open();
    expect(script.sent().map((line) => line.split(" ")[0])).toEqual(["HEADERS", "PING"]);
    script.runtime.advance(200);
    expect(call.events()).toEqual(["sent", "fault transport lost - maybe", "closed false"]);
    expect(script.runtime.timers).toBe(0);
  });

  test("does not ask with a stream behind a short silence, but when it has become long", () => {
    const script = ClientScript.open({ keepalive });
    through(script, script.open(), 1);
    script.runtime.advance(600);
    script.open();
    script.sent();
    script.runtime.advance(399);
    expect(asked(script)).toBe(false);
    script.runtime.advance(1);
    expect(asked(script)).toBe(true);
  });

  test("asks no more often than each interval, whatever streams come and go", () => {
    const script = ClientScript.open({ keepalive });
    let questions = 0;
    for (let id = 1; id < 41; id += 2) {
      script.runtime.advance(250);
      const call = script.open();
      const frames = script.wire.frames();
      questions += frames.filter(({ type }) => type === FrameType.PING).length;
      through(script, call, id);
    }
    expect(questions).toBe(0);
  });
});

describe("a dead peer", () => {
  test("takes a client's exchanges with it", () => {
    const script = ClientScript.open({ keepalive });
    const call = script.open();
    script.runtime.advance(1200);
    expect(call.events()).toEqual(["sent", "fault transport lost - maybe", "closed false"]);
    expect(call.lastFault!.text).toBe("the connection to a was lost: no answer to PING within 200 ms");
    expect(script.isRetired).toBe(true);
  });

  test("takes a server's exchanges with it", () => {
    const script = ServerScript.open({ keepalive });
    script.receive(headers(1, post), data(1, "half"));
    script.runtime.advance(1200);
    expect(script.last.events()).toEqual(["data half", "fault transport truncated - maybe", "closed false"]);
  });
});

describe("a peer that does not read", () => {
  test("is not read from, once too much waits for it, and is again", () => {
    const script = ServerScript.open({ limits: { outputBacklogBytes: 100 } });
    script.wire.isCongested = true;
    script.receive(ping("first..."));
    script.receive(...Array.from({ length: 10 }, () => ping("unread..")));
    expect(script.wire.isPaused).toBe(true);
    expect(script.sent()).toEqual(["PING ACK first..."]);
    script.wire.drain();
    expect(script.sent()).toHaveLength(10);
    expect(script.wire.isPaused).toBe(false);
  });

  test("has no bodies written for it meanwhile", () => {
    const script = ServerScript.open();
    script.wire.isCongested = true;
    script.receive(headers(1, get, "END_STREAM"), ping("first..."));
    script.last.exchange.reply(200, [], new Uint8Array(1000), null);
    expect(script.sent()).toEqual(["PING ACK first..."]);
    script.wire.drain();
    expect(script.sent()).toEqual([
      "HEADERS 1 :status=200 content-length=1000",
      "DATA 1 END_STREAM (1000 bytes)",
    ]);
    expect(script.last.events()).toEqual(["end", "closed true"]);
  });
});

describe("a peer that goes", () => {
  test("in the middle of a request is a fault of the transport's", () => {
    const script = ServerScript.open();
    script.receive(headers(1, post));
    script.wire.endFromPeer();
    script.runtime.settle();
    expect(script.last.events()).toEqual(["fault transport truncated - maybe", "closed false"]);
    expect(script.closed).toBeNull();
  });

  test("before a response is a fault that may have been processed", () => {
    const script = ClientScript.open();
    const call = script.open();
    script.wire.close(new Error("ECONNRESET"));
    script.runtime.settle();
    expect(call.events()).toEqual(["sent", "fault transport lost - maybe", "closed false"]);
    expect(call.lastFault!.text).toBe("the connection to a was lost: ECONNRESET");
    expect(script.runtime.timers).toBe(0);
  });
});
