import { createHash } from "node:crypto";
import * as zlib from "node:zlib";
import { CompressionFailure } from "@millrace/core/host";
import type { Compression } from "@millrace/core/host";
import { createFetchHandler } from "@millrace/web";
import { describe, expect, test, vi } from "vitest";
import { adler32 } from "../src/host/adler32.ts";
import { webHost } from "../src/host/web-host.ts";

const formats = ["gzip", "deflate"] as const;

function compression(name: string): Compression {
  const found = webHost.compression(name);
  if (found === null) throw new Error(`no ${name}`);
  return found;
}

/** Bytes that hardly compress, the same in each run. */
function sample(size: number): Uint8Array {
  const bytes = new Uint8Array(size);
  let digest = createHash("sha256").update("sample").digest();
  for (let at = 0; at < size; at += digest.length) {
    digest = createHash("sha256").update(digest).digest();
    bytes.set(digest.subarray(0, size - at), at);
  }
  return bytes;
}

async function reasonOf(work: Promise<unknown> | Uint8Array): Promise<string> {
  try {
    await work;
    return "none";
  } catch (error) {
    if (error instanceof CompressionFailure) return error.reason;
    throw error;
  }
}

const reference = { gzip: zlib.gunzipSync, deflate: zlib.inflateSync };

test("only formats whose output is bounded by their input are offered, though the engine has others", () => {
  expect(() => new DecompressionStream("brotli")).not.toThrow();
  for (const name of ["br", "brotli", "zstd", "identity", "deflate-raw", "GZIP", ""])
    expect(webHost.compression(name)).toBeNull();
});

test("an engine without compression streams has no compression", () => {
  vi.stubGlobal("DecompressionStream", undefined);
  expect(webHost.compression("gzip")).toBeNull();
  vi.unstubAllGlobals();
});

test("a level is refused: the engine takes none", () => {
  expect(() => createFetchHandler({ services: [], compression: { send: "gzip", level: 9 } })).toThrow(
    "compression.level: gzip takes no level here: leave it out",
  );
});

describe.each(formats)("%s", (name) => {
  test.each([0, 1, 100, 5_000, 300_000])(
    "what was packed is unpacked again, and by zlib: %i bytes",
    async (size) => {
      const bytes = sample(size);
      const packed = await compression(name).pack(bytes, undefined);
      expect(Buffer.compare(reference[name](packed), bytes)).toBe(0);
      expect(Buffer.compare(await compression(name).unpack(packed, size), bytes)).toBe(0);
    },
  );

  test.each([1, 2_000, 200_000])(
    "exactly the limit passes, one byte more does not: %i bytes",
    async (size) => {
      const packed = await compression(name).pack(sample(size), undefined);
      expect((await compression(name).unpack(packed, size)).length).toBe(size);
      expect(await reasonOf(compression(name).unpack(packed, size - 1))).toBe("limit");
    },
  );

  test("truncated input is corrupt, wherever it is cut", async () => {
    const packed = await compression(name).pack(sample(5_000), undefined);
    for (const cut of [1, 2, 4, 8, packed.length >> 1, packed.length - 1])
      expect(await reasonOf(compression(name).unpack(packed.subarray(0, -cut), 5_000))).toBe("corrupt");
  });

  test("bytes behind the end, another message or garbage instead of one are corrupt", async () => {
    const packed = await compression(name).pack(sample(500), undefined);
    for (const behind of [Buffer.from("x"), Buffer.alloc(8), packed])
      expect(await reasonOf(compression(name).unpack(Buffer.concat([packed, behind]), 9_000))).toBe(
        "corrupt",
      );
    expect(await reasonOf(compression(name).unpack(sample(500), 9_000))).toBe("corrupt");
    const flipped = Buffer.from(packed);
    flipped[packed.length >> 1]! ^= 1;
    expect(await reasonOf(compression(name).unpack(flipped, 9_000))).toBe("corrupt");
  });

  test("borrowed bytes may be overwritten as soon as the call has returned", async () => {
    const bytes = sample(100_000);
    const given = bytes.slice();
    const packing = compression(name).pack(given, undefined);
    given.fill(0);
    const packed = Buffer.from(await packing);
    const unpacking = compression(name).unpack(packed, 100_000);
    packed.fill(0);
    expect(Buffer.compare(await unpacking, bytes)).toBe(0);
  });

  test("64 MiB of zeros stop at the limit, and are not unpacked beyond it", async () => {
    const packed = await compression(name).pack(new Uint8Array(2 ** 26), undefined);
    let unpacked = 0;
    const Original = DecompressionStream;
    vi.stubGlobal(
      "DecompressionStream",
      class {
        readonly writable: WritableStream;
        readonly readable: ReadableStream;
        constructor(format: "gzip") {
          const inner = new Original(format);
          const count = new TransformStream<Uint8Array, Uint8Array>({
            transform(chunk, controller) {
              unpacked += chunk.length;
              controller.enqueue(chunk);
            },
          });
          this.writable = inner.writable;
          this.readable = inner.readable.pipeThrough(count);
        }
      },
    );
    expect(await reasonOf(compression(name).unpack(packed, 2 ** 20))).toBe("limit");
    vi.unstubAllGlobals();
    expect(unpacked).toBeLessThan(2 ** 20 + 2 ** 18);
  });

  test("an engine that unpacks all of a chunk at once is given pieces that come to little", async () => {
    const packed = await compression(name).pack(new Uint8Array(2 ** 26), undefined);
    const pieces: number[] = [];
    vi.stubGlobal(
      "DecompressionStream",
      class extends TransformStream<Uint8Array, Uint8Array> {
        constructor() {
          super({
            transform(piece, controller) {
              pieces.push(piece.length);
              controller.enqueue(new Uint8Array(piece.length * 1032));
            },
          });
        }
      },
    );
    expect(await reasonOf(compression(name).unpack(packed, 2 ** 22))).toBe("limit");
    vi.unstubAllGlobals();
    // 4 MiB may come out, and as much again of the piece that was one too many; the rest was never given.
    expect(Math.max(...pieces) * 1032).toBeLessThanOrEqual(2 ** 22 + 2 ** 17);
    expect(pieces.length).toBeLessThanOrEqual(3);
  });
});

test("a truncated zlib stream is corrupt where the engine takes it for whole", async () => {
  const packed = await compression("deflate").pack(sample(1_000), undefined);
  const bare = packed.subarray(0, -3);
  vi.stubGlobal(
    "DecompressionStream",
    class extends TransformStream<Uint8Array, Uint8Array> {
      constructor() {
        super({ transform: (_, controller) => controller.enqueue(sample(1_000)) });
      }
    },
  );
  expect(await reasonOf(compression("deflate").unpack(packed, 1_000))).toBe("none");
  expect(await reasonOf(compression("deflate").unpack(bare, 1_000))).toBe("corrupt");
  expect(await reasonOf(compression("deflate").unpack(packed.subarray(0, 3), 1_000))).toBe("corrupt");
  vi.unstubAllGlobals();
});

test("Adler-32 is as in RFC 1950 section 8.2, whatever the length", () => {
  expect(adler32(new Uint8Array(0))).toBe(1);
  expect(adler32(Buffer.from("Wikipedia"))).toBe(0x11e60398);
  for (const length of [5_551, 5_552, 5_553, 70_000]) {
    const bytes = new Uint8Array(length).fill(255);
    expect(adler32(bytes)).toBe(zlib.deflateSync(bytes).readUInt32BE(zlib.deflateSync(bytes).length - 4));
  }
});
