import { createHash } from "node:crypto";
import * as zlib from "node:zlib";
import { CompressionFailure } from "@millrace/core/host";
import { describe, expect, test } from "vitest";
import { nodeHost } from "../src/host/node-host.ts";

const names = ["gzip", "deflate", "br", "zstd"] as const;
type Name = (typeof names)[number];

function compression(name: Name) {
  const found = nodeHost.compression(name);
  if (found === null) throw new Error(`no ${name}`);
  return found;
}

/** Bytes that compress to about half, the same in each run. */
function sample(size: number): Uint8Array {
  const bytes = Buffer.alloc(size);
  let digest = createHash("sha256").update("sample").digest();
  for (let at = 0; at < size; at += 64) {
    digest = createHash("sha256").update(digest).digest();
    digest.copy(bytes, at);
  }
  return bytes;
}

function equal(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0;
}

async function reasonOf(work: () => unknown): Promise<string> {
  try {
    await work();
  } catch (error) {
    if (error instanceof CompressionFailure) return error.reason;
    throw error;
  }
  return "none";
}

const reference: Record<Name, (bytes: Uint8Array) => Uint8Array> = {
  gzip: (bytes) => zlib.gunzipSync(bytes),
  deflate: (bytes) => zlib.inflateSync(bytes),
  br: (bytes) => zlib.brotliDecompressSync(bytes),
  zstd: (bytes) => zlib.zstdDecompressSync(bytes),
};

/** Pieces of one zero-filled gibibyte through zlib's stream, so that this test itself stays small. */
async function bomb(name: Name): Promise<Uint8Array> {
  const stream = {
    gzip: () => zlib.createGzip({ level: 1 }),
    deflate: () => zlib.createDeflate({ level: 1 }),
    br: () => zlib.createBrotliCompress({ params: { [zlib.constants.BROTLI_PARAM_QUALITY]: 1 } }),
    zstd: () => zlib.createZstdCompress({ params: { [zlib.constants.ZSTD_c_compressionLevel]: 1 } }),
  }[name]();
  const pieces: Buffer[] = [];
  stream.on("data", (piece: Buffer) => pieces.push(piece));
  const zeros = Buffer.alloc(2 ** 22);
  for (let i = 0; i < 256; i++) {
    if (!stream.write(zeros)) await new Promise((resolve) => stream.once("drain", resolve));
  }
  await new Promise((resolve) => {
    stream.once("end", resolve);
    stream.end();
  });
  return Buffer.concat(pieces);
}

test("a name that zlib does not have is null", () => {
  for (const name of ["identity", "snappy", "GZIP", "__proto__", ""])
    expect(nodeHost.compression(name)).toBeNull();
});

