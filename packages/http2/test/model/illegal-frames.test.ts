import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { FrameType } from "../../src/frame/frame-type.ts";
import {
  continuation,
  data,
  frame,
  type Frame,
  goaway,
  headers,
  ping,
  pushPromise,
  rstStream,
  settings,
  windowUpdate,
} from "../support/frames.ts";
import { isOpen, largest, type StreamModel } from "./peer-model.ts";
import { step, type Step, Walk } from "./walk.ts";

type Scope = "connection" | "stream";

/** One frame that is not legal now, and what RFC 9113 names for it. */
interface Mistake {
  readonly frame: Frame;
  readonly stream: number;
  readonly error: `${Scope} ${string}`;
}

type Make = (walk: Walk, stream: StreamModel | undefined) => Mistake | undefined;

function onConnection(frame: Frame, code: string): Mistake {
  return { frame, stream: 0, error: `connection ${code}` };
}

/** Streams that no one has opened: the peer's own kind, and the other. */
function idle(walk: Walk): number {
  return walk.nextId + 100;
}

/** By name, so that a counterexample says which it was. */
const mistakes: Record<string, Make> = {
  "DATA on an idle stream": (walk) => onConnection(data(idle(walk), "x"), "PROTOCOL_ERROR"),
  "RST_STREAM on an idle stream": (walk) => onConnection(rstStream(idle(walk), "CANCEL"), "PROTOCOL_ERROR"),
  "WINDOW_UPDATE on an idle stream": (walk) => onConnection(windowUpdate(idle(walk), 1), "PROTOCOL_ERROR"),
  "HEADERS on an even stream": () => onConnection(headers(2, [":status", "200"]), "PROTOCOL_ERROR"),
  "DATA on stream 0": () => onConnection(data(0, "x"), "PROTOCOL_ERROR"),
  "CONTINUATION of nothing": () => onConnection(continuation(1, ""), "PROTOCOL_ERROR"),
  PUSH_PROMISE: () => onConnection(pushPromise(1, 2), "PROTOCOL_ERROR"),
  "PING of 7 octets": () => onConnection(frame(FrameType.PING, 0, 0, "1234567"), "FRAME_SIZE_ERROR"),
  "a frame that is too long": () =>
    onConnection(frame(0x77, 0, 0, new Uint8Array(16_385)), "FRAME_SIZE_ERROR"),
  "a window that is too large at first": () =>
    onConnection(settings({ INITIAL_WINDOW_SIZE: 2 ** 31 }), "FLOW_CONTROL_ERROR"),
  "a frame size that is too small": () => onConnection(settings({ MAX_FRAME_SIZE: 1 }), "PROTOCOL_ERROR"),
  "GOAWAY on a stream": () =>
    onConnection(frame(FrameType.GOAWAY, 0, 1, goaway(0, "NO_ERROR").payload), "PROTOCOL_ERROR"),
  "WINDOW_UPDATE of 0 on the connection": () => onConnection(windowUpdate(0, 0), "PROTOCOL_ERROR"),
  "a connection's window beyond 2^31-1": ({ model }) =>
    model.engineWindow > 0 ? onConnection(windowUpdate(0, largest), "FLOW_CONTROL_ERROR") : undefined,
  "SETTINGS that take a stream's window beyond 2^31-1": ({ model, streams }) =>
    streams.some((each) => isOpen(each) && each.engineWindow > model.engineInitial)
      ? onConnection(settings({ INITIAL_WINDOW_SIZE: largest }), "FLOW_CONTROL_ERROR")
      : undefined,
  "WINDOW_UPDATE of 0 on a stream": (_, stream) =>
    onOpen(stream, (id) => windowUpdate(id, 0), "PROTOCOL_ERROR"),
  "a stream's window beyond 2^31-1": (_, stream) =>
    stream !== undefined && stream.engineWindow > 0
      ? onOpen(stream, (id) => windowUpdate(id, largest), "FLOW_CONTROL_ERROR")
      : undefined,
  "DATA behind END_STREAM": (_, stream) =>
    stream?.peerEnded === true ? onOpen(stream, (id) => data(id, ""), "STREAM_CLOSED") : undefined,
  "HEADERS behind END_STREAM": (_, stream) =>
    stream?.peerEnded === true
      ? onOpen(stream, (id) => headers(id, ["a", "b"], "END_STREAM"), "STREAM_CLOSED")
      : undefined,
  "header fields in the middle of a body": (_, stream) =>
    stream?.peerHeaded === true && !stream.peerEnded
      ? onOpen(stream, (id) => headers(id, ["a", "b"]), "PROTOCOL_ERROR")
      : undefined,
  "DATA beyond the stream's window": ({ model }, stream) =>
    stream?.peerHeaded === true && !stream.peerEnded && stream.peerWindow < Math.min(model.peerWindow, 16_384)
      ? onOpen(stream, (id) => data(id, new Uint8Array(stream.peerWindow + 1)), "FLOW_CONTROL_ERROR")
      : undefined,
  "DATA on a stream that has ended both ways": (_, stream) => onClosed(stream, (id) => data(id, "")),
  "HEADERS on a stream that has ended both ways": (_, stream) =>
    onClosed(stream, (id) => headers(id, ["a", "b"])),
};

