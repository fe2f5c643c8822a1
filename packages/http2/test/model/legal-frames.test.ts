import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { headers } from "../support/frames.ts";
import { bodyPart, isOpen, type StreamModel } from "./peer-model.ts";
import { step, Walk, windowBytes } from "./walk.ts";

/** What holds after each step, whatever it was. */
function invariants(walk: Walk): void {
  const { model, calls } = walk;
  // Credit on the connection comes on receipt, in halves of its window.
  expect(model.peerWindow).toBeGreaterThan(65_535 / 2);
  for (const stream of walk.streams) {
    const call = calls.find(({ id }) => id === stream.id)!;
    if (!isOpen(stream)) continue;
    const maySend = stream.engineWindow > 0 && model.engineWindow > 0;
    if (maySend && stream.engineHeaded) expect(stream.fromEngine).toBe(stream.written);
    if (!call.isPaused && !stream.peerEnded) expect(stream.peerWindow).toBeGreaterThan(windowBytes / 2);
    if (!call.isPaused && !call.isEnded) expect(call.sink.body).toHaveLength(stream.fromPeer);
  }
}

/** Both ends say all that they have to say, and every window is open. */
function finish(walk: Walk): void {
  const { model, calls } = walk;
  for (const call of calls) {
    call.exchange.resume();
    walk.end(call, false);
  }
  walk.look();
  for (let rounds = 0; walk.streams.some(isOpen) && rounds < 20; rounds++) {
    if (model.engineWindow < 1_000_000) walk.receive(model.windowUpdate(undefined, 1_000_000));
    for (const stream of walk.streams.filter(isOpen)) finishStream(walk, stream);
  }
}

function finishStream(walk: Walk, stream: StreamModel): void {
  if (stream.engineWindow < 1_000_000)
    walk.receive(walk.model.windowUpdate(stream, 1_000_000 - stream.engineWindow));
  if (stream.peerEnded || !isOpen(stream)) return;
  if (!stream.peerHeaded) walk.receive(headers(stream.id, [":status", "200"]));
  for (const endStream of [false, false, true])
    if (isOpen(stream)) walk.receive(walk.model.data(stream, 10_000, endStream));
}

const order = /^(sent )?(inform )*(head )?(data )*(end )?(fault )?closed $/;

function everythingIsOver(walk: Walk): void {
  const { script, calls, model } = walk;
  const connection = "server" in script ? script.server : script.client;
  expect(connection.streams.size).toBe(0);
  expect(connection.output.isPending).toBe(false);
  // That of a server's connection which is idle.
  expect(script.runtime.timers).toBe(connection.isClient ? 0 : 1);
  expect(model.peerWindow).toBeGreaterThan(65_535 / 2);
  for (const { id, sink, written, wasReset } of calls) {
    const events = sink.events();
    const told = events.map((event) => event.split(" ")[0]!).filter((kind) => kind !== "writable");
    expect(`${told.join(" ")} `).toMatch(order);
    const stream = model.streams.get(id);
    if (stream === undefined) continue;
    expect(sink.body).toBe(Buffer.from(bodyPart(id, 0, sink.body.length)).toString("latin1"));
    const isFaulty = told.includes("fault");
    expect(isFaulty).toBe(stream.reset === "by peer" && !wasReset);
    if (stream.reset !== "no" || wasReset) continue;
    expect(stream.fromEngine).toBe(written);
    if (told.includes("end")) expect(sink.body).toHaveLength(stream.fromPeer);
    expect(events.at(-1)).toBe("closed true");
  }
}

describe.each(["server", "client"] as const)("no order of legal frames breaks a %s", (side) => {
  test("its windows are kept, what it may send it sends, and every exchange ends", () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80, size: "max" }), (steps) => {
        const walk = new Walk(side);
        for (const next of steps) {
          walk.do(next);
          invariants(walk);
        }
        finish(walk);
        everythingIsOver(walk);
      }),
      { numRuns: 100 },
    );
  });
});
