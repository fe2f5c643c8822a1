import type { ClientSink, Connector, Exchange, Fault, Fields, Hints, RequestHead } from "@millrace/exchange";
import { OrderedSink } from "./ordered-sink.ts";

/** What an exchange is opened with. */
export interface Opening {
  readonly head: RequestHead;
  readonly body: Uint8Array | null | undefined;
  readonly hints: Hints;
}

/** An exchange that is there before what will carry it, and keeps what is written until then. */
export class HeldExchange implements Exchange {
  readonly #opening: Opening;
  readonly #sink: ClientSink;
  readonly #withdrawn: () => void;
  /** For what this exchange itself says, while it is `held`. */
  readonly #own: OrderedSink;
  /** `attached`: the inner exchange and the sink talk to each other, and this one only passes on. */
  #state: "held" | "attached" | "closed" = "held";
  #inner: Exchange | undefined;
  #chunks: Uint8Array[] = [];
  #local: "open" | "ended" = "open";
  #trailers: Fields | null = null;
  #paused = false;
  /** A write() has answered false. */
  #choked = false;

  /** `withdrawn` runs when it is reset while it is held. */
  constructor(opening: Opening, sink: ClientSink, withdrawn: () => void) {
    this.#opening = opening;
    this.#sink = sink;
    this.#withdrawn = withdrawn;
    this.#own = new OrderedSink(sink, () => {});
    if (opening.body !== undefined) this.#local = "ended";
  }

  /** Opens it over `connector`. Not from inside one of its own calls. */
  attach(connector: Pick<Connector, "open">): void {
    if (this.#state !== "held") return;
    const { head, body, hints } = this.#opening;
    this.#state = "attached";
    const inner = connector.open(head, body, hints, this.#events);
    this.#inner = inner;
    if (this.#paused) inner.pause();
    let room = true;
    for (const chunk of this.#chunks) room = inner.write(chunk);
    this.#chunks = [];
    if (body === undefined && this.#local === "ended") inner.end(this.#trailers);
    else if (this.#choked && room) process.nextTick(() => this.#writable());
  }

  /** Ends it with a fault while nothing carries it. */
  fail(fault: Fault): void {
    if (this.#state !== "held") return;
    this.#state = "closed";
    this.#own.abandon(fault);
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
    if (this.#inner === undefined) this.#chunks.push(chunk);
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
    this.#withdrawn();
    this.#own.discard();
  }

  /** What the inner exchange reports to. */
  readonly #events: ClientSink = {
    sent: (peer, caps) => this.#sink.sent(peer, caps),
    inform: (status, fields) => this.#sink.inform(status, fields),
    head: (status, head) => this.#sink.head(status, head),
    data: (chunk, start, end) => this.#sink.data(chunk, start, end),
    end: (trailers) => this.#sink.end(trailers),
    fault: (fault) => this.#sink.fault(fault),
    writable: () => this.#writable(),
    closed: (delivered) => {
      this.#state = "closed";
      this.#sink.closed(delivered);
    },
  };

  #writable(): void {
    if (!this.#choked || this.#state === "closed") return;
    this.#choked = false;
    this.#sink.writable();
  }
}
