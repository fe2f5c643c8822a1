import type { ClientSink, Connector, Exchange, Fault, Fields, Hints, RequestHead } from "@millrace/exchange";
import { Inbound } from "./inbound.ts";

/** What an exchange is opened with. */
export interface Opening {
  readonly head: RequestHead;
  readonly body: Uint8Array | null | undefined;
  readonly hints: Hints;
}

/** Decides over what a held exchange cannot decide itself. */
export interface HeldOwner {
  /** The connection could not be made, and nothing was sent. True: it is held again, to be attached or failed later. */
  again(exchange: HeldExchange, fault: Fault): boolean;
  /** It is on the wire, and cannot be held again. */
  sent(exchange: HeldExchange): void;
  /** It is held no more: reset, or closed. */
  released(exchange: HeldExchange): void;
}

/**
 * An exchange that is there before what will carry it. It keeps what is written until the request is on the wire, so that
 * it can be opened a second time if the first connection could not be made.
 */
export class HeldExchange implements Exchange {
  readonly #owner: HeldOwner;
  readonly #opening: Opening;
  readonly #sink: ClientSink;
  /** For what this exchange itself says; unused once it is `sent`. */
  readonly #inbound: Inbound;
  /** `sent`: the inner exchange and the sink talk to each other, and this one only passes on. */
  #state: "held" | "attached" | "sent" | "closed" = "held";
  #inner: Exchange | undefined;
  #chunks: Uint8Array[] = [];
  #local: "open" | "ended" = "open";
  #trailers: Fields | null = null;
  #paused = false;
  #choked = false;

  constructor(owner: HeldOwner, opening: Opening, sink: ClientSink) {
    this.#owner = owner;
    this.#opening = opening;
    this.#sink = sink;
    this.#inbound = new Inbound(sink, () => owner.released(this));
    if (opening.body !== undefined) this.#local = "ended";
  }

  /** Opens it over `connector`. Not from inside one of its own calls. */
  attach(connector: Connector): void {
    if (this.#state !== "held") return;
    const { head, body, hints } = this.#opening;
    this.#state = "attached";
    const inner = connector.open(head, body, hints, this.#events);
    this.#inner = inner;
    if (this.#paused) inner.pause();
    let room = true;
    for (const chunk of this.#chunks) room = inner.write(chunk);
    if (body === undefined && this.#local === "ended") inner.end(this.#trailers);
    else if (this.#choked && room) process.nextTick(() => this.#writable());
  }

  /** Ends it with a fault while nothing carries it. */
  fail(fault: Fault): void {
    if (this.#state !== "held") return;
    this.#state = "closed";
    this.#inbound.abandon(fault);
  }

  pause(): void {
    this.#paused = true;
    this.#inner?.pause();
  }

  resume(): void {
    this.#paused = false;
    this.#inner?.resume();
  }

  write(chunk: Uint8Array): boolean {
    if (this.#state === "closed" || this.#local === "ended") return true;
    if (this.#state !== "sent") this.#chunks.push(chunk);
    const room = this.#inner?.write(chunk) ?? false;
    if (!room) this.#choked = true;
    return room;
  }

  reserve(): null {
    return null;
  }

  commit(): boolean {
    return true;
  }

  flush(): void {
    this.#inner?.flush();
  }

  end(trailers: Fields | null): void {
    if (this.#state === "closed" || this.#local === "ended") return;
    this.#local = "ended";
    this.#trailers = trailers;
    this.#inner?.end(trailers);
  }

  reset(h2: number): void {
    if (this.#state === "closed") return;
    if (this.#inner !== undefined) {
      this.#inner.reset(h2);
      return;
    }
    this.#state = "closed";
    this.#owner.released(this);
    this.#inbound.discard();
  }

  /** What the inner exchange reports to. */
  readonly #events: ClientSink = {
    sent: (peer, caps) => {
      this.#state = "sent";
      this.#chunks = [];
      this.#owner.sent(this);
      this.#sink.sent(peer, caps);
    },
    inform: (status, fields) => this.#sink.inform(status, fields),
    head: (status, head) => this.#sink.head(status, head),
    data: (chunk, start, end) => this.#sink.data(chunk, start, end),
    end: (trailers) => this.#sink.end(trailers),
    writable: () => this.#writable(),
    fault: (fault) => this.#faulted(fault),
    closed: (delivered) => this.#closed(delivered),
  };

  #writable(): void {
    if (!this.#choked || this.#state === "closed") return;
    this.#choked = false;
    this.#sink.writable();
  }

  #faulted(fault: Fault): void {
    if (this.#state === "attached" && fault.kind === "connect" && fault.processed === "never") {
      const inner = this.#inner;
      this.#inner = undefined;
      this.#state = "held";
      if (this.#owner.again(this, fault)) return;
      this.#inner = inner;
      this.#state = "attached";
    }
    this.#sink.fault(fault);
  }

  #closed(delivered: boolean): void {
    // Of an attempt that is given up for another.
    if (this.#state === "held") return;
    this.#state = "closed";
    this.#sink.closed(delivered);
    this.#owner.released(this);
  }
}
