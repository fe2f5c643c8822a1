import { constants as bufferLimits } from "node:buffer";
import { promisify } from "node:util";
import {
  brotliCompress,
  brotliCompressSync,
  brotliDecompress,
  brotliDecompressSync,
  constants,
  deflate,
  deflateSync,
  gunzip,
  gunzipSync,
  gzip,
  gzipSync,
  inflate,
  inflateSync,
  zstdCompress,
  zstdCompressSync,
  zstdDecompress,
  zstdDecompressSync,
} from "node:zlib";
import type { BrotliOptions, ZlibOptions, ZstdOptions } from "node:zlib";
import { CompressionFailure } from "@millrace/core/host";
import type { Compression } from "@millrace/core/host";

/**
 * Messages up to this size are compressed at once: 170 µs with gzip at 16 KiB, as much as the way through the thread pool
 * takes. Above it the loop would stand still for longer than that.
 */
const packAtOnce = 16 * 1024;
/** The same where the level asks for a search that is tens of times slower. */
const packSlowAtOnce = 1024;
/** Compressed messages up to this size are tried at once, as long as no more comes out of them than the next limit. */
const unpackAtOnce = 32 * 1024;
/** 256 KiB of output keep the loop for half a millisecond. What yields more is done again, off the loop. */
const yieldAtOnce = 256 * 1024;
/** Output pieces off the loop: each costs a way through the thread pool, and node's own 16 KiB are too many of them. */
const pieceOffLoop = 128 * 1024;
/** The smallest piece that zlib takes. */
const smallestPiece = 64;
/** The smallest piece to unpack into: 30 bytes can make 256 KiB, and each piece costs a microsecond. Still from Buffer's pool. */
const smallestUnpacked = 2048;
/** RFC 8878 section 3.1.1.1.2: the window of 8 MiB that every decoder should support. */
const zstdWindowLog = 23;
const zstdLargestWindowLog = 27;

/** What differs between the algorithms; `O` is what zlib calls its options. */
interface Algorithm<O> {
  readonly name: string;
  readonly levels: readonly [lowest: number, highest: number];
  /** From here on a level is slow: tens of milliseconds for what the default does in one. */
  readonly slowLevel: number;
  readonly packSync: (bytes: Uint8Array, options: O) => Uint8Array;
  readonly pack: (bytes: Uint8Array, options: O) => Promise<Uint8Array>;
  readonly unpackSync: (bytes: Uint8Array, options: O) => Uint8Array;
  readonly unpack: (bytes: Uint8Array, options: O) => Promise<Uint8Array>;
  readonly packOptions: (bytes: Uint8Array, level: number | undefined) => O;
  readonly unpackOptions: (limit: number) => O;
}

const gzipAlgorithm: Algorithm<ZlibOptions> = {
  name: "gzip",
  levels: [-1, 9],
  slowLevel: Infinity,
  packSync: gzipSync,
  pack: promisify(gzip),
  unpackSync: gunzipSync,
  unpack: promisify(gunzip),
  packOptions: (_bytes, level) => ({ level: level ?? 6 }),
  unpackOptions: () => ({}),
};

/** RFC 1950, the zlib format, as RFC 9110 section 8.4.1.2 has it: never the bare deflate stream that some peers mean. */
const deflateAlgorithm: Algorithm<ZlibOptions> = {
  ...gzipAlgorithm,
  name: "deflate",
  packSync: deflateSync,
  pack: promisify(deflate),
  unpackSync: inflateSync,
  unpack: promisify(inflate),
};

