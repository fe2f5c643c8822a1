import type { Fault, Fields, Sink } from "@millrace/exchange";
import { creditShare } from "./connection-window.ts";
import { Held } from "./held.ts";
import { SendHalf, type SendHost } from "./send-half.ts";
import type { Credited } from "./turn-end.ts";

/** What the peer's half of a stream asks of its connection. */
export interface ReceiveHost extends SendHost {
  /** The window that a stream is given at first. */
  readonly streamWindow: number;
  /** What the peer may send beyond it, for it may not have heard of it yet. */
  readonly streamWindowExtra: number;
  /** A stream's window is credited: a good time to look whether it is large enough. Gives what it may be. */
  windowWanted(current: number): number;
  /** A stream that had a larger window than at first is over. */
  windowReturned(bytes: number): void;
}

/** The peer's half of a stream: what comes reaches the sink, is held while that is paused, and is credited when it is taken. */
export abstract class ReceiveHalf extends SendHalf implements Credited {
  declare protected readonly host: ReceiveHost;
  protected sink: Sink | null = null;
  /** END_STREAM has come, or RST_STREAM. */
  protected remoteEnded = false;
  /** What content-length promises, less what came; -1 if nothing is promised. */
  protected expected = -1;
  protected isPaused = false;
  /** The sink knows that the peer's half has ended. */
  protected endTold = false;
  #held: Held | null = null;
  /** What credit fills up to: it grows where the link holds more. */
  #window: number;
  /** What the peer may still send. */
  #receiveWindow: number;
  #uncredited = 0;
  #isOwed = false;

  constructor(host: ReceiveHost, sendWindow: number) {
    super(host, sendWindow);
    this.#window = host.streamWindow;
    this.#receiveWindow = host.streamWindow + host.streamWindowExtra;
  }

  /** A body that comes is for the sink. */
  protected abstract readonly wantsBody: boolean;
  /** A body that comes is for nobody. False: enough of it. */
  protected abstract discarded(bytes: number): void;
  /** Both halves have ended on the wire. */
  protected abstract through(): void;
  /** The sink has been told all that there was to tell. */
  protected abstract toldEnd(): void;
  /** closed() follows. */
  protected abstract finish(delivered: boolean): void;

  pause(): void {
    this.isPaused = true;
  }

  resume(): void {
    if (!this.isPaused) return;
    this.isPaused = false;
    if (this.#held !== null) this.host.turnEnd.defer(this);
  }

  // What the connection tells.

  get isRemoteEnded(): boolean {
    return this.remoteEnded;
  }

  /** A DATA frame of this length begins. False: it is more than the window has. */
  charge(length: number): boolean {
    this.#receiveWindow -= length;
    return this.#receiveWindow >= 0;
  }

  /** What the peer may still send, in bytes. */
  get receiveWindow(): number {
    return this.#receiveWindow;
  }

  /** The peer may send so much less than before (RFC 9113 section 6.9.2). */
  narrow(bytes: number): void {
    this.#receiveWindow -= bytes;
  }

  /** Bytes that were charged and hold no data: padding. */
  refund(length: number): void {
    if (length > 0 && !this.remoteEnded) this.#credit(length);
  }

  /** RFC 9113 section 8.1.1: the body is longer than its content-length. */
  exceeds(length: number): boolean {
    if (this.expected < 0) return false;
    this.expected -= length;
    if (this.expected >= 0) return false;
    this.expected = -1;
    return true;
  }

  /** The body is shorter than its content-length. */
  get isShort(): boolean {
    return this.expected > 0;
  }

  data(chunk: Uint8Array, start: number, end: number): void {
    if (!this.isAlive) return;
    if (!this.wantsBody) {
      this.#credit(end - start);
      this.discarded(end - start);
    } else if (this.isPaused || this.#held !== null) {
      (this.#held ??= new Held()).push(chunk, start, end);
    } else {
      this.sink?.data(chunk, start, end);
      if (this.isAlive) this.#credit(end - start);
    }
  }

  /** END_STREAM has come. */
  endReceived(trailers: Fields | null): void {
    this.remoteEnded = true;
    const isHeld = this.isAlive && this.wantsBody && (this.isPaused || this.#held !== null);
    if (isHeld) {
      const held = (this.#held ??= new Held());
      held.ended = true;
      held.trailers = trailers;
    }
    if (this.endFlushed) this.through();
    if (!isHeld && this.isAlive) this.#tellEnd(trailers);
  }

  /** The end of the turn: the peer may send as much again as has been taken. */
  credit(): void {
    this.#isOwed = false;
    if (this.remoteEnded) return;
    const window = this.host.windowWanted(this.#window);
    const bytes = this.#uncredited + (window - this.#window);
    this.#window = window;
    this.#uncredited = 0;
    this.#receiveWindow += bytes;
    this.host.output.writer.windowUpdate(this.id, bytes);
  }

  // What those on top do with it.

  /** Something has come that the sink has not been told. */
  protected get hasHeld(): boolean {
    return this.#held !== null;
  }

  /** The end of the turn: the sink is told what it goes on with. */
  protected tellHeld(): void {
    const held = this.#held;
    if (held === null) return;
    while (!this.isPaused && this.#held === held) {
      const chunk = held.take();
      if (chunk === null) break;
      this.sink?.data(chunk, 0, chunk.length);
      if (this.isAlive) this.#credit(chunk.length);
    }
    if (this.isPaused || this.#held !== held || !this.isAlive) return;
    this.#held = null;
    if (held.ended) this.#tellEnd(held.trailers);
    if (held.fault === null || !this.isAlive) return;
    if (this.isPaused) {
      this.#held = new Held();
      this.#held.fault = held.fault;
    } else this.tellFault(held.fault);
  }

  protected tellFault(fault: Fault): void {
    this.#held = null;
    this.sink?.fault(fault);
    this.finish(false);
  }

  /** A fault waits behind what is held. False: nothing is. */
  protected holdFault(fault: Fault): boolean {
    if (this.#held === null) return false;
    this.#held.fault = fault;
    return true;
  }

  protected handedOver(): void {
    if (!this.wantsBody) this.#dropHeld();
  }

  /** The sink is told nothing more of it. */
  protected endUnheard(): void {
    this.#held = null;
    const more = this.#window - this.host.streamWindow;
    if (more > 0) this.host.windowReturned(more);
  }

  /** What was held is for nobody any more. */
  #dropHeld(): void {
    const held = this.#held;
    if (held === null) return;
    this.#held = null;
    this.#credit(held.bytes);
    if (held.ended) this.endTold = true;
  }

  #tellEnd(trailers: Fields | null): void {
    this.endTold = true;
    if (this.wantsBody) this.sink?.end(trailers);
    if (this.isAlive) this.toldEnd();
  }

  #credit(length: number): void {
    this.#uncredited += length;
    if (this.#isOwed || this.remoteEnded || this.#uncredited < this.#window * creditShare) return;
    this.#isOwed = true;
    this.host.turnEnd.owes(this);
  }
}
