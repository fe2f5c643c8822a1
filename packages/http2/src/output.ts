import type { Duplex } from "./duplex.ts";
import { FrameWriter } from "./frame/frame-writer.ts";
import { ReadyQueue } from "./ready-queue.ts";
import type { Limits } from "./limits.ts";
import { noTimer, type Runtime } from "./runtime.ts";
import { defaultFrameSize, initialWindow, largestWindow } from "./settings.ts";
import type { SendHalf } from "./send-half.ts";

/** Bodies that leave in one turn of the event loop; then the other connections have theirs. */
const turnBytes = 256 * 1024;
/** What one stream sends before the next of its urgency has its turn. */
const quantum = 16 * 1024;

/** What an output tells its connection. */
export interface OutputEvents {
  /** The turn's input has been dealt with: what is to leave with the rest is to be written. */
  turnEnding(): void;
  /** What this turn wrote has left, if there was room. Nothing of the sinks may be called sooner. */
  turnEnded(): void;
  /** The peer does not read, and what waits for it is more than may be, or is not any more. */
  backlogged(isBacklogged: boolean): void;
  /** What was written has not left for too long. */
  stalled(): void;
}

/** What a connection sends: frames that leave together, once a turn, and streams that take turns for the room there is. */
export class Output {
  readonly writer: FrameWriter = new FrameWriter();
  /** The connection's window, as the peer has it (RFC 9113 section 6.9). */
  window: number = initialWindow;
  /** SETTINGS_MAX_FRAME_SIZE of the peer's. */
  maxFrame: number = defaultFrameSize;
  readonly #duplex: Duplex;
  readonly #runtime: Runtime;
  readonly #events: OutputEvents;
  readonly #backlogBytes: number;
  readonly #writeTimeoutMs: number;
  readonly #ready = new ReadyQueue();
  #allowance = turnBytes;
  #scheduled = false;
  #congested = false;
  #backlogged = false;
  #closed = false;
  #finishing = false;
  /** Runs while the transport has no room. */
  #cancelStalled: () => void = noTimer;
  #dataFrames = 0;
  /** Streams whose last frame is written, and not handed on. */
  #ending: SendHalf[] = [];
  #flushed: SendHalf[] = [];

  constructor(duplex: Duplex, runtime: Runtime, events: OutputEvents, limits: Limits) {
    this.#duplex = duplex;
    this.#runtime = runtime;
    this.#events = events;
    this.#backlogBytes = limits.outputBacklogBytes;
    this.#writeTimeoutMs = limits.writeTimeoutMs;
  }

  /** Bytes of bodies that may be written now. */
  get room(): number {
    if (this.#congested) return 0;
    return this.window < this.#allowance ? this.window : this.#allowance;
  }

  /** No stream waits for room: one that begins to send takes no other's turn. */
  get isFree(): boolean {
    return this.#ready.isEmpty;
  }

  /** A DATA frame; no longer than there is room. */
  data(stream: SendHalf, chunk: Uint8Array, start: number, end: number, endStream: boolean): void {
    this.writer.data(stream.id, chunk, start, end, endStream);
    this.#sent(end - start);
  }

  /** A DATA frame of what was lent, if it is where it was; no longer than there is room. */
  settle(stream: SendHalf, bytes: number): boolean {
    if (!this.writer.settle(stream.id, bytes)) return false;
    if (bytes > 0) this.#sent(bytes);
    return true;
  }

  #sent(bytes: number): void {
    this.#dataFrames++;
    this.window -= bytes;
    this.#allowance -= bytes;
    this.touch();
  }

  /** Something written has not left. */
  get isPending(): boolean {
    return this.writer.size > 0 || this.#ending.length > 0 || this.#flushed.length > 0;
  }

  /** How many DATA frames have been written since it was asked last. */
  takeDataFrames(): number {
    const frames = this.#dataFrames;
    this.#dataFrames = 0;
    return frames;
  }

  /** Something is written, or something else is due at the end of the turn. */
  touch(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    this.#runtime.soon(this.#run);
  }

  /** A stream has something to send and waits for room. */
  await(stream: SendHalf): void {
    this.#ready.add(stream);
    this.touch();
  }

  /** It has nothing to send any more. */
  forget(stream: SendHalf): void {
    this.#ready.remove(stream);
  }

  /** A stream's last frame is written: flushed() follows when it has left. */
  ends(stream: SendHalf): void {
    this.#ending.push(stream);
    this.touch();
  }

  /** The connection's window grows. False: beyond what it may be (RFC 9113 section 6.9.1). */
  widen(bytes: number): boolean {
    this.window += bytes;
    if (!this.#ready.isEmpty) this.touch();
    return this.window <= largestWindow;
  }

  /** The transport has room again. */
  drained(): void {
    this.#congested = false;
    this.#cancelStalled();
    this.#cancelStalled = noTimer;
    this.touch();
  }

  /** What is written leaves now. */
  send(): void {
    if (this.#congested || this.#closed) return;
    this.#pump();
    this.#allowance = turnBytes;
    if (this.writer.size > 0 && !this.#duplex.write(this.writer.take())) {
      this.#congested = true;
      this.#cancelStalled = this.#runtime.timer(this.#writeTimeoutMs, () => this.#events.stalled());
    }
    if (this.#ending.length > 0) {
      for (const stream of this.#ending) this.#flushed.push(stream);
      this.#ending.length = 0;
    }
    if (!this.#ready.isEmpty && this.room > 0) this.touch();
    if (this.#finishing && this.writer.size === 0) this.#duplex.end();
  }

  /** The transport is to end behind what is written. */
  finish(): void {
    this.#finishing = true;
    this.send();
  }

  /** Nothing leaves any more. */
  close(): void {
    this.#closed = true;
    this.#cancelStalled();
    this.#ending = [];
    this.writer.take();
  }

  readonly #run = (): void => {
    this.#scheduled = false;
    this.#events.turnEnding();
    this.send();
    const isBacklogged = this.#congested && this.writer.size > this.#backlogBytes;
    if (isBacklogged !== this.#backlogged && !this.#closed) {
      this.#backlogged = isBacklogged;
      this.#events.backlogged(isBacklogged);
    }
    const flushed = this.#flushed;
    if (flushed.length > 0) {
      this.#flushed = [];
      for (const stream of flushed) stream.flushed();
    }
    this.#events.turnEnded();
  };

  #pump(): void {
    while (this.room > 0) {
      const stream = this.#ready.take();
      if (stream === null) return;
      const took = stream.send(quantum);
      if (!took || !stream.wantsRoom) continue;
      if (stream.isIncremental) this.#ready.add(stream);
      else this.#ready.putBack(stream);
    }
  }
}
