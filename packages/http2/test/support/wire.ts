import type { Duplex, DuplexSink } from "../../src/duplex.ts";
import { concat, roomyDecoder } from "../hpack/support.ts";
import { FrameText } from "./frame-text.ts";
import { bytesOf, type Frame, parseFrames, preface } from "./frames.ts";
import type { ManualRuntime } from "./manual-runtime.ts";

/** An engine's transport, of which a test is the other end. */
export class Wire implements Duplex {
  /** What the engine has done to it. */
  state: "open" | "ended" | "destroyed" = "open";
  isPaused = false;
  /** From the next write on the engine is asked to wait. */
  isCongested = false;
  /** Of each write so far: in how many parts it came. */
  readonly writes: number[] = [];
  readonly #runtime: ManualRuntime;
  readonly #text = new FrameText(roomyDecoder());
  #sink!: DuplexSink;
  #written: Uint8Array = new Uint8Array(0);
  #isClosed = false;

  constructor(runtime: ManualRuntime) {
    this.#runtime = runtime;
  }

  start(sink: DuplexSink): void {
    this.#sink = sink;
  }

  write(parts: readonly Uint8Array[]): boolean {
    this.writes.push(parts.length);
    this.#written = concat(this.#written, ...parts);
    return !this.isCongested;
  }

  pause(): void {
    this.isPaused = true;
  }

  resume(): void {
    this.isPaused = false;
  }

  end(): void {
    if (this.state === "open") this.state = "ended";
  }

  destroy(): void {
    this.state = "destroyed";
    this.#runtime.soon(() => this.close(undefined));
  }

  // The other end.

  /** Frames, or other bytes, reach the engine in one chunk. */
  deliver(...parts: readonly (Frame | Uint8Array)[]): void {
    if (this.#isClosed) return;
    const chunk = concat(...parts.map((part) => (part instanceof Uint8Array ? part : bytesOf(part))));
    this.#sink.data(chunk, 0, chunk.length);
    chunk.fill(0xdb);
  }

  /** There is room again. */
  drain(): void {
    this.isCongested = false;
    this.#sink.writable();
  }

  /** The peer ends its half. */
  endFromPeer(): void {
    this.#sink.end();
  }

  /** The transport is no more. */
  close(cause: unknown): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#sink.closed(cause);
  }

  /** What the engine has written, and was not asked for yet. */
  get written(): Uint8Array {
    return this.#written;
  }

  /** What the engine has written since it was asked last. */
  frames(): Frame[] {
    const start = preface.every((octet, at) => this.#written[at] === octet) ? preface.length : 0;
    const { frames, rest } = parseFrames(this.#written.subarray(start));
    this.#written = rest;
    return frames;
  }

  /** The same, a line each. */
  sent(): string[] {
    return this.frames().map((frame) => this.#text.of(frame));
  }
}
