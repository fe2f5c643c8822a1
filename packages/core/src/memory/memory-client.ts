import type { ClientSink, Fault } from "@millrace/exchange";
import { MemoryEnd, type Terms } from "./memory-end.ts";
import type { Pipe } from "./pipe.ts";
import { memoryPeer } from "./memory-peer.ts";

/** What a client tells the other end, beside what every end does. */
interface Responder extends MemoryEnd {
  /** The request has been sent. */
  begin(): void;
  /** The response has been read to its end. */
  replyRead(): void;
}

/** The client's end of an exchange. */
export class MemoryClient extends MemoryEnd {
  readonly #sink: ClientSink;
  readonly #forget: () => void;
  #server: Responder | undefined;
  /** `waiting` for sent(); then how far the response has been delivered. */
  #phase: "waiting" | "sent" | "head" | "ended" | "left" = "waiting";

  constructor(terms: Terms, out: Pipe, incoming: Pipe, sink: ClientSink, forget: () => void) {
    super(terms, out, incoming);
    this.#sink = sink;
    this.#forget = forget;
  }

  /** Joins the ends. */
  join(server: Responder): void {
    this.#server = server;
  }

  /** Whether a fault now says that nothing was processed. */
  get unsent(): boolean {
    return this.#phase === "waiting";
  }

  get headSeen(): boolean {
    return this.#phase !== "waiting" && this.#phase !== "sent";
  }

  protected sink(): ClientSink {
    return this.#sink;
  }

  protected peerEnd(): Responder {
    if (this.#server === undefined) throw new Error("an end was used before it was joined");
    return this.#server;
  }

  protected headGiven(): boolean {
    return true;
  }

  protected mayWrite(): boolean {
    return this.state === "running" && this.out.state === "open";
  }

  protected maySend(): boolean {
    return this.#phase !== "waiting";
  }

  protected gathers(): boolean {
    return this.terms.caps.request === "whole";
  }

  protected through(): boolean {
    return (this.#phase === "ended" || this.#phase === "left") && this.out.state === "sent";
  }

  protected arrived(): boolean {
    return this.in.state === "sent" && this.out.state === "sent";
  }

  protected forget(): void {
    this.#forget();
  }

  protected ended(): void {
    this.#phase = "ended";
  }

  protected resetByPeer(h2: number): Fault {
    const headArrived = this.headSeen || this.in.peek() !== undefined;
    return this.faultOfReset(h2, headArrived, "maybe");
  }

  protected die(fault: Fault): void {
    // What this side decides itself does not wait behind the bytes.
    if (fault.by === "local" || this.unsent) this.in.discard();
  }

  protected step(): boolean {
    if (this.state === "closed") return false;
    if (this.state === "reset" || this.state === "faulted") return this.stepClosed(false);
    if (this.#phase === "waiting") return this.state === "dying" ? this.stepFault() : this.#stepSent();
    this.sendOut();
    if (this.#mayHear() && this.#stepResponse()) return true;
    if (this.state === "dying") return this.in.peek() === undefined && this.stepFault();
    if (this.#phase === "ended" || this.#phase === "left") return this.#stepAfterEnd();
    return this.stepWritable();
  }

  #stepSent(): boolean {
    if (this.gathers() && this.out.state === "open") return false;
    this.#phase = "sent";
    this.peerEnd().begin();
    this.#sink.sent(memoryPeer, this.terms.caps);
    return true;
  }

  /** A carriage that goes one way at a time holds the response back until the request is through. */
  #mayHear(): boolean {
    return this.terms.caps.request === "full" || this.out.state === "sent" || this.out.state === "dead";
  }

  #stepResponse(): boolean {
    const item = this.in.peek();
    if (item?.kind === "inform") {
      this.in.shift();
      this.#sink.inform(item.status, item.fields);
      return true;
    }
    if (item?.kind === "head") {
      this.in.shift();
      this.#phase = "head";
      this.#sink.head(item.status, { fields: item.fields, memo: undefined });
      return true;
    }
    return this.stepBody();
  }

  #stepAfterEnd(): boolean {
    if (this.out.state === "sent") return this.stepClosed(true);
    if (this.out.state === "open" && this.#phase === "ended") {
      // end() has been heard and did not end the upload: the server need not drain it any longer.
      this.#phase = "left";
      this.peerEnd().replyRead();
    }
    return this.stepWritable();
  }
}