const brotliAlgorithm: Algorithm<BrotliOptions> = {
  name: "br",
  levels: [0, 11],
  slowLevel: 9,
  packSync: brotliCompressSync,
  pack: promisify(brotliCompress),
  unpackSync: brotliDecompressSync,
  unpack: promisify(brotliDecompress),
  packOptions: (bytes, level) => ({
    params: {
      // Node's own default, 11, is meant for files that are compressed once, and takes a hundred times as long.
      [constants.BROTLI_PARAM_QUALITY]: level ?? 4,
      [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length,
    },
  }),
  unpackOptions: () => ({}),
};

const zstdAlgorithm: Algorithm<ZstdOptions> = {
  name: "zstd",
  levels: [-131_072, 22],
  slowLevel: 13,
  packSync: zstdCompressSync,
  pack: promisify(zstdCompress),
  unpackSync: zstdDecompressSync,
  unpack: promisify(zstdDecompress),
  packOptions: (bytes, level) => ({
    params: { [constants.ZSTD_c_compressionLevel]: level ?? 3 },
    // With the size known the frame says it, and its window is no larger than the content.
    pledgedSrcSize: bytes.length,
  }),
  // A frame claims its window, and the decoder allocates it: no more than the output can need, and what the RFC asks for.
  unpackOptions: (limit) => {
    const needed = Math.ceil(Math.log2(limit));
    const windowLog = Math.min(Math.max(needed, zstdWindowLog), zstdLargestWindowLog);
    return { params: { [constants.ZSTD_d_windowLogMax]: windowLog } };
  },
};

/** What zlib gives when asked for `info`. */
interface Unpacked {
  readonly buffer: Uint8Array;
  readonly engine: { readonly bytesWritten: number };
}

/** The types of zlib promise the bytes alone, whatever it is asked for. */
function withInfo(result: Uint8Array): Unpacked {
  return result as unknown as Unpacked;
}

/** A Buffer's own slice() is a view. */
function copyOf(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(bytes);
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && "code" in error ? error.code : undefined;
}

function isTooLarge(error: unknown): boolean {
  return codeOf(error) === "ERR_BUFFER_TOO_LARGE";
}

function tooLarge(name: string, limit: number): CompressionFailure {
  return new CompressionFailure("limit", `${name}: more than ${limit} bytes after decompression`);
}

function failure(name: string, limit: number, error: unknown): CompressionFailure {
  if (isTooLarge(error)) return tooLarge(name, limit);
  const reason = codeOf(error) === "ZSTD_error_frameParameter_windowTooLarge" ? "limit" : "corrupt";
  const why = error instanceof Error ? error.message.toLowerCase() : String(error);
  return new CompressionFailure(reason, `${name}: ${why}`, error);
}

/** The engine stops where the format ends and says nothing of what follows, so what it took is counted. */
function whole(name: string, given: number, limit: number, result: Unpacked): Uint8Array {
  const surplus = given - result.engine.bytesWritten;
  if (surplus > 0) {
    throw new CompressionFailure(
      "corrupt",
      `${name}: ${surplus} bytes behind the end of the compressed data`,
    );
  }
  if (result.buffer.length > limit) throw tooLarge(name, limit);
  return result.buffer;
}

class ZlibCompression<O> implements Compression {
  readonly name: string;
  readonly levels: readonly [lowest: number, highest: number];
  readonly #algorithm: Algorithm<O>;

  constructor(algorithm: Algorithm<O>) {
    this.name = algorithm.name;
    this.levels = algorithm.levels;
    this.#algorithm = algorithm;
  }

  pack(bytes: Uint8Array, level: number | undefined): Uint8Array | Promise<Uint8Array> {
    const { slowLevel, packOptions, packSync, pack } = this.#algorithm;
    const options = packOptions(bytes, level);
    const slow = level !== undefined && level >= slowLevel;
    if (bytes.length <= (slow ? packSlowAtOnce : packAtOnce)) {
      // Room for the whole output even where nothing can be saved: one pass.
      return packSync(bytes, { ...options, chunkSize: bytes.length + smallestPiece });
    }
    return pack(copyOf(bytes), { ...options, chunkSize: pieceOffLoop });
  }

  unpack(bytes: Uint8Array, limit: number): Uint8Array | Promise<Uint8Array> {
    if (bytes.length > unpackAtOnce) return this.#unpackOffLoop(copyOf(bytes), limit);
    const most = outputLimit(Math.min(limit, yieldAtOnce));
    const piece = Math.min(bytes.length * 4, most);
    let result: Unpacked;
    try {
      const options = this.#unpackOptions(limit, Math.max(piece, smallestUnpacked), most);
      result = withInfo(this.#algorithm.unpackSync(bytes, options));
    } catch (error) {
      if (limit > yieldAtOnce && isTooLarge(error)) return this.#unpackOffLoop(copyOf(bytes), limit);
      throw failure(this.name, limit, error);
    }
    return whole(this.name, bytes.length, limit, result);
  }

  async #unpackOffLoop(bytes: Uint8Array, limit: number): Promise<Uint8Array> {
    let result: Unpacked;
    try {
      const options = this.#unpackOptions(limit, pieceOffLoop, outputLimit(limit));
      result = withInfo(await this.#algorithm.unpack(bytes, options));
    } catch (error) {
      throw failure(this.name, limit, error);
    }
    return whole(this.name, bytes.length, limit, result);
  }

  #unpackOptions(limit: number, chunkSize: number, maxOutputLength: number): O {
    return { ...this.#algorithm.unpackOptions(limit), chunkSize, maxOutputLength, info: true };
  }
}

/** zlib knows no limit of zero, and none above the longest buffer. */
function outputLimit(limit: number): number {
  return Math.min(Math.max(limit, 1), bufferLimits.MAX_LENGTH);
}

const compressions: ReadonlyMap<string, Compression> = new Map(
  [
    new ZlibCompression(gzipAlgorithm),
    new ZlibCompression(deflateAlgorithm),
    new ZlibCompression(brotliAlgorithm),
    new ZlibCompression(zstdAlgorithm),
  ].map((compression) => [compression.name, compression]),
);

/**
 * The compressions of node:zlib: `gzip`, `deflate` (the zlib format, RFC 1950), `br` and `zstd`; null for another name.
 *
 * Small messages are worked at once, large ones in the thread pool, on a copy. unpack() refuses bytes behind the end of
 * the data. A gzip message may consist of several members (RFC 1952 section 2.2); a zstd message is one frame.
 * Levels: gzip and deflate -1 to 9, default 6; br 0 to 11, default 4; zstd -131,072 to 22, default 3. Core refuses others.
 */
export function compressionByName(name: string): Compression | null {
  return compressions.get(name) ?? null;
}
