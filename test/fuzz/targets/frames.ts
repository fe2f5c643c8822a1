import assert from "node:assert/strict";
import { RpcError } from "@millrace/core";
import { Base64Reader } from "../../../packages/core/src/call/base64-reader.ts";
import { BodyReader, EnvelopeReader } from "../../../packages/core/src/call/frame-reader.ts";
import type { FrameReader } from "../../../packages/core/src/call/frame-reader.ts";
import { MemoryBudget } from "../../../packages/core/src/call/memory-budget.ts";
import type { Target } from "../target.ts";
import { inShort } from "./coded.ts";
import { enveloped } from "./enveloped.ts";
import { splits } from "./pieces.ts";

const limit = 1000;
/** Less than a message within the limit may come to hold. */
const budgetBytes = 1500;

/** The readers that cut a body into messages, and the one that undoes the base64 of a body in text. */
export const frames: Target = {
  words: [
    "\0\0\0\0\0",
    "\x80\0\0\0\x03",
    "\x02\0\0\0\x02{}",
    "\0\xff\xff\xff\xff",
    "\0\0\0\x03\xe8",
    "AAAAAAM=",
    "==",
    "\r\n",
  ],
  shape: enveloped,
  run(input) {
    const text = inText(input);
    return [
      byEach("enveloped", input, () => new EnvelopeReader(limit, new MemoryBudget(Infinity), "client")),
      byEach("whole", input, () => new BodyReader(limit, new MemoryBudget(Infinity), "client", false)),
      withinBudget(input),
      text instanceof RpcError
        ? "no text"
        : byEach("in text", text, () => new EnvelopeReader(limit, new MemoryBudget(Infinity), "client")),
    ].join(", ");
  },
};

interface Seen {
  readonly frames: readonly string[];
  readonly failure: RpcError | null;
}

/** What a reader makes of a body must not depend on how it comes. */
function byEach(name: string, body: Uint8Array, make: () => FrameReader): string {
  const { frames, failure } = read(make(), [body]);
  for (const chunks of splits(body)) {
    const again = read(make(), chunks);
    assert.deepEqual([again.frames, again.failure?.code], [frames, failure?.code]);
  }
  const flags = new Set(frames.map((frame) => frame.slice(0, 2)));
  return `${name}: ${Math.min(frames.length, 4)} ${flags.size} ${inShort(failure)}`;
}

/** Incomplete messages take no more than is set apart for them, and give it back. */
function withinBudget(body: Uint8Array): string {
  const budget = new MemoryBudget(budgetBytes);
  const reader = new EnvelopeReader(Infinity, budget, "client");
  const { failure } = read(reader, splits(body)[0]!, () => assert.ok(budget.used <= budgetBytes));
  reader.discard();
  assert.equal(budget.used, 0);
  return inShort(failure);
}

function read(reader: FrameReader, chunks: readonly Uint8Array[], look?: () => void): Seen {
  const frames: string[] = [];
  const take = (): void => {
    if (!reader.ready) return;
    const { flags, buf, start, end } = reader;
    frames.push(Buffer.concat([Buffer.of(flags), buf.subarray(start, end)]).toString("hex"));
  };
  for (const given of chunks) {
    // As a Buffer, which is what Node hands up.
    const chunk = Buffer.from(given);
    for (let at = 0; at < chunk.length;) {
      const before = at;
      at = reader.read(chunk, at, chunk.length);
      look?.();
      if (reader.failure !== null) return { frames, failure: reader.failure };
      assert.ok(at > before, "a reader that stands still");
      take();
    }
    // Chunks are borrowed.
    chunk.fill(0xdb);
  }
  reader.finish();
  take();
  return { frames, failure: reader.failure };
}

/** The bytes of a body in text, which must not depend either on how it comes. */
function inText(body: Uint8Array): Uint8Array | RpcError {
  const whole = unpackText([body]);
  for (const chunks of splits(body)) {
    const again = unpackText(chunks);
    if (whole instanceof RpcError) assert.ok(again instanceof RpcError && again.code === whole.code);
    else assert.deepEqual(again, whole);
  }
  if (!(whole instanceof RpcError)) {
    const text = Buffer.from(body)
      .toString("latin1")
      .replaceAll(/[\r\n]/g, "");
    const expected = (text.match(/[^=]+={0,2}/g) ?? []).map((piece) => Buffer.from(piece, "base64"));
    assert.deepEqual(Buffer.from(whole), Buffer.concat(expected));
  }
  return whole;
}

function unpackText(chunks: readonly Uint8Array[]): Uint8Array | RpcError {
  const reader = new Base64Reader();
  const parts: Uint8Array[] = [];
  for (const chunk of chunks) {
    const part = reader.read(chunk, 0, chunk.length);
    if (part instanceof RpcError) return part;
    parts.push(part);
  }
  return reader.finish() ?? new Uint8Array(Buffer.concat(parts));
}
