import type { Writer } from "../codec.ts";

/** Where a generated codec writes: a Writer, with what nested messages need. */
export class WireWriter {
  buf: Uint8Array;
  pos: number;
  end: number;
  /** How far what was written has moved since the message began: grow() may put it at another place of another buffer. */
  moved = 0;
  /** Whether equal messages have to give equal bytes. */
  readonly deterministic: boolean;
  readonly #under: Writer;

  constructor(under: Writer, deterministic: boolean) {
    this.buf = under.buf;
    this.pos = under.pos;
    this.end = under.end;
    this.deterministic = deterministic;
    this.#under = under;
  }

  /** Makes room for `bytes` more. */
  grow(bytes: number): void {
    const under = this.#under;
    under.pos = this.pos;
    under.grow(bytes);
    this.moved += under.pos - this.pos;
    this.buf = under.buf;
    this.pos = under.pos;
    this.end = under.end;
  }

  finish(): void {
    this.#under.pos = this.pos;
  }
}