describe.each(names)("%s", (name) => {
  test.each([1, 100, 5_000, 16_384, 16_385, 300_000])(
    "what was packed is unpacked again, and by zlib itself: %i bytes",
    async (size) => {
      const bytes = sample(size);
      const packed = await compression(name).pack(bytes, undefined);
      expect(equal(reference[name](packed), bytes)).toBe(true);
      expect(equal(await compression(name).unpack(packed, size), bytes)).toBe(true);
    },
  );

  test("small messages are done at once, large ones off the loop", () => {
    const small = compression(name).pack(sample(1000), undefined);
    expect(small).toBeInstanceOf(Uint8Array);
    expect(compression(name).unpack(small as Uint8Array, 1000)).toBeInstanceOf(Uint8Array);
    expect(compression(name).pack(sample(200_000), undefined)).toBeInstanceOf(Promise);
  });

  test("a small message that yields much is not unpacked on the loop", async () => {
    const packed = await compression(name).pack(Buffer.alloc(2 ** 21), undefined);
    expect(packed.length).toBeLessThan(32 * 1024);
    const unpacked = compression(name).unpack(packed, 2 ** 22);
    expect(unpacked).toBeInstanceOf(Promise);
    expect((await unpacked).length).toBe(2 ** 21);
  });

  test.each([1, 2000, 200_000])(
    "a message of exactly the limit passes, one byte more does not: %i bytes",
    async (size) => {
      const packed = await compression(name).pack(sample(size), undefined);
      expect((await compression(name).unpack(packed, size)).length).toBe(size);
      expect(await reasonOf(() => compression(name).unpack(packed, size - 1))).toBe("limit");
    },
  );

  test.each([500, 200_000])(
    "truncated input is refused as corrupt, wherever it is cut: %i bytes",
    async (size) => {
      const packed = await compression(name).pack(sample(size), undefined);
      for (const cut of [1, 2, 4, 8, packed.length >> 1, packed.length - 1]) {
        expect(await reasonOf(() => compression(name).unpack(packed.subarray(0, -cut), size))).toBe(
          "corrupt",
        );
      }
    },
  );

  test("a message cut anywhere at all is refused as corrupt", async () => {
    const packed = await compression(name).pack(sample(300), undefined);
    for (let end = 0; end < packed.length; end++)
      expect(await reasonOf(() => compression(name).unpack(packed.subarray(0, end), 300))).toBe("corrupt");
  });

  test.each([500, 200_000])("bytes behind the end are refused as corrupt: %i bytes", async (size) => {
    const packed = await compression(name).pack(sample(size), undefined);
    for (const behind of ["x", "\0", "\0\0\0\0\0\0\0\0", "garbage"]) {
      const bytes = Buffer.concat([packed, Buffer.from(behind)]);
      expect(await reasonOf(() => compression(name).unpack(bytes, size * 2))).toBe("corrupt");
    }
  });

  test.each([500, 200_000])("garbage is refused as corrupt: %i bytes", async (size) => {
    expect(
      await reasonOf(() =>
        compression(name).unpack(
          sample(size).map((byte) => byte | 0x81),
          size,
        ),
      ),
    ).toBe("corrupt");
  });

  test("a flipped bit in the middle never gives a wrong message where the format has a checksum", async () => {
    if (name !== "gzip" && name !== "deflate") return;
    const packed = Buffer.from(await compression(name).pack(sample(5000), undefined));
    packed[packed.length >> 1]! ^= 1;
    expect(await reasonOf(() => compression(name).unpack(packed, 10_000))).toBe("corrupt");
  });

  test("a packed empty message unpacks to nothing, even under a limit of zero", async () => {
    const packed = await compression(name).pack(new Uint8Array(0), undefined);
    expect((await compression(name).unpack(packed, 0)).length).toBe(0);
  });

  test("one byte is over a limit of zero", async () => {
    const packed = await compression(name).pack(new Uint8Array(1), undefined);
    expect(await reasonOf(() => compression(name).unpack(packed, 0))).toBe("limit");
  });

  test("no limit at all is allowed", async () => {
    const packed = await compression(name).pack(sample(100_000), undefined);
    expect((await compression(name).unpack(packed, Infinity)).length).toBe(100_000);
  });

  test("borrowed bytes may be overwritten as soon as the call has returned", async () => {
    const bytes = sample(300_000);
    const given = Buffer.from(bytes);
    const packing = compression(name).pack(given, undefined);
    given.fill(0);
    const packed = Buffer.from(await packing);
    const unpacking = compression(name).unpack(packed, 300_000);
    packed.fill(0);
    expect(equal(await unpacking, bytes)).toBe(true);
  });

  test("what is unpacked does not alias what was given", () => {
    const packed = Buffer.from(compression(name).pack(sample(100), undefined) as Uint8Array);
    const unpacked = compression(name).unpack(packed, 100) as Uint8Array;
    packed.fill(0);
    expect(equal(unpacked, sample(100))).toBe(true);
  });

  test("a higher level gives a smaller or equal message", async () => {
    const text = Buffer.from(
      Array.from({ length: 2000 }, (_, i) => `line ${(i * 7919) % 1000} of the text\n`).join(""),
    );
    const fast = await compression(name).pack(text, 1);
    const best = await compression(name).pack(text, 9);
    expect(best.length).toBeLessThan(fast.length);
    expect(equal(await compression(name).unpack(best, text.length), text)).toBe(true);
  });

  test("a gibibyte of zeros stops at the limit, and takes no memory beyond it", async () => {
    const packed = await bomb(name);
    const limit = 4 * 2 ** 20;
    const before = process.memoryUsage.rss();
    let peak = before;
    const watch = setInterval(() => (peak = Math.max(peak, process.memoryUsage.rss())), 1);
    expect(await reasonOf(() => compression(name).unpack(packed, limit))).toBe("limit");
    clearInterval(watch);
    peak = Math.max(peak, process.memoryUsage.rss());
    expect(peak - before).toBeLessThan(64 * 2 ** 20);
  });
});

test("a gzip message of several members is their concatenation (RFC 1952 section 2.2)", async () => {
  const two = Buffer.concat([zlib.gzipSync("one "), zlib.gzipSync("two")]);
  expect(Buffer.from(await compression("gzip").unpack(two, 100)).toString()).toBe("one two");
  expect(await reasonOf(() => compression("gzip").unpack(two, 6))).toBe("limit");
});

test.each(["deflate", "br", "zstd"] as const)(
  "a second %s message behind the first is refused",
  async (name) => {
    for (const size of [3, 200_000]) {
      const packed = await compression(name).pack(sample(size), undefined);
      const two = Buffer.concat([packed, packed]);
      expect(await reasonOf(() => compression(name).unpack(two, size * 3))).toBe("corrupt");
    }
  },
);

test("deflate is the zlib format, and the bare stream is refused (RFC 9110 section 8.4.1.2)", async () => {
  expect(compression("deflate").pack(sample(10), undefined)).toHaveProperty("0", 0x78);
  expect(await reasonOf(() => compression("deflate").unpack(zlib.deflateRawSync(sample(100)), 100))).toBe(
    "corrupt",
  );
});

test("a zstd frame that claims a window of 128 MiB is refused under a small limit", async () => {
  // RFC 8878 section 3.1.1: magic number, a descriptor without content size, window descriptor 17 << 3 (2^27), an empty last raw block.
  const frame = Uint8Array.of(0x28, 0xb5, 0x2f, 0xfd, 0x00, 17 << 3, 0x01, 0x00, 0x00);
  expect(await reasonOf(() => compression("zstd").unpack(frame, 2 ** 20))).toBe("limit");
  expect((await compression("zstd").unpack(frame, 2 ** 27)).length).toBe(0);
});
