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
/** RFC 8878 section 3.1.1.1.2: the window of 8 MiB that every decoder should support. */
const zstdWindowLog = 23;
const zstdLargestWindowLog = 27;

interface PackOptions {
  readonly chunkSize: number;
}
interface UnpackOptions extends PackOptions {
  readonly maxOutputLength: number;
  readonly info: true;
}
/** What zlib gives when asked for `info`; its types still promise a buffer. */
interface Unpacked {
  readonly buffer: Uint8Array;
  readonly engine: { readonly bytesWritten: number };
}

/** What differs between the algorithms. */
interface Algorithm {
  readonly name: string;
  readonly levels: readonly [lowest: number, highest: number];
  /** From here on a level is slow: tens of milliseconds for what the default does in one. */
  readonly slowLevel: number;
  packSync(bytes: Uint8Array, level: number | undefined, options: PackOptions): Uint8Array;
  pack(bytes: Uint8Array, level: number | undefined, options: PackOptions): Promise<Uint8Array>;
  unpackSync(bytes: Uint8Array, limit: number, options: UnpackOptions): Unpacked;
  unpack(bytes: Uint8Array, limit: number, options: UnpackOptions): Promise<Unpacked>;
}

type SyncInfo<O> = (bytes: Uint8Array, options: O & { info: true }) => Unpacked;
type AsyncInfo<O> = (bytes: Uint8Array, options: O & { info: true }) => Promise<Unpacked>;
type AsyncPack<O> = (bytes: Uint8Array, options: O) => Promise<Uint8Array>;

const gunzipInfo = gunzipSync as unknown as SyncInfo<ZlibOptions>;
const gunzipOffLoop = promisify(gunzip) as unknown as AsyncInfo<ZlibOptions>;
const gzipOffLoop: AsyncPack<ZlibOptions> = promisify(gzip);
const inflateInfo = inflateSync as unknown as SyncInfo<ZlibOptions>;
const inflateOffLoop = promisify(inflate) as unknown as AsyncInfo<ZlibOptions>;
const deflateOffLoop: AsyncPack<ZlibOptions> = promisify(deflate);
const unbrotliInfo = brotliDecompressSync as unknown as SyncInfo<BrotliOptions>;
const unbrotliOffLoop = promisify(brotliDecompress) as unknown as AsyncInfo<BrotliOptions>;
const brotliOffLoop: AsyncPack<BrotliOptions> = promisify(brotliCompress);
const unzstdInfo = zstdDecompressSync as unknown as SyncInfo<ZstdOptions>;
const unzstdOffLoop = promisify(zstdDecompress) as unknown as AsyncInfo<ZstdOptions>;
const zstdOffLoop: AsyncPack<ZstdOptions> = promisify(zstdCompress);

const gzipAlgorithm: Algorithm = {
  name: "gzip",
  levels: [-1, 9],
  slowLevel: Infinity,
  packSync: (bytes, level, options) => gzipSync(bytes, { ...options, level: level ?? 6 }),
  pack: (bytes, level, options) => gzipOffLoop(bytes, { ...options, level: level ?? 6 }),
  unpackSync: (bytes, _limit, options) => gunzipInfo(bytes, options),
  unpack: (bytes, _limit, options) => gunzipOffLoop(bytes, options),
};

/** RFC 1950, the zlib format, as RFC 9110 section 8.4.1.2 has it: never the bare deflate stream that some peers mean. */
const deflateAlgorithm: Algorithm = {
  name: "deflate",
  levels: [-1, 9],
  slowLevel: Infinity,
  packSync: (bytes, level, options) => deflateSync(bytes, { ...options, level: level ?? 6 }),
  pack: (bytes, level, options) => deflateOffLoop(bytes, { ...options, level: level ?? 6 }),
  unpackSync: (bytes, _limit, options) => inflateInfo(bytes, options),
  unpack: (bytes, _limit, options) => inflateOffLoop(bytes, options),
};

