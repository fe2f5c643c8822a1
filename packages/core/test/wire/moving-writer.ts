import type { Writer } from "../../src/codec.ts";

/** A writer that gives no more room than it is asked for, and puts what is written at another place each time. */
export class MovingWriter implements Writer {
  buf: Uint8Array = new Uint8Array(3);
  pos = 3;
  end = 3;
  #start = 3;

  grow(bytes: number): void {
    const start = (this.#start * 7 + 5) % 31;
    const written = this.buf.subarray(this.#start, this.pos);
    const buf = new Uint8Array(start + written.length + bytes);
    buf.set(written, start);
    this.buf = buf;
    this.#start = start;
    this.pos = start + written.length;
    this.end = buf.length;
  }

  written(): Uint8Array {
    return this.buf.subarray(this.#start, this.pos);
  }
}
