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
  #written: Uint8Array[] = [];
  /** What the other end has said while the engine does not read. */
  #held: Uint8Array[] = [];
  #isDrainDue = false;
  #isClosed = false;

  constructor(runtime: ManualRuntime) {
    this.#runtime = runtime;
  }

  start(sink: DuplexSink): void {
    this.#sink = sink;
  }

  write(parts: readonly Uint8Array[]): boolean {
    this.writes.push(parts.length);
    this.#written.push(...parts);
    if (this.isCongested) this.#isDrainDue = true;
    return !this.isCongested;
  }

  pause(): void {
    this.isPaused = true;
  }

  resume(): void {
    if (!this.isPaused) return;
    this.isPaused = false;
    this.#runtime.soon(() => {
      while (this.#held.length > 0 && !this.isPaused) this.#lend(this.#held.shift()!);
    });
  }

  end(): void {
    if (this.state === "open") this.state = "ended";
  }

  destroy(): void {
    this.state = "destroyed";
    this.#runtime.soon(() => this.close(undefined));
  }

  // The other end.

  /** Frames, or other bytes, reach the engine in one chunk, when it reads. */
  deliver(...parts: readonly (Frame | Uint8Array)[]): void {
    if (this.state === "destroyed" || this.#isClosed) return;
    const chunk = concat(...parts.map((part) => (part instanceof Uint8Array ? part : bytesOf(part))));
    if (this.isPaused) this.#held.push(chunk);
    else this.#lend(chunk);
  }

  /** There is room again. */
  drain(): void {
    this.isCongested = false;
    if (!this.#isDrainDue || this.#isClosed) return;
    this.#isDrainDue = false;
    this.#sink.writable();
  }

  /** The peer ends its half. */
  endFromPeer(): void {
    if (!this.#isClosed) this.#sink.end();
  }

  /** The transport is no more. */
  close(cause: unknown): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#sink.closed(cause);
  }

  /** All bytes that the engine has written since they were taken last. */
  take(): Uint8Array {
    const bytes = concat(...this.#written);
    this.#written = [];
    return bytes;
  }

  /** The same, as frames. */
  frames(): Frame[] {
    const bytes = this.take();
    const start = preface.every((octet, at) => bytes[at] === octet) ? preface.length : 0;
    const { frames, rest } = parseFrames(bytes.subarray(start));
    this.#written.push(rest);
    return frames;
  }

  /** The same, a line each. */
  sent(): string[] {
    return this.frames().map((frame) => this.#text.of(frame));
  }

  /** Lends a chunk, as a socket does. */
  #lend(chunk: Uint8Array): void {
    if (this.state === "destroyed" || this.#isClosed) return;
    this.#sink.data(chunk, 0, chunk.length);
    chunk.fill(0xdb);
  }
}
