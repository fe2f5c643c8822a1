import assert from "node:assert/strict";
import { CompressionFailure } from "@millrace/core/host";
import type { Compression } from "@millrace/core/host";
import { nodeHost } from "../../../packages/node/src/host/node-host.ts";
import { webHost } from "../../../packages/web/src/host/web-host.ts";
import type { Shape, Target } from "../target.ts";

const all = ["gzip", "deflate", "br", "zstd"].map((name) => nodeHost.compression(name)!);
/** Those of the web, by the engine's streams. */
const ofTheWeb = ["gzip", "deflate"].map((name) => webHost.compression(name)!);
const limit = 100_000;

/** What is in a compressed message, in pieces, behind a byte for the algorithm: so that other messages can be made of it. */
const contents: Shape = {
  cut(input) {
    for (const [index, algorithm] of all.entries()) {
      try {
        const bytes = algorithm.unpack(input, limit);
        if (bytes instanceof Uint8Array) return [Buffer.of(index), ...inPieces(bytes, 40)];
      } catch {
        // Another one, perhaps.
      }
    }
    return [];
  },
  join([first, ...parts]) {
    const packed = all[(first?.[0] ?? 0) % all.length]!.pack(Buffer.concat(parts), undefined);
    return packed instanceof Uint8Array ? packed : new Uint8Array(0);
  },
};

/** One compressed message, tried with every algorithm. */
export const compression: Target = {
  words: [
    ...[
      "\x1f\x8b\x08\0\0\0\0\0\0\x03",
      "\x78\x9c",
      "\x28\xb5\x2f\xfd",
      "\x50\x2a\x4d\x18",
      "\x22\xb5\x2f\xfd",
    ],
    ...["\0\0\0\0", "\x03\0", "\xff\xff", "\x3b", "\x1f\x8b\x08\x1e"],
  ],
  shape: contents,
  async run(input) {
    const outcomes: string[] = [];
    for (const algorithm of all) outcomes.push(`${algorithm.name} ${await check(algorithm, input)}`);
    for (const algorithm of ofTheWeb) {
      const outcome = await check(algorithm, input);
      // These refuse a second gzip member.
      assert.ok(outcome === "corrupt" || outcomes.includes(`${algorithm.name} ${outcome}`), outcome);
    }
    return outcomes.join(", ");
  },
};

async function check(algorithm: Compression, input: Uint8Array): Promise<string> {
  const bytes = await unpack(algorithm, input, limit);
  if (typeof bytes === "string") return bytes;
  assert.ok(bytes.length <= limit);
  // All of the input was the message: a byte less is too little, a byte more too much, and a byte under its size a limit.
  assert.equal(typeof (await unpack(algorithm, input.subarray(0, -1), limit)), "string");
  for (const byte of [0, 0x1f, 0x28, 0xff])
    assert.equal(typeof (await unpack(algorithm, Buffer.concat([input, Buffer.of(byte)]), limit)), "string");
  if (bytes.length > 0) assert.equal(await unpack(algorithm, input, bytes.length - 1), "limit");
  const packed = await algorithm.pack(bytes, undefined);
  assert.deepEqual(Buffer.from(await algorithm.unpack(packed, limit)), Buffer.from(bytes));
  return `${Math.ceil(Math.log2(bytes.length + 1))} bits`;
}

function inPieces(bytes: Uint8Array, length: number): Uint8Array[] {
  return Array.from({ length: Math.ceil(bytes.length / length) }, (_, n) =>
    bytes.slice(n * length, (n + 1) * length),
  );
}

/** What comes out, or why nothing does. */
async function unpack(algorithm: Compression, input: Uint8Array, most: number): Promise<Uint8Array | string> {
  try {
    return await algorithm.unpack(input, most);
  } catch (error) {
    if (!(error instanceof CompressionFailure)) throw error;
    return error.reason;
  }
}
