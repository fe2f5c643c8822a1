// What a server holds because of one attacker, by the engine's own count, behind a full collection. A program of its own, run
// with --expose-gc; it prints a JSON object: bytes held by the name of the attack.
import { setImmediate as turn } from "node:timers/promises";
import {
  ACK,
  CONTINUATION,
  data,
  END_HEADERS,
  frame,
  HEADERS,
  headers,
  PING,
  reset,
  settings,
  WINDOW_UPDATE,
} from "../../../../test/support/frames.ts";
import { block } from "../../../../test/support/hpack.ts";
import { post } from "../support/server-script.ts";
import { type Seen, Target } from "../support/target.ts";

const chunk = Buffer.alloc(8_000, 0x61);
const id = (n: number): number => 2 * n + 1;
const pauses = ({ exchange }: Seen): void => exchange.pause();
/** A response whose every piece is another's memory. */
const writes = ({ exchange, ended }: Seen): void => {
  if (ended) return;
  exchange.respond(200, []);
  while (exchange.write(new Uint8Array(8_192)));
};

/** A response in small pieces. */
const writesSmall = ({ exchange, ended }: Seen): void => {
  if (ended) return;
  exchange.respond(200, []);
  while (exchange.write(new Uint8Array(8)));
};

/** Each gives what has to be kept for as long as is measured. */
const attacks: Readonly<Record<string, () => unknown>> = {
  "rapid reset": () => {
    const target = Target.open();
    target.flood(100_000, (n) => {
      target.runtime.advance(10);
      return forget(target, headers(id(n), false, ...post), reset(id(n), 8));
    });
    return target;
  },
  "PING, unread": () => unread(() => frame(PING, 0, 0, Buffer.alloc(8))),
  "SETTINGS, unread": () => unread(() => settings(1, 0)),
  "requests, unread": () => unread((n) => headers(id(n), true, ...post)),
  "streams whose readers are paused": () => {
    const target = Target.open({}, pauses);
    for (let n = 0; n < 300; n++) target.say(headers(id(n), false, ...post));
    for (let n = 0; n < 256; n++) for (let part = 0; part < 8; part++) target.say(data(id(n), false, chunk));
    return target;
  },
  "streams whose readers are paused, a byte at a time": () => {
    const target = Target.open({ idleFrameBurst: 1_000_000 }, pauses).say(headers(1, false, ...post));
    const bytes = Buffer.concat(Array.from({ length: 6_000 }, () => data(1, false, chunk.subarray(0, 1))));
    for (let n = 0; n < 10; n++) target.say(bytes);
    return target;
  },
  "streams whose readers are paused, much and little by turns": () => {
    const target = Target.open({ idleFrameBurst: 1_000_000 }, pauses).say(headers(1, false, ...post));
    const two = [data(1, false, chunk.subarray(0, 2_048)), data(1, false, chunk.subarray(0, 1))];
    for (let n = 0; n < 31; n++) target.say(...two);
    return target;
  },
  "windows that have grown, then paused": () => {
    const target = Target.open({}, () => {});
    for (let n = 0; n < 16; n++) grow(target, id(n));
    return discard(target);
  },
  "a window that never opens": () => {
    const target = Target.open({}, writes).say(settings(4, 0));
    for (let n = 0; n < 300; n++) target.say(headers(id(n), true, ...post));
    return target;
  },
  "a window that never opens, eight bytes at a time": () => {
    const target = Target.open({}, writesSmall).say(settings(4, 0));
    for (let n = 0; n < 300; n++) target.say(headers(id(n), true, ...post));
    return target;
  },
  "an HPACK bomb": () => {
    const target = Target.open();
    const entry = block("x", "y".repeat(4_000));
    entry[0] = 0x40;
    target.say(frame(HEADERS, END_HEADERS | 1, 1, Buffer.concat([block(...post), entry])));
    const bomb = Buffer.concat([block(...post), Buffer.alloc(16_000, 0xbe)]);
    for (let n = 1; n < 500; n++) target.say(forget(target, frame(HEADERS, END_HEADERS | 1, id(n), bomb)));
    return target;
  },
  CONTINUATION: () => {
    const target = Target.open().say(frame(HEADERS, 0, 1, block(...post)));
    for (let n = 0; n < 16; n++) target.say(frame(CONTINUATION, 0, 1, block("x", "y".repeat(16_000))));
    return target;
  },
  "frames in pieces": () =>
    Array.from({ length: 100 }, () =>
      Target.open().say(frame(HEADERS, 0, 1, Buffer.alloc(16_384)).subarray(0, 9)),
    ),
  "1,000 idle connections": () => Array.from({ length: 1_000 }, () => discard(Target.open())),
};

const { gc } = globalThis as { gc?: () => void };
if (gc === undefined) throw new Error("run it with --expose-gc");
const held: Record<string, number> = {};
const kept: unknown[] = [];
for (const [name, attack] of Object.entries(attacks)) {
  // The first time loads and compiles what the second needs.
  run(attack);
  kept.pop();
  const before = await inUse();
  run(attack);
  held[name] = (await inUse()) - before;
  kept.pop();
}
console.log(JSON.stringify(held));

/** In a function of its own, so that no place on the stack keeps what only `kept` should. */
function run(attack: () => unknown): void {
  kept.push(attack());
}

/** Buffers of what one collection has found are let go in a later turn. */
async function inUse(): Promise<number> {
  for (let round = 0; round < 3; round++) {
    gc!();
    await turn();
  }
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

/** What the server said so far is not held by the test. */
function forget(target: Target, ...parts: readonly Uint8Array[]): Uint8Array {
  discard(target);
  return Buffer.concat(parts);
}

function discard(target: Target): Target {
  target.wire.take();
  // Nor is what its application saw.
  target.seen.length = 0;
  return target;
}

/** A stream whose reader takes all, over a link that holds what there is credit for, until that is no more than before; then none. */
function grow(target: Target, stream: number): void {
  target.say(headers(stream, false, ...post));
  const { exchange } = target.seen.at(-1)!;
  let credit = 65_535;
  for (let most = 0, calm = 0; calm < 4; calm = credit > most ? 0 : calm + 1) {
    most = Math.max(most, credit);
    fill(target, stream, credit);
    credit = answered(target, stream);
  }
  exchange.pause();
  fill(target, stream, credit);
}

function fill(target: Target, stream: number, bytes: number): void {
  for (let left = bytes; left > 0; left -= 16_384)
    target.say(data(stream, false, Buffer.alloc(Math.min(left, 16_384), 0x61)));
}

/** A round trip passes, in which PING is answered. Gives what credit has come for the stream by then. */
function answered(target: Target, stream: number): number {
  let credit = 0;
  target.runtime.advance(50);
  for (const sent of target.wire.frames()) {
    if (sent.type === WINDOW_UPDATE && sent.stream === stream)
      credit += Buffer.from(sent.payload).readUInt32BE(0);
    if (sent.type === PING) target.say(frame(PING, ACK, 0, sent.payload));
  }
  return credit;
}

/** As much as the server takes of a client that does not read. */
function unread(make: (n: number) => Uint8Array): Target {
  const target = Target.open();
  target.wire.isCongested = true;
  for (let n = 0; n < 50_000 && !target.wire.isPaused && target.connection.isOpen; n++) {
    target.say(make(n));
    target.runtime.advance(10);
  }
  return discard(target);
}
