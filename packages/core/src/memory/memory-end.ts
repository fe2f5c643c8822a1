import type { Caps, Exchange, Fault, Fields, Sink, Span } from "@millrace/exchange";
import { ErrorCode } from "@millrace/exchange";
import type { Pipe } from "./pipe.ts";

/** What both ends of every exchange of a connector share. */
export interface Terms {
  readonly caps: Caps;
  readonly maxConcurrent: number;
  /** Bytes on their way at which write() answers false. */
  readonly window: number;
  /** What data() lends, over and over. */
  readonly scratch: Uint8Array;
  /** Outside every call: a carriage takes nothing of its users' contexts along. */
  readonly root: <T>(run: () => T) => T;
}

/** Where a lent chunk begins in the scratch buffer: not at its start, so that who forgets `start` shows it. */
const scratchStart = 7;
/** Fills the scratch buffer after data(), so that who keeps a borrowed byte shows it. */
const poison = 0xdb;
/** The most bytes that data() is given at once. */
export const largestPiece: number = 16 * 1024;
export const scratchSize: number = scratchStart + largestPiece + 1;
/** Events that one end delivers before others have their turn. */
const turn = 16;
const slabSize = 8 * 1024;
const smallestSpan = 512;

/**
 * One end of an exchange. Calls change its state and queue a run; only runs, which the microtask queue starts, call the
 * sink.
 *
 * `running` → `reset` by this side's own word, or `dying` while a fault waits for its turn → `faulted`; from each of them
 * → `closed`.
 */
export abstract class MemoryEnd implements Exchange {
  protected state: "running" | "reset" | "dying" | "faulted" | "closed" = "running";
  protected pending: Fault | undefined;
  protected paused = false;
  protected readonly terms: Terms;
  protected readonly out: Pipe;
  protected readonly in: Pipe;
  /** write() has answered false and writable() is owed. */
  #choked = false;
  #scheduled = false;
  #slab: Uint8Array | undefined;
  #slabAt = 0;
  #span: Span | undefined;

  constructor(terms: Terms, out: Pipe, incoming: Pipe) {
    this.terms = terms;
    this.out = out;
    this.in = incoming;
  }

  protected abstract sink(): Sink | null;
  protected abstract peerEnd(): MemoryEnd;
  /** Delivers the next event. False if there is none for now. */
  protected abstract step(): boolean;
  /** This side has said what comes before its body. */
  protected abstract headGiven(): boolean;
  /** This side's half may take bytes; sends the head that was held back for them. */
  protected abstract mayWrite(): boolean;
  /** All events but closed() have been delivered. */
  protected abstract through(): boolean;
  /** Both halves have arrived: nothing that happens now can take them back. */
  protected abstract arrived(): boolean;
  /** The exchange is closed: nothing refers to it any more. */
  protected abstract forget(): void;
  /** What this side hears of the other's reset(). */
  protected abstract resetByPeer(h2: number): Fault;
  /** Takes a fault: at once on a server, after what has arrived on a client. */
  protected abstract die(fault: Fault): void;

  pause(): void {
    if (this.state !== "closed") this.paused = true;
  }

  resume(): void {
    this.paused = false;
    this.schedule();
  }

  write(chunk: Uint8Array): boolean {
    if (!this.mayWrite()) return true;
    if (chunk.length > 0) this.out.push({ kind: "data", chunk, at: 0 });
    this.schedule();
    return this.#room();
  }

