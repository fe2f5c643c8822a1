import { ErrorCode, type Exchange, type Fault, type Fields, type Sink, type Span } from "@millrace/exchange";
import { Backlog } from "./backlog.ts";
import { Held } from "./held.ts";
import { unsendable, unsendableFault } from "./message/unsendable.ts";
import { noBytes } from "./no-bytes.ts";
import type { Output } from "./output.ts";
import { creditShare } from "./connection-window.ts";
import { notReady } from "./ready-queue.ts";
import { largestWindow } from "./settings.ts";

/** What a stream asks of its connection. */
export interface StreamHost {
  readonly output: Output;
  /** The window that a stream is given at first. */
  readonly streamWindow: number;
  /** What the peer may send beyond it, for it may not have heard of it yet. */
  readonly streamWindowExtra: number;
  /** credit() at the end of the turn. */
  owes(stream: Stream): void;
  /** A stream's window is credited: a good time to look whether it is large enough. Gives what it may be. */
  windowWanted(current: number): number;
  /** A stream that had a larger window than at first is over. */
  windowReturned(bytes: number): void;
  /** deliver() at the end of the turn. */
  defer(stream: Stream): void;
  /** Writes a header block of these lists, one behind the other. */
  headers(stream: Stream, pseudo: Fields, fields: Fields, more: Fields, endStream: boolean): void;
  /** Sends RST_STREAM, and ignores what still comes for it. */
  rst(stream: Stream, code: number): void;
  /** Both halves have ended on the wire. */
  ended(stream: Stream): void;
  /** It is through on the wire, and its reader is paused before the rest. */
  lingers(stream: Stream): void;
  /** It was, and is over now. */
  lingered(stream: Stream): void;
}

/** Bytes of one stream that wait to be sent, from which on a writer is held back, and below which it goes on. */
const highWater = 64 * 1024;
const lowWater = 16 * 1024;
/** Less room than this is not lent: few messages would fit in. */
const leastLoan = 256;
export const noFields: Fields = [];

/** Our half (RFC 9113 section 5.1): nothing sent; headers sent; all handed over, some of it waits; END_STREAM written. */
export const idle = 0;
export const open = 1;
export const ending = 2;
export const ended = 3;

/** An exchange's life: `over` means that closed() is due. */
const live = 0;
const over = 1;
const told = 2;

/**
 * One stream: an exchange, whichever side it is seen from. Frames come in from the connection and reach the sink at once;
 * what the layer above causes reaches it at the end of the turn, never from inside the call.
 */
export abstract class Stream implements Exchange {
  id = 0;
  /** What the peer lets us send; negative after it has lowered SETTINGS_INITIAL_WINDOW_SIZE (RFC 9113 section 6.9.2). */
  sendWindow: number;
  /** Its place among those that wait for room. */
  readyUrgency: number = notReady;
  previousReady: Stream | null = null;
  nextReady: Stream | null = null;
  /** RFC 9218 section 4. Without a word of the client's, streams take turns: no call of many waits for another's end. */
  urgency = 3;
  isIncremental = true;
  /** deliver() is due. */
  isDeferred = false;
  /** It was turned away at once: that it ended well says nothing for its peer. */
  isTurnedAway = false;
  protected readonly host: StreamHost;
  protected sink: Sink | null = null;
  protected local: number = idle;
  /** END_STREAM has come, or RST_STREAM. */
  protected remoteEnded = false;
  /** What content-length promises, less what came; -1 if nothing is promised. */
  protected expected = -1;
  #life: number = live;
  #delivered = false;
  #backlog: Backlog | null = null;
  #trailers: Fields | null = null;
  /** What it dies of at the end of the turn. */
  #faultDue: Fault | null = null;
  #choked = false;
  #endFlushed = false;
  /** The peer wants no more of our half. */
  #stopped = false;
  #paused = false;
  #held: Held | null = null;
  #lingers = false;
  #endTold = false;
  readonly #firstWindow: number;
  /** What credit fills up to: it grows where the link holds more. */
  #window: number;
  /** What the peer may still send. */
  #receiveWindow: number;
  #uncredited = 0;
  #isOwed = false;

  constructor(host: StreamHost, sendWindow: number) {
    this.host = host;
    this.sendWindow = sendWindow;
    this.#firstWindow = this.#window = host.streamWindow;
    this.#receiveWindow = host.streamWindow + host.streamWindowExtra;
  }

