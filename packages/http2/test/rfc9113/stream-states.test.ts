import { ErrorCode } from "@millrace/exchange";
import { describe, expect, test } from "vitest";
import { ClientScript } from "../support/client-script.ts";
import {
  continuation,
  data,
  frame,
  type Frame,
  headers,
  priority,
  pushPromise,
  rstStream,
  windowUpdate,
} from "../support/frames.ts";
import { octets } from "../hpack/support.ts";
import type { RecordedSink } from "../support/recorded-sink.ts";
import { get, post, ServerScript } from "../support/server-script.ts";

/** A side in one of its states: how to send to it, and what is seen of it. */
interface Scene {
  receive(frame: Frame): void;
  sent(): string[];
  readonly sinks: readonly RecordedSink[];
}

/** What a frame causes, in the terms of section 5.4. */
function outcome(scene: Scene, given: Frame): string {
  scene.sent();
  for (const sink of scene.sinks) sink.events();
  const before = scene.sinks.length;
  scene.receive(given);
  const sent = scene.sent();
  for (const line of sent) {
    const [type, , code] = line.split(" ");
    if (type === "GOAWAY") return `connection error ${code}`;
    if (type === "RST_STREAM") return `stream error ${code}`;
  }
  const isTold = scene.sinks.length > before || scene.sinks.some((sink) => sink.events().length > 0);
  return isTold || sent.length > 0 ? "processed" : "ignored";
}

function serverIn(arrange: (script: ServerScript) => void): Scene {
  // Nothing of a body may be sent: that it waits shows what WINDOW_UPDATE does.
  const script = ServerScript.open({ settings: { INITIAL_WINDOW_SIZE: 0 } });
  arrange(script);
  return {
    receive: (given) => script.receive(given),
    sent: () => script.sent(),
    sinks: script.requests,
  };
}

function clientIn(arrange: (script: ClientScript) => RecordedSink[]): Scene {
  const script = ClientScript.open({ settings: { INITIAL_WINDOW_SIZE: 0 } });
  const sinks = arrange(script);
  return { receive: (given) => script.receive(given), sent: () => script.sent(), sinks };
}

function respondInPart({ last }: ServerScript): void {
  last.exchange.respond(200, []);
  last.exchange.write(octets("waits"));
}

const serverStates = {
  idle: () => {},
  open: (script) => {
    script.receive(headers(1, post));
    respondInPart(script);
  },
  "half-closed (remote)": (script) => {
    script.receive(headers(1, get, "END_STREAM"));
    respondInPart(script);
  },
  "half-closed (local)": (script) => {
    script.receive(headers(1, post));
    script.last.exchange.reply(204, [], null, null);
  },
  "closed by END_STREAM": (script) => {
    script.receive(headers(1, get, "END_STREAM"));
    script.last.exchange.reply(204, [], null, null);
  },
  "closed by our RST_STREAM": (script) => {
    script.receive(headers(1, post));
    script.last.exchange.reset(ErrorCode.CANCEL);
  },
  "closed by the peer's RST_STREAM": (script) => {
    script.receive(headers(1, post), rstStream(1, "CANCEL"));
  },
} satisfies Record<string, (script: ServerScript) => void>;

const ok = [":status", "200"];

const clientStates = {
  idle: () => [],
  open: (script) => {
    const call = script.upload();
    call.exchange.write(octets("waits"));
    return [call];
  },
  "open, answered": (script) => {
    const call = script.upload();
    call.exchange.write(octets("waits"));
    script.receive(headers(1, ok));
    return [call];
  },
  "half-closed (local)": (script) => {
    const call = script.open();
    script.receive(headers(1, ok));
    return [call];
  },
  "half-closed (remote)": (script) => {
    const call = script.upload();
    call.exchange.write(octets("waits"));
    script.receive(headers(1, ok, "END_STREAM"));
    return [call];
  },
  "closed by END_STREAM": (script) => {
    const call = script.open();
    script.receive(headers(1, ok, "END_STREAM"));
    return [call];
  },
  "closed by our RST_STREAM": (script) => {
    const call = script.upload();
    call.exchange.reset(ErrorCode.CANCEL);
    return [call];
  },
  "closed by the peer's RST_STREAM": (script) => {
    const call = script.upload();
    script.receive(rstStream(1, "CANCEL"));
    return [call];
  },
} satisfies Record<string, (script: ClientScript) => RecordedSink[]>;

const frames = {
  DATA: data(1, "x"),
  "DATA, END_STREAM": data(1, "x", "END_STREAM"),
  PRIORITY: priority(1, 3),
  RST_STREAM: rstStream(1, "CANCEL"),
  WINDOW_UPDATE: windowUpdate(1, 1),
  PUSH_PROMISE: pushPromise(1, 2),
  CONTINUATION: continuation(1, "", "END_HEADERS"),
  unknown: frame(0xfe, 0, 1, "x"),
};
type Column = keyof typeof frames;

const protocol = "connection error PROTOCOL_ERROR";
const closed = "connection error STREAM_CLOSED";
const streamProtocol = "stream error PROTOCOL_ERROR";
const streamClosed = "stream error STREAM_CLOSED";

