import { ErrorCode, type Exchange, type Fault } from "@millrace/exchange";
import { ReceiveHalf, type ReceiveHost } from "./receive-half.ts";
import { ended } from "./send-half.ts";

/** What a stream asks of its connection. */
export interface StreamHost extends ReceiveHost {
  /** Sends RST_STREAM, and ignores what still comes for it. */
  rst(stream: Stream, code: number): void;
  /** Both halves have ended on the wire. */
  ended(stream: Stream): void;
  /** It is through on the wire, and its reader is paused before the rest. */
  lingers(stream: Stream): void;
  /** It was, and is over now. */
  lingered(stream: Stream): void;
}

/** An exchange's life: when it is `done`, or has `failed`, closed() is due. */
const live = 0;
const done = 1;
const failed = 2;
const told = 3;

/**
 * One stream: an exchange, whichever side it is seen from. Frames come in from the connection and reach the sink at once;
 * what the layer above causes reaches it at the end of the turn, never from inside the call.
 */
export abstract class Stream extends ReceiveHalf implements Exchange {
  declare protected readonly host: StreamHost;
  /** It was turned away at once: that it ended well says nothing for its peer. */
  isTurnedAway = false;
  #life: number = live;
  /** What it dies of at the end of the turn. */
  #faultDue: Fault | null = null;
  /** The peer wants no more of our half. */
  #stopped = false;
  #lingers = false;

  /** Our half has left, the peer's is open. */
  protected abstract endedFirst(): void;
  /** What holds for a stream whose both halves have ended well. */
  protected abstract readonly isThrough: boolean;
  /** A fault waits until the bytes before it have been taken. */
  protected abstract readonly faultsWait: boolean;

  reset(h2: number): void {
    if (this.#life !== live) return;
    this.cut(h2);
    this.finish(this.endFlushed && this.isThrough);
  }

  // What the connection tells.

  flushed(): void {
    this.endFlushed = true;
    if (this.remoteEnded) this.through();
    if (this.#life !== live) return;
    if (this.isThrough) this.finish(true);
    else if (!this.remoteEnded) this.endedFirst();
  }

  /** It dies of something that this side did not ask for. Nothing is sent. */
  die(fault: Fault): void {
    this.remoteEnded = true;
    if (this.#life !== live) return;
    this.endUnsent();
    if (this.faultsWait && fault.by !== "local" && this.holdFault(fault)) this.#linger();
    else this.tellFault(fault);
  }

  /** It dies at the end of the turn, of what this side did in a call. Its peer, if it knows of it, is told now. */
  dieLater(fault: Fault): void {
    if (this.#life !== live || this.#faultDue !== null) return;
    if (this.id !== 0) this.cut(ErrorCode.INTERNAL_ERROR);
    this.#faultDue = fault;
    this.host.turnEnd.defer(this);
  }

  /** The peer has broken the rules on it. */
  violated(code: number, text: string): void {
    const isOver = this.local === ended && this.remoteEnded;
    this.cut(code);
    // Its end is written, and has not left: the peer broke the rules before it can have known.
    if (isOver) this.host.rst(this, code);
    this.die({ by: "local", kind: "protocol", h2: code, processed: "maybe", text });
  }

  /** The end of the turn. */
  deliver(): void {
    this.isDeferred = false;
    if (this.#faultDue !== null) this.die(this.#faultDue);
    if (this.#life === live) this.tellHeld();
    if (this.#life === live && this.takesMore()) this.sink?.writable();
    const life = this.#life;
    if (life === live || life === told) return;
    this.#life = told;
    this.sink?.closed(life === done);
  }

  protected get isAlive(): boolean {
    return this.#life === live;
  }

  /** The peer wants no more of our half, and has said all of its own. */
  protected stop(): void {
    this.endUnsent();
    this.#stopped = true;
    if (this.hasHeld) this.#linger();
    if (this.endTold) this.finish(this.endFlushed);
  }

  /** Ends it on the wire. */
  protected cut(code: number): void {
    const wasEnded = this.local === ended && this.remoteEnded;
    this.endUnsent();
    if (!wasEnded && this.id !== 0) this.host.rst(this, code);
    this.remoteEnded = true;
  }

  /** closed() follows. */
  protected finish(delivered: boolean): void {
    if (this.#life !== live) return;
    this.#life = delivered ? done : failed;
    this.endUnheard();
    if (this.#lingers) this.host.lingered(this);
    this.host.turnEnd.defer(this);
  }

  protected through(): void {
    this.host.ended(this);
    if (this.hasHeld) this.#linger();
  }

  protected toldEnd(): void {
    if ((this.endFlushed || this.#stopped) && this.isThrough) this.finish(this.endFlushed);
  }

  #linger(): void {
    this.#lingers = true;
    this.host.lingers(this);
  }
}
