import type { Fault, Fields, Span } from "@millrace/exchange";
import { Backlog } from "./backlog.ts";
import { unsendable, unsendableBody, unsendableFault } from "./message/unsendable.ts";
import { noBytes } from "./no-bytes.ts";
import { noFields } from "./no-fields.ts";
import { largestWindow } from "./settings.ts";
import { ended, ending, idle, open, StreamState } from "./stream-state.ts";

/** Bytes of one stream that wait to be sent, from which on a writer is held back, and below which it goes on. */
const highWater = 64 * 1024;
const lowWater = 16 * 1024;
/** Less room than this is not lent: few messages would fit in. */
const leastLoan = 256;

/** Our half of a stream: what is sent, and what waits to be. */
export abstract class SendHalf extends StreamState {
  /** Sends the head, if one waits to be sent. False: no body may be written. */
  protected abstract begin(): boolean;
  /** The same, with what ends the half: true if the head did that already. */
  protected abstract beginWithEnd(trailers: Fields | null): boolean;
  /** All of our half has been handed over. */
  protected abstract handedOver(): void;
  /** It dies at the end of the turn, of what this side did in a call. */
  abstract dieLater(fault: Fault): void;
  /** What ended our half has left. */
  abstract flushed(): void;

  write(chunk: Uint8Array): boolean {
    if (!this.isAlive || this.local >= ending) return true;
    const wrong = unsendableBody(chunk);
    if (wrong !== null) this.dieLater(unsendableFault("body", wrong, "maybe"));
    if (wrong !== null || !this.begin()) return true;
    this.put(chunk, false);
    return this.hasRoom();
  }

  reserve(): Span | null {
    // Behind the head, and where nothing waits.
    if (!this.isAlive || this.local !== open || this.id === 0 || this.backlog !== null) return null;
    const room = this.roomNow();
    return room < leastLoan ? null : this.host.output.writer.lend(room);
  }

  commit(pos: number): boolean {
    const { output } = this.host;
    const isOver = !this.isAlive || this.local !== open;
    const bytes = isOver ? 0 : output.writer.lentBytes(pos);
    if (bytes <= this.roomNow() && output.settle(this, bytes)) this.sendWindow -= bytes;
    else this.put(output.writer.copyLoan(bytes), false);
    return this.hasRoom();
  }

  flush(): void {
    if (!this.isAlive || this.local >= ending) return;
    this.begin();
    this.host.output.send();
  }

  end(trailers: Fields | null): void {
    if (!this.isAlive || this.local >= ending) return;
    if (this.beginWithEnd(trailers)) return;
    if (this.isAlive) this.endWith(noBytes, trailers);
  }

  /** RFC 9218: from the request, or from a PRIORITY_UPDATE. Holds from its next turn on. */
  prioritize(urgency: number, isIncremental: boolean): void {
    this.urgency = urgency;
    this.isIncremental = isIncremental;
  }

  // What the output asks.

  /** It has bytes that only the connection's room holds back. */
  get wantsRoom(): boolean {
    return this.backlog !== null && this.sendWindow > 0 && this.id !== 0;
  }

  /** Writes up to so many bytes of what waits. False: it wrote nothing. */
  send(most: number): boolean {
    const backlog = this.backlog;
    if (backlog === null || !this.isAlive) return false;
    let left = most;
    while (left > 0) {
      const { chunk, at } = backlog;
      const isLast = backlog.bytes === chunk.length - at;
      const withEnd = isLast && this.local === ending && this.trailers === null;
      const bytes = this.frames(chunk, at, withEnd, left) - at;
      if (bytes === 0) break;
      backlog.advance(bytes);
      left -= bytes;
      if (backlog.bytes > 0) continue;
      this.backlog = null;
      if (this.local === ending) this.writeEnd();
      break;
    }
    if (this.isChoked && backlog.bytes <= lowWater) this.host.turnEnd.defer(this);
    return left < most;
  }

  /** The window grows, or shrinks with the setting. False: beyond what it may be (RFC 9113 section 6.9.1). */
  widen(bytes: number): boolean {
    this.sendWindow += bytes;
    if (this.sendWindow > largestWindow) return false;
    if (this.wantsRoom) this.host.output.await(this);
    return true;
  }

  // What those on top do with it.

  /** Something of our half waits to be sent. */
  protected get hasUnsent(): boolean {
    return this.backlog !== null || this.trailers !== null;
  }

  /** The last of the body, then the trailers. */
  protected endWith(chunk: Uint8Array, trailers: Fields | null): void {
    this.local = ending;
    this.trailers = trailers;
    this.handedOver();
    this.put(chunk, true);
  }

  /** The head has ended the half too. */
  protected endedByHead(): void {
    this.endWritten();
    this.handedOver();
  }

  /** It has an id now, and its head is written: what waits may leave. */
  protected started(): void {
    if (this.backlog === null) {
      if (this.local === ending) this.writeEnd();
    } else if (this.wantsRoom) this.host.output.await(this);
  }

  /** Nothing more is sent. */
  protected endUnsent(): void {
    if (this.backlog !== null) this.host.output.forget(this);
    this.backlog = null;
    this.trailers = null;
    this.local = ended;
  }

  /** A writer that was held back may go on. Once. */
  protected takesMore(): boolean {
    if (!this.isChoked || (this.backlog !== null && this.backlog.bytes > lowWater)) return false;
    this.isChoked = false;
    return this.local === open || this.local === idle;
  }

  /** Bytes that a DATA frame may have now. */
  private roomNow(): number {
    const { output } = this.host;
    return Math.min(this.sendWindow, output.room, output.maxFrame);
  }

  private hasRoom(): boolean {
    if (this.backlog === null || this.backlog.bytes < highWater) return true;
    this.isChoked = true;
    return false;
  }

  /** Writes what there is room for, and keeps the rest. */
  private put(chunk: Uint8Array, last: boolean): void {
    let at = 0;
    if (this.backlog === null && this.id !== 0 && this.host.output.isFree) {
      at = this.frames(chunk, 0, last && this.trailers === null, Infinity);
      if (at === chunk.length) {
        if (last) this.writeEnd();
        return;
      }
    }
    if (chunk.length > at) (this.backlog ??= new Backlog()).push(chunk, at);
    if (this.wantsRoom) this.host.output.await(this);
    else if (last && this.backlog === null && this.id !== 0) this.writeEnd();
  }

  /** DATA frames as far as there is room. Gives where in the chunk they ended. */
  private frames(chunk: Uint8Array, at: number, withEnd: boolean, most: number): number {
    const { output } = this.host;
    const stop = Math.min(chunk.length, at + most);
    while (at < stop) {
      const bytes = Math.min(this.roomNow(), stop - at);
      if (bytes <= 0) break;
      const next = at + bytes;
      const isEnd = withEnd && next === chunk.length;
      output.data(this, chunk, at, next, isEnd);
      this.sendWindow -= bytes;
      at = next;
      if (isEnd) this.endWritten();
    }
    return at;
  }

  /** All of the body is written: what ends the half, if that has not gone with it. */
  private writeEnd(): void {
    if (this.local === ended) return;
    const trailers = this.trailers;
    if (trailers === null) this.host.output.data(this, noBytes, 0, 0, true);
    else {
      const wrong = unsendable(trailers);
      if (wrong !== null) return this.dieLater(unsendableFault("trailers", wrong, "maybe"));
      this.host.headers(this, trailers, noFields, noFields, true);
    }
    this.endWritten();
  }

  private endWritten(): void {
    this.local = ended;
    this.host.output.ends(this);
  }
}