  /** Sends the head, if one waits to be sent. False: no body may be written. */
  protected abstract begin(): boolean;
  /** The same, with what ends the half: true if the head did that already. */
  protected abstract beginWithEnd(trailers: Fields | null): boolean;
  /** A body that comes is for the sink. */
  protected abstract readonly wantsBody: boolean;
  /** A body that comes is for nobody. False: enough of it. */
  protected abstract discarded(bytes: number): void;
  /** Our half has left, the peer's is open. */
  protected abstract endedFirst(): void;
  /** What holds for a stream whose both halves have ended well. */
  protected abstract readonly isThrough: boolean;
  /** A fault waits until the bytes before it have been taken. */
  protected abstract readonly faultsWait: boolean;

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    if (this.#held !== null) this.host.defer(this);
  }

  write(chunk: Uint8Array): boolean {
    if (this.#life !== live || this.local >= ending || !this.begin()) return true;
    this.#put(chunk, false);
    return this.#hasRoom();
  }

  reserve(): Span | null {
    // Behind the head, and where nothing waits.
    if (this.#life !== live || this.local !== open || this.id === 0 || this.#backlog !== null) return null;
    const room = this.#roomNow();
    return room < leastLoan ? null : this.host.output.writer.lend(room);
  }

  commit(pos: number): boolean {
    const { output } = this.host;
    const isOver = this.#life !== live || this.local !== open;
    const bytes = isOver ? 0 : output.writer.lentBytes(pos);
    if (bytes <= this.#roomNow() && output.settle(this, bytes)) this.sendWindow -= bytes;
    else this.#put(output.writer.copyLoan(bytes), false);
    return this.#hasRoom();
  }

  flush(): void {
    if (this.#life !== live || this.local >= ending) return;
    this.begin();
    this.host.output.send();
  }

  end(trailers: Fields | null): void {
    if (this.#life !== live || this.local >= ending) return;
    if (this.beginWithEnd(trailers)) return;
    if (this.isAlive) this.endWith(noBytes, trailers);
  }

  reset(h2: number): void {
    if (this.#life !== live) return;
    this.cut(h2);
    this.finish(this.#endFlushed && this.isThrough);
  }

  protected get isAlive(): boolean {
    return this.#life === live;
  }

  protected get endFlushed(): boolean {
    return this.#endFlushed;
  }

  protected get endTold(): boolean {
    return this.#endTold;
  }

  /** Something of our half waits to be sent. */
  protected get hasUnsent(): boolean {
    return this.#backlog !== null || this.#trailers !== null;
  }

  protected get isPaused(): boolean {
    return this.#paused;
  }

  /** The last of the body, then the trailers. */
  protected endWith(chunk: Uint8Array, trailers: Fields | null): void {
    this.local = ending;
    this.#trailers = trailers;
    if (!this.wantsBody) this.#dropHeld();
    this.#put(chunk, true);
  }

  /** The head has ended the half too. */
  protected endedByHead(): void {
    this.#ended();
    if (!this.wantsBody) this.#dropHeld();
  }

  /** The peer wants no more of our half, and has said all of its own. */
  protected stop(): void {
    this.#dropBacklog();
    this.local = ended;
    this.#stopped = true;
    if (this.#held !== null) this.#linger();
    if (this.#endTold) this.finish(this.#endFlushed);
  }

  /** It has an id now, and its head is written: what waits may leave. */
  protected started(): void {
    if (this.#backlog !== null || this.local === ending) this.#continue();
  }

  /** Bytes that a DATA frame may have now. */
  #roomNow(): number {
    const { output } = this.host;
    return Math.min(this.sendWindow, output.room, output.maxFrame);
  }

  #hasRoom(): boolean {
    if (this.#backlog === null || this.#backlog.bytes < highWater) return true;
    this.#choked = true;
    return false;
  }

  /** Writes what there is room for, and keeps the rest. */
  #put(chunk: Uint8Array, last: boolean): void {
    let at = 0;
    if (this.#backlog === null && this.id !== 0 && this.host.output.isFree) {
      at = this.#frames(chunk, 0, last && this.#trailers === null, Infinity);
      if (at === chunk.length) {
        if (last) this.#end();
        return;
      }
    }
    if (chunk.length > at) (this.#backlog ??= new Backlog()).push(chunk, at);
    if (this.wantsRoom) this.host.output.await(this);
    else if (last && this.#backlog === null && this.id !== 0) this.#end();
  }

  /** DATA frames as far as there is room. Gives where in the chunk they ended. */
  #frames(chunk: Uint8Array, at: number, withEnd: boolean, most: number): number {
    const { output } = this.host;
    const stop = Math.min(chunk.length, at + most);
    while (at < stop) {
      const bytes = Math.min(this.#roomNow(), stop - at);
      if (bytes <= 0) break;
      const next = at + bytes;
      const isEnd = withEnd && next === chunk.length;
      output.data(this, chunk, at, next, isEnd);
      this.sendWindow -= bytes;
      at = next;
      if (isEnd) this.#ended();
    }
    return at;
  }

  /** All of the body is written: what ends the half, if that has not gone with it. */
  #end(): void {
    if (this.local === ended) return;
    const trailers = this.#trailers;
    if (trailers === null) this.host.output.data(this, noBytes, 0, 0, true);
    else {
      const wrong = unsendable(trailers);
      if (wrong !== null) return this.dieLater(unsendableFault("trailers", wrong, "maybe"));
      this.host.headers(this, trailers, noFields, noFields, true);
    }
    this.#ended();
  }

  #ended(): void {
    this.local = ended;
    this.host.output.ends(this);
  }

  #through(): void {
    this.host.ended(this);
    if (this.#held !== null) this.#linger();
  }

  #linger(): void {
    this.#lingers = true;
    this.host.lingers(this);
  }

  #continue(): void {
    if (this.#backlog === null) this.#end();
    else if (this.wantsRoom) this.host.output.await(this);
  }

  /** RFC 9218: from the request, or from a PRIORITY_UPDATE. Holds from its next turn on. */
  prioritize(urgency: number, isIncremental: boolean): void {
    this.urgency = urgency;
    this.isIncremental = isIncremental;
  }

  // What the output asks.

  /** It has bytes that only the connection's room holds back. */
  get wantsRoom(): boolean {
    return this.#backlog !== null && this.sendWindow > 0 && this.id !== 0;
  }

  /** Writes up to so many bytes of what waits. False: it wrote nothing. */
  send(most: number): boolean {
    const backlog = this.#backlog;
    if (backlog === null || this.#life !== live) return false;
    let left = most;
    while (left > 0) {
      const { chunk, at } = backlog;
      const isLast = backlog.bytes === chunk.length - at;
      const withEnd = isLast && this.local === ending && this.#trailers === null;
      const bytes = this.#frames(chunk, at, withEnd, left) - at;
      if (bytes === 0) break;
      backlog.advance(bytes);
      left -= bytes;
      if (backlog.bytes > 0) continue;
      this.#backlog = null;
      if (this.local === ending) this.#end();
      break;
    }
    if (this.#choked && backlog.bytes <= lowWater) this.host.defer(this);
    return left < most;
  }

  /** What ended our half has left. */
  flushed(): void {
    this.#endFlushed = true;
    if (this.remoteEnded) this.#through();
    if (this.#life !== live) return;
    if (this.isThrough) this.finish(true);
    else if (!this.remoteEnded) this.endedFirst();
  }

  // What the connection tells.

  /** The window grows, or shrinks with the setting. False: beyond what it may be (RFC 9113 section 6.9.1). */
  widen(bytes: number): boolean {
    this.sendWindow += bytes;
    if (this.sendWindow > largestWindow) return false;
    if (this.wantsRoom) this.host.output.await(this);
    return true;
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

  get isRemoteEnded(): boolean {
    return this.remoteEnded;
  }

  data(chunk: Uint8Array, start: number, end: number): void {
    if (this.#life !== live) return;
    if (!this.wantsBody) {
      this.#credit(end - start);
      this.discarded(end - start);
    } else if (this.#paused || this.#held !== null) {
      (this.#held ??= new Held()).push(chunk, start, end);
    } else {
      this.sink?.data(chunk, start, end);
      if (this.#life === live) this.#credit(end - start);
    }
  }

  /** END_STREAM has come. */
  endReceived(trailers: Fields | null): void {
    this.remoteEnded = true;
    const isHeld = this.#life === live && this.wantsBody && (this.#paused || this.#held !== null);
    if (isHeld) {
      const held = (this.#held ??= new Held());
      held.ended = true;
      held.trailers = trailers;
    }
    if (this.#endFlushed) this.#through();
    if (!isHeld && this.#life === live) this.#tellEnd(trailers);
  }

  /** It dies of something that this side did not ask for. Nothing is sent. */
  die(fault: Fault): void {
    this.remoteEnded = true;
    if (this.#life !== live) return;
    this.#dropBacklog();
    this.local = ended;
    if (this.faultsWait && fault.by !== "local" && this.#held !== null) {
      this.#held.fault = fault;
      this.#linger();
    } else this.#tellFault(fault);
  }

  /** It dies at the end of the turn, of what this side did in a call. Its peer, if it knows of it, is told now. */
  dieLater(fault: Fault): void {
    if (this.#life !== live || this.#faultDue !== null) return;
    if (this.id !== 0) this.cut(ErrorCode.INTERNAL_ERROR);
    this.#faultDue = fault;
    this.host.defer(this);
  }

  /** The peer has broken the rules on it. */
  violated(code: number, text: string): void {
    const isOver = this.local === ended && this.remoteEnded;
    this.cut(code);
    // Its end is written, and has not left: the peer broke the rules before it can have known.
    if (isOver) this.host.rst(this, code);
    this.die({ by: "local", kind: "protocol", h2: code, processed: "maybe", text });
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

  /** The end of the turn. */
  deliver(): void {
    this.isDeferred = false;
    if (this.#faultDue !== null) this.die(this.#faultDue);
    if (this.#life === live && this.#held !== null) this.#tellHeld(this.#held);
    if (this.#choked && this.#life === live && (this.#backlog === null || this.#backlog.bytes <= lowWater)) {
      this.#choked = false;
      if (this.local === open || this.local === idle) this.sink?.writable();
    }
    if (this.#life === over) {
      this.#life = told;
      this.sink?.closed(this.#delivered);
    }
  }

  /** Ends it on the wire. */
  protected cut(code: number): void {
    this.#dropBacklog();
    const wasEnded = this.local === ended && this.remoteEnded;
    this.local = ended;
    if (!wasEnded && this.id !== 0) this.host.rst(this, code);
    this.remoteEnded = true;
  }

  /** closed() follows. */
  protected finish(delivered: boolean): void {
    if (this.#life !== live) return;
    this.#life = over;
    this.#delivered = delivered;
    this.#held = null;
    if (this.#lingers) this.host.lingered(this);
    if (this.#window > this.#firstWindow) this.host.windowReturned(this.#window - this.#firstWindow);
    this.host.defer(this);
  }

  /** What was held is for nobody any more. */
  #dropHeld(): void {
    const held = this.#held;
    if (held === null) return;
    this.#held = null;
    this.#credit(held.bytes);
    if (held.ended) this.#endTold = true;
  }

  #dropBacklog(): void {
    if (this.#backlog !== null) this.host.output.forget(this);
    this.#backlog = null;
    this.#trailers = null;
  }

  #tellHeld(held: Held): void {
    while (!this.#paused && this.#held === held) {
      const chunk = held.take();
      if (chunk === null) break;
      this.sink?.data(chunk, 0, chunk.length);
      if (this.#life === live) this.#credit(chunk.length);
    }
    if (this.#paused || this.#held !== held || this.#life !== live) return;
    this.#held = null;
    if (held.ended) this.#tellEnd(held.trailers);
    if (held.fault === null || this.#life !== live) return;
    if (this.#paused) {
      this.#held = new Held();
      this.#held.fault = held.fault;
    } else this.#tellFault(held.fault);
  }

  #tellEnd(trailers: Fields | null): void {
    this.#endTold = true;
    if (this.wantsBody) this.sink?.end(trailers);
    if (this.#life === live && (this.#endFlushed || this.#stopped) && this.isThrough)
      this.finish(this.#endFlushed);
  }

  #tellFault(fault: Fault): void {
    this.#held = null;
    this.sink?.fault(fault);
    this.finish(false);
  }

  #credit(length: number): void {
    this.#uncredited += length;
    if (this.#isOwed || this.remoteEnded || this.#uncredited < this.#window * creditShare) return;
    this.#isOwed = true;
    this.host.owes(this);
  }
}
