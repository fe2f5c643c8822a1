import type { Duplex, DuplexSink } from "../../src/duplex.ts";
import type { StillRuntime } from "./still-runtime.ts";

/** An engine's duplex whose other end is a test: it says bytes, keeps what it hears, and need not read. */
export class Wire implements Duplex {
  readonly #runtime: StillRuntime;
  #sink: DuplexSink | undefined;
  #heard: Uint8Array[] = [];
  /** What the test said while the engine was not reading. */
  #held: Uint8Array[] = [];
  #wantsRoom = false;
  #isClosed = false;
  /** Bytes that wait because the engine does not read. */
  heldBytes = 0;
  /** False: what is written is taken, and there is no room for more. */
  reads = true;
  isPaused = false;
  /** The engine has ended its half. */
  isEnded = false;

  constructor(runtime: StillRuntime) {
    this.#runtime = runtime;
  }

  /** closed() has been told, or is about to be. */
  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** Bytes for the engine, lent as a socket does, and the turns that they cause. Nothing once it is closed. */
  say(...parts: readonly Uint8Array[]): void {
    for (const part of parts) {
      if (this.#isClosed) return;
      if (this.isPaused) {
        this.#held.push(part);
        this.heldBytes += part.length;
      } else this.#lend(part);
      this.#runtime.turns();
    }
  }

  /** All that was written since the last time. */
  heard(): Buffer {
    const heard = Buffer.concat(this.#heard);
    this.#heard = [];
    return heard;
  }

  /** There is room again. */
  read(): void {
    this.reads = true;
    if (this.#wantsRoom && !this.#isClosed) {
      this.#wantsRoom = false;
      this.#sink!.writable();
    }
    this.#runtime.turns();
  }

  /** The test ends its half. */
  hangUp(): void {
    if (!this.#isClosed) this.#sink!.end();
    this.#runtime.turns();
  }

  start(sink: DuplexSink): void {
    this.#sink = sink;
  }

  write(parts: readonly Uint8Array[]): boolean {
    this.#heard.push(...parts);
    if (!this.reads) this.#wantsRoom = true;
    return this.reads;
  }

  pause(): void {
    this.isPaused = true;
  }

  resume(): void {
    if (!this.isPaused) return;
    this.isPaused = false;
    this.#runtime.soon(() => {
      const held = this.#held;
      this.#held = [];
      for (const part of held) {
        if (this.isPaused) this.#held.push(part);
        else {
          this.heldBytes -= part.length;
          if (!this.#isClosed) this.#lend(part);
        }
      }
    });
  }

  end(): void {
    this.isEnded = true;
  }

  destroy(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#runtime.soon(() => this.#sink!.closed(undefined));
  }

  #lend(part: Uint8Array): void {
    const lent = Uint8Array.from(part);
    this.#sink!.data(lent, 0, lent.length);
    lent.fill(0xdb);
  }
}
