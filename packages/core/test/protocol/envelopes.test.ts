// PROTOCOL 3 "envelope: 1 flag byte, 4 bytes big-endian length", 8 "limits".
import { expect, test } from "vitest";
import { BodyReader, EnvelopeReader } from "../../src/call/frame-reader.ts";
import type { FrameReader } from "../../src/call/frame-reader.ts";
import { MemoryBudget } from "../../src/call/memory-budget.ts";
import { envelop } from "../../src/protocol/envelope.ts";

interface Seen {
  readonly frames: { flags: number; payload: number[] }[];
  readonly failure: string | undefined;
}

/** Reads a body in chunks, each poisoned once it was read. */
function readAll(reader: FrameReader, chunks: readonly Uint8Array[]): Seen {
  const frames: Seen["frames"] = [];
  const take = (): void => {
    if (!reader.ready) return;
    frames.push({ flags: reader.flags, payload: [...reader.buf.subarray(reader.start, reader.end)] });
  };
  for (const given of chunks) {
    const chunk = Uint8Array.from(given);
    for (let at = 0; at < chunk.length;) {
      at = reader.read(chunk, at, chunk.length);
      if (reader.failure !== null) return { frames, failure: reader.failure.code };
      take();
    }
    chunk.fill(0xee);
  }
  reader.finish();
  take();
  return { frames, failure: reader.failure?.code };
}

function join(...parts: Uint8Array[]): Uint8Array {
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}

const budget = (): MemoryBudget => new MemoryBudget(1_000_000);
const frames = [
  { flags: 0, payload: [1, 2, 3] },
  { flags: 2, payload: [] },
  { flags: 1, payload: Array.from({ length: 300 }, (_, n) => n & 255) },
  { flags: 0xff, payload: [9] },
];
const body = join(...frames.map(({ flags, payload }) => envelop(flags, Uint8Array.from(payload))));

test("messages are the same wherever their bytes are split", () => {
  for (let cut = 0; cut <= body.length; cut++) {
    const held = budget();
    const reader = new EnvelopeReader(1000, held, "client");
    expect(readAll(reader, [body.subarray(0, cut), body.subarray(cut)])).toEqual({
      frames,
      failure: undefined,
    });
    expect(held.used).toBe(0);
  }
  for (const size of [1, 2, 3, 7]) {
    const chunks: Uint8Array[] = [];
    for (let at = 0; at < body.length; at += size) chunks.push(body.subarray(at, at + size));
    expect(readAll(new EnvelopeReader(1000, budget(), "client"), chunks)).toEqual({
      frames,
      failure: undefined,
    });
  }
});

test("a body that ends inside an envelope fails, at every byte where it can", () => {
  const ends = new Set<number>([0]);
  let at = 0;
  for (const { payload } of frames) ends.add((at += 5 + payload.length));
  for (let cut = 0; cut <= body.length; cut++) {
    const { failure } = readAll(new EnvelopeReader(1000, budget(), "client"), [body.subarray(0, cut)]);
    expect([cut, failure]).toEqual([cut, ends.has(cut) ? undefined : "invalid_argument"]);
  }
});

test("a length at the limit passes; one more fails on the prefix alone, and nothing is set aside", () => {
  const held = budget();
  expect(
    readAll(new EnvelopeReader(3, held, "client"), [envelop(0, new Uint8Array(3))]).failure,
  ).toBeUndefined();
  for (const length of [4, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1]) {
    const prefix = Uint8Array.of(0, length >>> 24, length >>> 16, length >>> 8, length);
    const reader = new EnvelopeReader(3, held, "client");
    expect(readAll(reader, [prefix]).failure).toBe("resource_exhausted");
    expect(reader.failure?.message).toBe(
      `message of ${length} bytes exceeds the limit of 3 bytes (this client's maxReceiveBytes): raise it in createTransport() or in the call's options`,
    );
    expect(held.used).toBe(0);
  }
});

test("what a message takes grows with what has come, never with what it claims", () => {
  const held = budget();
  const reader = new EnvelopeReader(Infinity, held, "client");
  reader.read(Uint8Array.of(0, 0xff, 0xff, 0xff, 0xff), 0, 5);
  expect(held.used).toBe(0);
  let came = 0;
  for (let n = 0; n < 100; n++) {
    reader.read(new Uint8Array(100), 0, 100);
    came += 100;
    expect(held.used).toBeLessThanOrEqual(Math.max(256, came * 2));
  }
  reader.discard();
  expect(held.used).toBe(0);
});

test("a message begins with as much as the one before it had, so that one of the same size needs no more", () => {
  const held = budget();
  const reader = new EnvelopeReader(Infinity, held, "client");
  const claim = (length: number): void => {
    reader.read(Uint8Array.of(0, 0, 0, length >> 8, length & 255), 0, 5);
    expect(held.used).toBe(0);
  };
  const read = (bytes: number): number => {
    reader.read(new Uint8Array(bytes), 0, bytes);
    return held.used;
  };
  claim(300);
  for (const bytes of [100, 100, 100]) read(bytes);
  expect([reader.ready, reader.end, held.used]).toEqual([true, 300, 0]);
  claim(300);
  expect([read(1), read(100), read(198)]).toEqual([300, 300, 300]);
  read(1);
  expect([reader.ready, reader.end, held.used]).toEqual([true, 300, 0]);
  claim(200);
  expect([read(1), read(199)]).toEqual([200, 0]);
  claim(0xffff);
  expect([read(1), read(200), read(300)]).toEqual([200, 402, 1002]);
  reader.discard();
  expect(held.used).toBe(0);
});

test("when all that is set apart for incomplete messages is in use, the next one fails", () => {
  const held = new MemoryBudget(1000);
  const first = new EnvelopeReader(Infinity, held, "client");
  const second = new EnvelopeReader(Infinity, held, "client");
  const prefix = Uint8Array.of(0, 0, 1, 0, 0);
  expect(readAll(first, [prefix, new Uint8Array(600)]).failure).toBe("invalid_argument");
  second.read(prefix, 0, 5);
  second.read(new Uint8Array(600), 0, 600);
  expect(second.failure?.code).toBe("resource_exhausted");
  first.discard();
  second.discard();
  expect(held.used).toBe(0);
});

test("a body that is one message is the same wherever it is split; an empty one is none", () => {
  const message = Uint8Array.from({ length: 300 }, (_, n) => n & 255);
  for (let cut = 0; cut <= message.length; cut += 13) {
    const held = budget();
    const seen = readAll(new BodyReader(300, held, "client", false), [
      message.subarray(0, cut),
      message.subarray(cut),
    ]);
    expect(seen).toEqual({ frames: [{ flags: 0, payload: [...message] }], failure: undefined });
    expect(held.used).toBe(0);
  }
  expect(readAll(new BodyReader(300, budget(), "client", true), [])).toEqual({
    frames: [],
    failure: undefined,
  });
  expect(readAll(new BodyReader(299, budget(), "client", false), [message]).failure).toBe(
    "resource_exhausted",
  );
});