function onOpen(
  stream: StreamModel | undefined,
  make: (id: number) => Frame,
  code: string,
): Mistake | undefined {
  if (stream === undefined || !isOpen(stream)) return undefined;
  return { frame: make(stream.id), stream: stream.id, error: `stream ${code}` };
}

function onClosed(stream: StreamModel | undefined, make: (id: number) => Frame): Mistake | undefined {
  if (stream === undefined) return undefined;
  const isOver =
    stream.reset === "by peer" || (stream.reset === "no" && stream.engineEnded && stream.peerEnded);
  return isOver ? onConnection(make(stream.id), "STREAM_CLOSED") : undefined;
}

/** The first error among what the engine has sent. */
function errorIn(lines: readonly string[]): string | undefined {
  for (const line of lines) {
    const [type, stream, code] = line.split(" ");
    if (type === "GOAWAY") return `connection ${code}`;
    if (type === "RST_STREAM") return `stream ${code} on ${stream}`;
  }
  return undefined;
}

/** Enough streams for most mistakes. */
const first: readonly Step[] = [
  { kind: "open", which: 1, size: 0 },
  { kind: "open", which: 1, size: 0 },
  { kind: "app opens", which: 1, size: 0 },
  { kind: "app opens", which: 1, size: 0 },
  { kind: "head", which: 0, size: 0 },
  { kind: "end", which: 0, size: 0 },
];

describe.each(["server", "client"] as const)("after any legal frames, a %s", (side) => {
  test.each(Object.keys(mistakes))("answers %s with the error that RFC 9113 names", (name) => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40, size: "max" }), (steps) => {
        const walk = new Walk(side);
        for (const next of [...first, ...steps]) walk.do(next);
        const { streams, script } = walk;
        const mistake = [undefined, ...streams].map((each) => mistakes[name]!(walk, each)).find(isMistake);
        fc.pre(mistake !== undefined);
        script.receive(mistake.frame);
        const isOfStream = mistake.error.startsWith("stream");
        expect(errorIn(script.sent())).toBe(
          isOfStream ? `${mistake.error} on ${mistake.stream}` : mistake.error,
        );
        script.receive(ping("still on"));
        expect(script.sent()).toEqual(isOfStream ? ["PING ACK still on"] : []);
        const dead = isOfStream ? [walk.model.streams.get(mistake.stream)!] : streams;
        // A fault waits behind what a paused reader has not taken.
        for (const { sink } of dead) sink!.exchange.resume();
        script.runtime.settle();
        for (const { sink } of dead) {
          expect(sink!.isClosed).toBe(true);
          expect(sink!.events().filter((event) => event.startsWith("closed"))).toHaveLength(1);
        }
      }),
      { numRuns: 30 },
    );
  });
});

function isMistake(mistake: Mistake | undefined): mistake is Mistake {
  return mistake !== undefined;
}
