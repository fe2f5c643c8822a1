import { type ClientSink, ErrorCode, type Exchange, type Fault, type Fields } from "@millrace/exchange";
import type { Linked, Stoppable } from "@millrace/core/host";
import { OrderedSink } from "./ordered-sink.ts";

/** A client's exchange, as far as it is the same whatever carries it: how it is held back, and how it ends. */
export abstract class ClientExchange implements Exchange, Stoppable {
  previous: Linked | null = null;
  next: Linked | null = null;
  protected readonly sink: OrderedSink;
  /** `waiting`: nothing of it has been sent. */
  protected state: "waiting" | "running" | "closed" = "waiting";

  /** `ended` runs after closed(). */
  constructor(sink: ClientSink, ended: () => void) {
    this.sink = new OrderedSink(sink, ended);
  }

  abstract write(chunk: Uint8Array): boolean;
  abstract end(trailers: Fields | null): void;
  /** Gives up what carries it, with an RFC 9113 error code, and makes the state `closed`. Comes once. */
  protected abstract abort(h2: number): void;
  /** The sink has room again: reads on, if there is what to read from. */
  protected abstract readOn(): void;

  pause(): void {
    this.sink.pause();
  }

  resume(): void {
    if (!this.sink.paused) return;
    this.sink.resume();
    this.readOn();
  }

  reserve(): null {
    return null;
  }

  commit(): boolean {
    return true;
  }

  flush(): void {}

  reset(h2: number): void {
    if (this.state !== "closed") this.abort(h2);
    this.sink.discard();
  }

  /** Ends the exchange with a fault: it could not be started, or the connector is closed. */
  fail(fault: Fault): void {
    const waited = this.state === "waiting";
    if (this.state !== "closed") this.abort(ErrorCode.CANCEL);
    this.sink.abandon(waited ? { ...fault, processed: "never" } : fault);
  }
}
