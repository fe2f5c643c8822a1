import { CompressionFailure } from "@millrace/core/host";
import type { Compression } from "@millrace/core/host";
import { adler32 } from "./adler32.ts";

/** The formats of the Compression Streams standard whose output is bounded by their input. */
type Format = "gzip" | "deflate";

/**
 * Bytes that are unpacked in one go. Some engines give all that comes of a chunk at once, however little has been read:
 * with at most 1,032 times as much out of deflate's format, this is the memory that a message can take beyond its limit.
 */
const pieceBytes = 4096;

/** The Adler-32 checksum that ends the zlib format. */
const checksumBytes = 4;

/** A compression of the engine's own, in streams (the Compression Streams standard). */
class StreamCompression implements Compression {
  readonly name: Format;
  readonly levels = null;

  constructor(name: Format) {
    this.name = name;
  }

  async pack(bytes: Uint8Array): Promise<Uint8Array> {
    const packed = await through(new CompressionStream(this.name), copyOf(bytes), bytes.length, Infinity);
    return packed!;
  }

  async unpack(bytes: Uint8Array, limit: number): Promise<Uint8Array> {
    const packed = copyOf(bytes);
    let unpacked: Uint8Array | null;
    try {
      unpacked = await through(new DecompressionStream(this.name), packed, pieceBytes, limit);
    } catch (error) {
      throw new CompressionFailure("corrupt", `${this.name}: ${reasonOf(error)}`, error);
    }
    if (unpacked === null) {
      throw new CompressionFailure("limit", `${this.name}: more than ${limit} bytes after decompression`);
    }
    // Deno's takes a truncated message for a whole one.
    if (this.name === "deflate" && checksumOf(packed) !== adler32(unpacked)) {
      throw new CompressionFailure("corrupt", "deflate: the checksum at the end is not that of the data");
    }
    return unpacked;
  }
}

/** Sends bytes through a stream, piece by piece. Null, as soon as more than `limit` come out. */
async function through(
  { readable, writable }: CompressionStream | DecompressionStream,
  bytes: Uint8Array,
  piece: number,
  limit: number,
): Promise<Uint8Array | null> {
  const reader = readable.getReader();
  // What goes wrong there, reading tells.
  feed(writable, bytes, piece).catch(ignore);
  const parts: Uint8Array[] = [];
  let length = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return joined(parts, length);
    length += value.length;
    if (length > limit) {
      reader.cancel().catch(ignore);
      return null;
    }
    parts.push(value);
  }
}

async function feed(
  writable: CompressionStream["writable"],
  bytes: Uint8Array,
  piece: number,
): Promise<void> {
  const writer = writable.getWriter();
  for (let at = 0; at < bytes.length; at += piece) {
    await writer.ready;
    writer.write(bytes.subarray(at, at + piece) as Uint8Array<ArrayBuffer>).catch(ignore);
  }
  await writer.close();
}

function joined(parts: readonly Uint8Array[], length: number): Uint8Array {
  if (parts.length === 1) return parts[0]!;
  const whole = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

function checksumOf(packed: Uint8Array): number {
  const end = packed.subarray(-checksumBytes);
  return end.length < checksumBytes ? -1 : new DataView(end.buffer, end.byteOffset).getUint32(0);
}

/** Node's and Bun's own slice() of a Buffer is a view. */
function copyOf(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(bytes);
}

/** Node says what was wrong in the cause alone. */
function reasonOf(error: unknown): string {
  for (let at = error; at instanceof Error; at = at.cause) if (at.message !== "") return at.message;
  return "malformed or truncated";
}

function ignore(): void {}

/**
 * `gzip` and `deflate` (the zlib format, RFC 1950), where the engine has compression streams; null for another name.
 *
 * Engines that offer `brotli` or `zstd` are not asked for them: a hundred bytes of these may stand for gigabytes, and some
 * engines unpack all of a chunk before any of it can be read.
 */
export function compressionByName(name: string): Compression | null {
  if (name !== "gzip" && name !== "deflate") return null;
  return typeof DecompressionStream === "undefined" ? null : new StreamCompression(name);
}
