import { ErrorCode, type Exchange, type Fault } from "@millrace/exchange";
import { ReceiveHalf } from "./receive-half.ts";
import { done, dying, ended, failed, live, told } from "./stream-state.ts";

/**
 * One stream: an exchange, whichever side it is seen from. Frames come in from the connection and reach the sink at once;
 * what the layer above causes reaches it at the end of the turn, never from inside the call.
 */
export abstract class Stream extends ReceiveHalf implements Exchange {
  /** Our half has left, the peer's is open. */
  protected abstract endedFirst(): void;
  /** What holds for a stream whose both halves have ended well. */
  protected abstract readonly isThrough: boolean;
  /** A fault waits until the bytes before it have been taken. */
  protected abstract readonly faultsWait: boolean;

  reset(h2: number): void {
    if (this.isAlive) {
      this.cut(h2);
      this.finish(this.endFlushed && this.isThrough);
    } else if (this.faultDue !== null) {
      this.faultDue = null;
      this.finish(false);
    }
  }

  // What the connection tells.

  flushed(): void {
    this.endFlushed = true;
    if (this.remoteEnded) this.through();
    if (!this.isAlive) return;
    if (this.isThrough) this.finish(true);
    else if (!this.remoteEnded) this.endedFirst();
  }

  /** It dies of something that this side did not ask for. Nothing is sent. */
  die(fault: Fault): void {
    this.remoteEnded = true;
    if (!this.isAlive) return;
    this.endUnsent();
    if (this.faultsWait && fault.by !== "local" && this.held !== null) {
      this.held.fault = fault;
      this.host.lingers(this);
    } else this.tellFault(fault);
  }

  /** It dies with its connection, in its turn: there may be thousands that do. Nothing is sent. */
  perish(fault: Fault): void {
    this.remoteEnded = true;
    if (!this.isAlive) return;
    this.endUnsent();
    this.diesOf(fault);
  }

  /** It dies at the end of the turn, of what this side did in a call. Its peer, if it knows of it, is told now. */
  dieLater(fault: Fault): void {
    if (!this.isAlive) return;
    if (this.id !== 0) this.cut(ErrorCode.INTERNAL_ERROR);
    this.diesOf(fault);
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
    const fault = this.faultDue;
    if (fault !== null) {
      this.faultDue = null;
      // die() passes over what is dying, and may leave it alive until a paused reader has taken the bytes before the fault.
      this.life = live;
      this.die(fault);
    }
    if (this.isAlive) this.tellHeld();
    if (this.isAlive && this.takesMore()) this.sink?.writable();
    const life = this.life;
    if (life !== done && life !== failed) return;
    this.life = told;
    this.sink?.closed(life === done);
  }

  private diesOf(fault: Fault): void {
    this.life = dying;
    this.faultDue = fault;
    this.host.turnEnd.defer(this);
  }

  /** The peer wants no more of our half, and has said all of its own. */
  protected stop(): void {
    this.endUnsent();
    this.isStopped = true;
    if (this.held !== null) this.host.lingers(this);
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
    if (this.life > dying) return;
    this.life = delivered ? done : failed;
    this.endUnheard();
    this.host.lingered(this);
    this.host.turnEnd.defer(this);
  }

  protected through(): void {
    this.host.ended(this);
    if (this.held !== null) this.host.lingers(this);
  }

  protected toldEnd(): void {
    if ((this.endFlushed || this.isStopped) && this.isThrough) this.finish(this.endFlushed);
  }
}