  reserve(): Span | null {
    if (!this.headGiven() || !this.mayWrite()) return null;
    if (this.#slab === undefined || this.#slab.length - this.#slabAt < smallestSpan) {
      this.#slab = new Uint8Array(slabSize);
      this.#slabAt = 0;
    }
    this.#span = { buf: this.#slab, pos: this.#slabAt, end: this.#slab.length };
    return { ...this.#span };
  }

  commit(pos: number): boolean {
    const span = this.#span;
    this.#span = undefined;
    if (span === undefined || pos === span.pos) return !this.#choked;
    this.#slabAt = pos;
    return this.write(span.buf.subarray(span.pos, pos));
  }

  flush(): void {
    if (this.headGiven() && this.mayWrite()) this.#cross();
  }

  end(trailers: Fields | null): void {
    if (!this.mayWrite()) return;
    const kept = this.terms.caps.trailers && trailers !== null && trailers.length > 0 ? trailers : null;
    this.out.push({ kind: "end", trailers: kept === null ? null : this.carried(kept) });
    this.schedule();
  }

  reset(h2: number): void {
    if ((this.state !== "running" && this.state !== "dying") || this.through()) return;
    const heard = this.state === "running";
    this.state = "reset";
    this.out.die();
    this.in.discard();
    this.schedule();
    const peer = this.peerEnd();
    if (heard) peer.fail(peer.resetByPeer(h2));
  }

  /** Something beside the two ends broke the exchange, or the peer did. */
  fail(fault: Fault): void {
    const waiting = this.state === "running" || this.state === "dying";
    // What this side decides comes before what is still held for it.
    if (fault.by === "local" ? !waiting || this.through() : this.state !== "running" || this.arrived())
      return;
    this.state = "dying";
    this.pending = fault;
    this.out.die();
    this.die(fault);
    this.schedule();
  }

  /** Delivers events soon, never now. */
  schedule(): void {
    if (this.#scheduled || this.state === "closed") return;
    this.#scheduled = true;
    this.terms.root(() => queueMicrotask(() => this.#run()));
  }

  #run(): void {
    this.#scheduled = false;
    for (let i = 0; i < turn; i++) if (!this.step()) return;
    this.schedule();
  }

  /** Fields as the other end sees them. */
  protected carried(fields: Fields): Fields {
    return this.terms.caps.duplicates ? fields : joined(fields);
  }

  protected faultOfReset(h2: number, headSeen: boolean, processed: Fault["processed"]): Fault {
    if (!this.terms.caps.resets)
      return {
        by: "transport",
        kind: headSeen ? "truncated" : "lost",
        h2: -1,
        processed: "maybe",
        text: "the connection was lost",
      };
    return {
      by: "peer",
      kind: "reset",
      h2,
      processed: h2 === ErrorCode.REFUSED_STREAM ? "never" : processed,
      text: `the peer reset the exchange with code ${h2}`,
    };
  }

  /** Sends what the window allows. */
  protected sendOut(): void {
    this.#cross();
  }

  /** Delivers the fault. */
  protected stepFault(): boolean {
    const fault = this.pending;
    if (fault === undefined) return false;
    this.state = "faulted";
    this.sink()?.fault(fault);
    return true;
  }

  /** Tells a writer that waits, if there is room. */
  protected stepWritable(): boolean {
    if (!this.#choked) return false;
    if (this.out.state === "open" && this.out.level > this.terms.window / 2) return false;
    this.#choked = false;
    if (this.out.state !== "open") return false;
    this.sink()?.writable();
    return true;
  }

  /** Delivers bytes or the end. */
  protected stepBody(): boolean {
    const item = this.in.peek();
    if (item === undefined || this.paused) return false;
    if (item.kind === "data") {
      const { chunk, at } = item;
      const length = Math.min(chunk.length - at, largestPiece);
      item.at += length;
      if (item.at === chunk.length) this.in.shift();
      const { scratch } = this.terms;
      scratch.set(chunk.subarray(at, at + length), scratchStart);
      this.sink()?.data(scratch, scratchStart, scratchStart + length);
      scratch.fill(poison, 0, scratchStart + length + 1);
      this.credit(length);
      return true;
    }
    if (item.kind !== "end") return false;
    this.in.shift();
    this.ended();
    this.sink()?.end(item.trailers);
    return true;
  }

  /** The peer's end is about to be delivered. */
  protected abstract ended(): void;

  protected credit(length: number): void {
    this.in.credit(length);
    this.peerEnd().schedule();
  }

  protected stepClosed(delivered: boolean): boolean {
    this.state = "closed";
    this.out.die();
    this.in.discard();
    this.forget();
    this.sink()?.closed(delivered);
    return true;
  }

  #room(): boolean {
    // A request that goes as a whole has nobody to wait for.
    if (this.out.level < this.terms.window || this.gathers()) return true;
    this.#choked = true;
    return false;
  }

  /** What is written stays here until the end. */
  protected abstract gathers(): boolean;

  #cross(): void {
    if (this.maySend() && this.out.cross()) this.peerEnd().schedule();
  }

  /** The head is out, so that the body may follow. */
  protected abstract maySend(): boolean;
}

/** Joins repeated fields by a comma, at the place of the first. */
function joined(fields: Fields): Fields {
  const byName = new Map<string, string>();
  for (let i = 0; i + 1 < fields.length; i += 2) {
    const [name = "", value = ""] = [fields[i], fields[i + 1]];
    const before = byName.get(name);
    byName.set(name, before === undefined ? value : `${before}, ${value}`);
  }
  return [...byName].flat();
}
