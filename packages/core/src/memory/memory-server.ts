import type {
  Accept,
  Caps,
  Fault,
  Fields,
  Peer,
  RequestHead,
  ServerExchange,
  Sink,
} from "@millrace/exchange";
import { ErrorCode } from "@millrace/exchange";
import type { MemoryClient } from "./memory-client.ts";
import { memoryPeer } from "./memory-peer.ts";
import { MemoryEnd, type Terms } from "./memory-end.ts";
import type { Item, Pipe } from "./pipe.ts";

/** How long, and how far, a server that has replied goes on reading what it does not need. */
export interface Drain {
  readonly bytes: number;
  /** Runs something when the drain's time is over. Gives the function that cancels it. */
  readonly timer: (run: () => void) => () => void;
}

/** The server's end of an exchange. */
export class MemoryServer extends MemoryEnd implements ServerExchange {
  readonly head: RequestHead;
  readonly peer: Peer = memoryPeer;
  readonly #client: MemoryClient;
  readonly #accept: Accept;
  readonly #drain: Drain;
  #sink: Sink | null = null;
  /** `unknown` before the request has come; `held` once respond() has been called; `given` once it is on its way. */
  #phase: "unknown" | "due" | "fresh" | "held" | "given" = "unknown";
  #heldHead: Item | undefined;
  /** The request's end has been delivered or drained. */
  #requestOver = false;
  #drained = 0;
  /** The drain's bounds are reached. */
  #drainedEnough = false;
  #cancelTimer: (() => void) | undefined;

  constructor(
    terms: Terms,
    out: Pipe,
    incoming: Pipe,
    head: RequestHead,
    accept: Accept,
    drain: Drain,
    client: MemoryClient,
  ) {
    super(terms, out, incoming);
    // A head's memo is its own side's.
    this.head = { ...head, fields: this.carried(head.fields), memo: undefined };
    this.#accept = accept;
    this.#drain = drain;
    this.#client = client;
  }

  get caps(): Caps {
    return this.terms.caps;
  }

  get maxConcurrent(): number {
    return this.terms.maxConcurrent;
  }

  /** The server has not seen the request. */
  get untouched(): boolean {
    return this.#phase === "unknown" || this.#phase === "due";
  }

  inform(status: number, fields: Fields): void {
    if (this.state !== "running" || this.#phase !== "fresh") return;
    this.out.push({ kind: "inform", status, fields: this.carried(fields) });
    this.schedule();
  }

  respond(status: number, fields: Fields): void {
    if (this.state !== "running" || this.#phase !== "fresh") return;
    this.#phase = "held";
    this.#heldHead = { kind: "head", status, fields: this.carried(fields) };
  }

  reply(status: number, fields: Fields, body: Uint8Array | null, trailers: Fields | null): void {
    if (this.state !== "running" || this.#phase !== "fresh") return;
    this.respond(status, fields);
    if (body !== null) this.write(body);
    this.end(trailers);
  }

  override reset(h2: number): void {
    if (!this.untouched) super.reset(h2);
  }

  override fail(fault: Fault): void {
    if (fault.by === "local" || this.state !== "running" || this.out.state !== "sent") super.fail(fault);
    else {
      // The reply has arrived: what becomes of the rest of the request takes nothing of it back.
      this.#requestOver = true;
      this.in.discard();
      this.schedule();
    }
  }

  /** The request is on its way here. */
  begin(): void {
    if (this.#phase !== "unknown") return;
    this.#phase = "due";
    this.schedule();
  }

  /** The client has the whole reply and still uploads. */
  replyRead(): void {
    this.#drainedEnough = true;
    this.schedule();
  }

  protected sink(): Sink | null {
    return this.#sink;
  }

  protected peerEnd(): MemoryClient {
    return this.#client;
  }

  protected headGiven(): boolean {
    return this.#phase === "held" || this.#phase === "given";
  }

  protected mayWrite(): boolean {
    if (this.state !== "running" || this.out.state !== "open") return false;
    if (this.#phase === "held" && this.#heldHead !== undefined) {
      this.#phase = "given";
      this.out.push(this.#heldHead);
      this.#heldHead = undefined;
    }
    // A body without a head is a mistake that no peer should be shown.
    if (this.#phase !== "given") super.reset(ErrorCode.INTERNAL_ERROR);
    return this.#phase === "given";
  }

  protected maySend(): boolean {
    return true;
  }

  protected gathers(): boolean {
    return false;
  }

  protected through(): boolean {
    return this.out.state === "sent" && this.#requestOver;
  }

  protected arrived(): boolean {
    return this.through();
  }

  protected forget(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
  }

  protected ended(): void {
    this.#requestOver = true;
  }

  protected resetByPeer(h2: number): Fault {
    return this.faultOfReset(h2, false, "maybe");
  }

  protected die(_fault: Fault): void {
    this.in.discard();
    // A request that died before it was seen is never seen.
    if (this.untouched) this.state = "closed";
  }

  protected step(): boolean {
    if (this.state === "closed" || this.#phase === "unknown") return false;
    if (this.#phase === "due") return this.#stepAccept();
    if (this.state === "reset" || this.state === "faulted") return this.stepClosed(false);
    if (this.state === "dying") return this.stepFault();
    this.sendOut();
    if (this.out.state === "open") return this.stepBody() || this.stepWritable();
    this.#drainRequest();
    return this.through() && this.stepClosed(true);
  }

  #stepAccept(): boolean {
    this.#phase = "fresh";
    this.#sink = this.#accept(this);
    if (this.#sink === null) this.reply(404, [], null, null);
    return true;
  }

  /** Reads on after this side's end, so that a client that writes can come to its own; within bounds. */
  #drainRequest(): void {
    while (!this.#requestOver && !this.#drainedEnough) {
      const item = this.in.peek();
      if (item === undefined) break;
      this.in.shift();
      if (item.kind === "end") this.#requestOver = true;
      else if (item.kind === "data") {
        const length = item.chunk.length - item.at;
        this.#drained += length;
        this.#drainedEnough = this.#drained > this.#drain.bytes;
        this.credit(length);
      }
    }
    if (this.#requestOver || this.out.state !== "sent") return;
    if (!this.#drainedEnough) {
      this.#cancelTimer ??= this.#drain.timer(() => this.replyRead());
      return;
    }
    this.#requestOver = true;
    this.#client.fail({
      by: "peer",
      kind: "reset",
      h2: ErrorCode.NO_ERROR,
      processed: "maybe",
      text: "the server has replied and does not need the rest of the request",
    });
  }
}