/** What holds in each state, whichever it is. */
const always: Partial<Record<Column, string>> = {
  PRIORITY: "ignored",
  PUSH_PROMISE: protocol,
  CONTINUATION: protocol,
  unknown: "ignored",
};
const idleRow = {
  DATA: protocol,
  "DATA, END_STREAM": protocol,
  RST_STREAM: protocol,
  WINDOW_UPDATE: protocol,
};
const openRow = {
  DATA: "processed",
  "DATA, END_STREAM": "processed",
  RST_STREAM: "processed",
  WINDOW_UPDATE: "processed",
};
const halfClosedRemoteRow = { ...openRow, DATA: streamClosed, "DATA, END_STREAM": streamClosed };
const closedRow = {
  DATA: closed,
  "DATA, END_STREAM": closed,
  RST_STREAM: "ignored",
  WINDOW_UPDATE: "ignored",
};
const resetRow = { ...closedRow, DATA: "ignored", "DATA, END_STREAM": "ignored" };

describe("section 5.1: a server", () => {
  const last = headers(1, ["x", "y"], "END_STREAM");
  const more = headers(1, ["x", "y"]);
  const table: Record<
    keyof typeof serverStates,
    Record<string, string> & { HEADERS: string; "HEADERS, END_STREAM": string }
  > = {
    idle: { ...idleRow, HEADERS: streamProtocol, "HEADERS, END_STREAM": streamProtocol },
    open: { ...openRow, HEADERS: streamProtocol, "HEADERS, END_STREAM": "processed" },
    "half-closed (remote)": {
      ...halfClosedRemoteRow,
      HEADERS: streamClosed,
      "HEADERS, END_STREAM": streamClosed,
    },
    // What comes behind the response is read for nobody, until it ends.
    "half-closed (local)": {
      ...openRow,
      DATA: "ignored",
      WINDOW_UPDATE: "ignored",
      HEADERS: streamProtocol,
      "HEADERS, END_STREAM": "processed",
    },
    "closed by END_STREAM": { ...closedRow, HEADERS: closed, "HEADERS, END_STREAM": closed },
    "closed by our RST_STREAM": { ...resetRow, HEADERS: "ignored", "HEADERS, END_STREAM": "ignored" },
    "closed by the peer's RST_STREAM": { ...closedRow, HEADERS: closed, "HEADERS, END_STREAM": closed },
  };
  const given: Record<string, Frame> = { ...frames, HEADERS: more, "HEADERS, END_STREAM": last };
  const cases = Object.entries(table).flatMap(([state, row]) =>
    Object.entries({ ...always, ...row }).map(([type, expected]) => ({ state, type, expected })),
  );

  test.each(cases)("$state: $type is $expected", ({ state, type, expected }) => {
    const scene = serverIn(serverStates[state as keyof typeof serverStates]);
    expect(outcome(scene, given[type]!)).toBe(expected);
  });

  test.each(["HEADERS", "HEADERS, END_STREAM"])("idle: %s with a request opens the stream", (type) => {
    const request = type === "HEADERS" ? headers(1, post) : headers(1, get, "END_STREAM");
    expect(outcome(serverIn(serverStates.idle), request)).toBe("processed");
  });
});

describe("section 5.1: a client", () => {
  const table: Record<keyof typeof clientStates, Record<string, string>> = {
    idle: { ...idleRow, HEADERS: protocol, "HEADERS, END_STREAM": protocol },
    open: {
      ...openRow,
      DATA: streamProtocol,
      "DATA, END_STREAM": streamProtocol,
      HEADERS: "processed",
      "HEADERS, END_STREAM": "processed",
    },
    "open, answered": { ...openRow, HEADERS: streamProtocol, "HEADERS, END_STREAM": streamProtocol },
    "half-closed (local)": {
      ...openRow,
      WINDOW_UPDATE: "ignored",
      HEADERS: streamProtocol,
      "HEADERS, END_STREAM": streamProtocol,
    },
    "half-closed (remote)": {
      ...halfClosedRemoteRow,
      HEADERS: streamClosed,
      "HEADERS, END_STREAM": streamClosed,
    },
    "closed by END_STREAM": { ...closedRow, HEADERS: closed, "HEADERS, END_STREAM": closed },
    "closed by our RST_STREAM": { ...resetRow, HEADERS: "ignored", "HEADERS, END_STREAM": "ignored" },
    "closed by the peer's RST_STREAM": { ...closedRow, HEADERS: closed, "HEADERS, END_STREAM": closed },
  };
  const given: Record<string, Frame> = {
    ...frames,
    HEADERS: headers(1, ok),
    "HEADERS, END_STREAM": headers(1, ok, "END_STREAM"),
  };
  const cases = Object.entries(table).flatMap(([state, row]) =>
    Object.entries({ ...always, ...row }).map(([type, expected]) => ({ state, type, expected })),
  );

  test.each(cases)("$state: $type is $expected", ({ state, type, expected }) => {
    const scene = clientIn(clientStates[state as keyof typeof clientStates]);
    expect(outcome(scene, given[type]!)).toBe(expected);
  });

  test.each(["open, answered", "half-closed (local)"] as const)("%s: trailers are processed", (state) => {
    const trailers = headers(1, ["grpc-status", "0"], "END_STREAM");
    expect(outcome(clientIn(clientStates[state]), trailers)).toBe("processed");
  });
});