/** Quality 4: node's own default, 11, is meant for files that are compressed once, and takes a hundred times as long. */
function brotliOptions(bytes: Uint8Array, level: number | undefined, options: PackOptions): BrotliOptions {
  return {
    ...options,
    params: {
      [constants.BROTLI_PARAM_QUALITY]: level ?? 4,
      [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length,
    },
  };
}

const brotliAlgorithm: Algorithm = {
  name: "br",
  levels: [0, 11],
  slowLevel: 9,
  packSync: (bytes, level, options) => brotliCompressSync(bytes, brotliOptions(bytes, level, options)),
  pack: (bytes, level, options) => brotliOffLoop(bytes, brotliOptions(bytes, level, options)),
  unpackSync: (bytes, _limit, options) => unbrotliInfo(bytes, options),
  unpack: (bytes, _limit, options) => unbrotliOffLoop(bytes, options),
};

function zstdPackOptions(bytes: Uint8Array, level: number | undefined, options: PackOptions): ZstdOptions {
  const params = { [constants.ZSTD_c_compressionLevel]: level ?? 3 };
  // With the size known the frame says it, and its window is no larger than the content.
  return { ...options, params, pledgedSrcSize: bytes.length };
}

/** A frame claims its window, and the decoder allocates it: no more than the output can need, and what the RFC asks for. */
function zstdUnpackOptions(limit: number, options: UnpackOptions): ZstdOptions & { info: true } {
  const needed = Math.ceil(Math.log2(limit));
  const windowLog = Math.min(Math.max(needed, zstdWindowLog), zstdLargestWindowLog);
  return { ...options, params: { [constants.ZSTD_d_windowLogMax]: windowLog } };
}

const zstdAlgorithm: Algorithm = {
  name: "zstd",
  levels: [-131_072, 22],
  slowLevel: 13,
  packSync: (bytes, level, options) => zstdCompressSync(bytes, zstdPackOptions(bytes, level, options)),
  pack: (bytes, level, options) => zstdOffLoop(bytes, zstdPackOptions(bytes, level, options)),
  unpackSync: (bytes, limit, options) => unzstdInfo(bytes, zstdUnpackOptions(limit, options)),
  unpack: (bytes, limit, options) => unzstdOffLoop(bytes, zstdUnpackOptions(limit, options)),
};

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

class ZlibCompression implements Compression {
  readonly name: string;
  readonly levels: readonly [lowest: number, highest: number];
  readonly #algorithm: Algorithm;

  constructor(algorithm: Algorithm) {
    this.name = algorithm.name;
    this.levels = algorithm.levels;
    this.#algorithm = algorithm;
  }

  pack(bytes: Uint8Array, level: number | undefined): Uint8Array | Promise<Uint8Array> {
    const algorithm = this.#algorithm;
    const slow = level !== undefined && level >= algorithm.slowLevel;
    if (bytes.length <= (slow ? packSlowAtOnce : packAtOnce)) {
      // Room for the whole output even where nothing can be saved: one pass.
      return algorithm.packSync(bytes, level, { chunkSize: bytes.length + smallestPiece });
    }
    return algorithm.pack(copyOf(bytes), level, { chunkSize: pieceOffLoop });
  }

  unpack(bytes: Uint8Array, limit: number): Uint8Array | Promise<Uint8Array> {
    if (bytes.length > unpackAtOnce) return this.#unpackOffLoop(copyOf(bytes), limit);
    const most = outputLimit(Math.min(limit, yieldAtOnce));
    const piece = Math.min(bytes.length * 4, most);
    const options = { chunkSize: Math.max(piece, smallestPiece), maxOutputLength: most, info: true } as const;
    let result: Unpacked;
    try {
      result = this.#algorithm.unpackSync(bytes, limit, options);
    } catch (error) {
      if (limit > yieldAtOnce && isTooLarge(error)) return this.#unpackOffLoop(copyOf(bytes), limit);
      throw failure(this.name, limit, error);
    }
    return whole(this.name, bytes.length, limit, result);
  }

  async #unpackOffLoop(bytes: Uint8Array, limit: number): Promise<Uint8Array> {
    const options = { chunkSize: pieceOffLoop, maxOutputLength: outputLimit(limit), info: true } as const;
    let result: Unpacked;
    try {
      result = await this.#algorithm.unpack(bytes, limit, options);
    } catch (error) {
      throw failure(this.name, limit, error);
    }
    return whole(this.name, bytes.length, limit, result);
  }
}

/** zlib knows no limit of zero, and none above the longest buffer. */
function outputLimit(limit: number): number {
  return Math.min(Math.max(limit, 1), bufferLimits.MAX_LENGTH);
}

const compressions: ReadonlyMap<string, Compression> = new Map(
  [gzipAlgorithm, deflateAlgorithm, brotliAlgorithm, zstdAlgorithm].map((algorithm) => [
    algorithm.name,
    new ZlibCompression(algorithm),
  ]),
);

/**
 * The compressions of node:zlib: `gzip`, `deflate` (the zlib format, RFC 1950), `br` and `zstd`; null for another name.
 *
 * Small messages are worked at once, large ones in the thread pool, on a copy. unpack() refuses bytes behind the end of
 * the data. A gzip message may consist of several members (RFC 1952 section 2.2); a zstd message is one frame.
 * Levels: gzip and deflate 0 to 9, default 6; br 0 to 11, default 4; zstd 1 to 22, default 3. A level out of range throws
 * a RangeError with gzip and deflate, and is taken as the nearest one with br and zstd.
 */
export function compressionByName(name: string): Compression | null {
  return compressions.get(name) ?? null;
}
