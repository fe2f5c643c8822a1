import type { Writer } from "../codec.ts";

const slabBytes = 16 * 1024;
/** With less left than this, a message starts a new slab rather than be copied out of the old one while it grows. */
const leastBytes = 256;

/**
 * Writes messages one behind the other into slabs, and cuts them off as chunks. A chunk is never written again, so that it
 * can be handed down and shared. Used synchronously: begin, write, then cut or cancel.
 */
export class ChunkWriter implements Writer {
  buf: Uint8Array = new Uint8Array(0);
  pos = 0;
  end = 0;
  #start = 0;
  /** Set aside, with the place to go on at, while a message is written that is too large for it. */
  #slab: { readonly buf: Uint8Array; readonly pos: number } | null = null;

  /** Starts a chunk, leaving `prefix` bytes free at its front. */
  begin(prefix: number): void {
    if (this.#slab !== null) {
      this.buf = this.#slab.buf;
      this.pos = this.#slab.pos;
      this.end = this.buf.length;
      this.#slab = null;
    }
    if (this.end - this.pos < leastBytes) {
      this.buf = new Uint8Array(slabBytes);
      this.pos = 0;
      this.end = slabBytes;
    }
    this.#start = this.pos;
    this.pos += prefix;
  }

  grow(bytes: number): void {
    const written = this.pos - this.#start;
    // Twice what is there keeps many small steps cheap; one large step gets just what it asks for.
    const length = Math.max(slabBytes, written * 2, written + bytes);
    const buf = new Uint8Array(length);
    buf.set(this.buf.subarray(this.#start, this.pos));
    // A large message has its buffer alone, so that it is not kept alive by small ones behind it.
    if (length > slabBytes) this.#slab ??= { buf: this.buf, pos: this.#start };
    this.buf = buf;
    this.#start = 0;
    this.pos = written;
    this.end = length;
  }

  /** Ends the chunk and gives it. */
  cut(): Uint8Array {
    const chunk = this.buf.subarray(this.#start, this.pos);
    this.#start = this.pos;
    return chunk;
  }

  /** Drops what was written since begin(). */
  cancel(): void {
    this.pos = this.#start;
  }
}
