// A load of calls by frames that were made before: it decodes nothing of what is answered, so that it is faster than what it loads.
import { setTimeout as pause } from "node:timers/promises";
import { answer } from "../../test/support/program-answers.ts";
import { reply } from "../h2/call.ts";
import type { Answered } from "./answered.ts";
import { type CallFrames, callFrames, type Heads } from "./call-frames.ts";
import { LoadConnection } from "./connection.ts";

/** Calls until the first comes again. */
const differentCalls = 4096;

export interface CallsAsked {
  readonly port: number;
  readonly connections: number;
  /** At once, on each connection. */
  readonly streams: number;
  readonly heads: Heads;
  readonly seconds: number;
}

export interface HoldAsked {
  readonly port: number;
  readonly connections: number;
  /** Requests on each that do not end. */
  readonly streams: number;
}

const made = new Map<Heads, CallFrames[]>();
let held: LoadConnection[] = [];

async function open(port: number, count: number, frames: readonly CallFrames[]): Promise<LoadConnection[]> {
  const connections: LoadConnection[] = [];
  while (connections.length < count) {
    const some = Math.min(100, count - connections.length);
    connections.push(
      ...(await Promise.all(Array.from({ length: some }, () => LoadConnection.open(port, frames)))),
    );
  }
  await Promise.all(connections.map((connection) => connection.ping()));
  return connections;
}

function check(connections: readonly LoadConnection[]): void {
  for (const { failed } of connections) if (failed !== undefined) throw new Error(failed);
}

const answeredBy = (connections: readonly LoadConnection[]): number =>
  connections.reduce((sum, { answered }) => sum + answered, 0);

answer({
  /** It is measured from when the load has stood for a while. */
  calls: async ({ port, connections: count, streams, heads, seconds }: CallsAsked): Promise<Answered> => {
    let frames = made.get(heads);
    if (frames === undefined) made.set(heads, (frames = callFrames(heads, differentCalls)));
    const connections = await open(port, count, frames);
    for (const connection of connections) connection.start(streams);
    await Promise.all(connections.map(({ begun }) => begun));
    await pause(seconds * 200);
    const before = answeredBy(connections);
    const started = performance.now();
    await pause(seconds * 1000);
    // Where much is under way, longer: until as much has been answered once.
    while (answeredBy(connections) - before < count * streams) {
      check(connections);
      await pause(50);
    }
    const rate = ((answeredBy(connections) - before) * 1000) / (performance.now() - started);
    for (const connection of connections) connection.stop();
    check(connections);
    for (const { answered, bytes } of connections)
      if (Math.abs(bytes - answered * reply.length) > streams * reply.length)
        throw new Error(`${answered} answers had ${bytes} bytes`);
    for (const connection of connections) connection.close();
    return { calls: answeredBy(connections), rate };
  },
  /** Opens connections, one call done on each, and requests that do not end. They stay until released. */
  hold: async ({ port, connections: count, streams }: HoldAsked): Promise<void> => {
    held = await open(port, count, callFrames("literal", 1 + streams, 1));
    for (const connection of held) {
      connection.start(1);
      connection.stop();
    }
    await Promise.all(held.map((connection) => connection.ping()));
    for (const connection of held) {
      connection.start(streams);
      connection.stop();
    }
    await Promise.all(held.map((connection) => connection.ping()));
    check(held);
  },
  release: (): void => {
    for (const connection of held) connection.close();
    held = [];
  },
});
