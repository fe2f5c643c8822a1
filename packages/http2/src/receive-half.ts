import type { Fault, Fields } from "@millrace/exchange";
import { creditShare } from "./connection-window.ts";
import { Held } from "./held.ts";
import { SendHalf } from "./send-half.ts";
import { dying } from "./stream-state.ts";
import type { Credited } from "./turn-end.ts";

/** The peer's half of a stream: what comes reaches the sink, is held while that is paused, and is credited when it is taken. */
export abstract class ReceiveHalf extends SendHalf implements Credited {
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
    if (this.held !== null) this.host.turnEnd.defer(this);
  }

  // What the connection tells.

  get isRemoteEnded(): boolean {
    return this.remoteEnded;
  }

  /** A DATA frame of this length begins. False: it is more than the window has. */
  charge(length: number): boolean {
    this.receiveWindow -= length;
    return this.receiveWindow >= 0;
  }

  /** The peer may send so much less than before (RFC 9113 section 6.9.2). */
  narrow(bytes: number): void {
    this.receiveWindow -= bytes;
  }

  /** Bytes that were charged and hold no data: padding. */
  refund(length: number): void {
    if (length > 0 && !this.remoteEnded) this.taken(length);
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
      this.taken(end - start);
      this.discarded(end - start);
    } else if (this.isPaused || this.held !== null) {
      (this.held ??= new Held()).push(chunk, start, end);
    } else {
      this.sink?.data(chunk, start, end);
      if (this.isAlive) this.taken(end - start);
    }
  }

  /** END_STREAM has come. */
  endReceived(trailers: Fields | null): void {
    this.remoteEnded = true;
    const isHeld = this.isAlive && this.wantsBody && (this.isPaused || this.held !== null);
    if (isHeld) {
      const held = (this.held ??= new Held());
      held.ended = true;
      held.trailers = trailers;
    }
    if (this.endFlushed) this.through();
    if (!isHeld && this.isAlive) this.tellEnd(trailers);
  }

  /** The end of the turn: the peer may send as much again as has been taken. */
  credit(): void {
    this.isOwed = false;
    if (this.remoteEnded) return;
    const window = this.host.windowWanted(this.window);
    const bytes = this.uncredited + (window - this.window);
    this.window = window;
    this.uncredited = 0;
    this.receiveWindow += bytes;
    this.host.output.writer.windowUpdate(this.id, bytes);
  }

  // What those on top do with it.

  /** The end of the turn: the sink is told what it goes on with. */
  protected tellHeld(): void {
    const held = this.held;
    if (held === null) return;
    while (!this.isPaused && this.held === held) {
      const chunk = held.take();
      if (chunk === null) break;
      this.sink?.data(chunk, 0, chunk.length);
      if (this.isAlive) this.taken(chunk.length);
    }
    if (this.isPaused || this.held !== held || !this.isAlive) return;
    this.held = null;
    if (held.ended) this.tellEnd(held.trailers);
    if (held.fault === null || !this.isAlive) return;
    if (this.isPaused) {
      this.held = new Held();
      this.held.fault = held.fault;
    } else this.tellFault(held.fault);
  }

  protected tellFault(fault: Fault): void {
    this.held = null;
    this.life = dying;
    this.sink?.fault(fault);
    this.finish(false);
  }

  protected handedOver(): void {
    if (!this.wantsBody) this.dropHeld();
  }

  /** The sink is told nothing more of it. */
  protected endUnheard(): void {
    this.held = null;
    const more = this.window - this.host.streamWindow;
    if (more > 0) this.host.windowReturned(more);
  }

  /** What was held is for nobody any more. */
  private dropHeld(): void {
    const held = this.held;
    if (held === null) return;
    this.held = null;
    this.taken(held.bytes);
    if (held.ended) this.endTold = true;
  }

  private tellEnd(trailers: Fields | null): void {
    this.endTold = true;
    if (this.wantsBody) this.sink?.end(trailers);
    if (this.isAlive) this.toldEnd();
  }

  /** The sink is through with so many bytes, or nobody wants them. */
  private taken(length: number): void {
    this.uncredited += length;
    if (this.isOwed || this.remoteEnded || this.uncredited < this.window * creditShare) return;
    this.isOwed = true;
    this.host.turnEnd.owes(this);
  }
}
