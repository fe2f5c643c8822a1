import type { Caps, ClientSink, Fault, Fields, Head, Peer } from "@millrace/exchange";

type Event =
  | { readonly kind: "sent"; readonly peer: Peer; readonly caps: Caps }
  | { readonly kind: "inform"; readonly status: number; readonly fields: Fields }
  | { readonly kind: "head"; readonly status: number; readonly head: Head }
  | { readonly kind: "data"; readonly chunk: Uint8Array }
  | { readonly kind: "end"; readonly trailers: Fields | null }
  | { readonly kind: "fault"; readonly fault: Fault }
  | { readonly kind: "closed"; readonly delivered: boolean };

/**
 * The sink of one client exchange, behind a queue. It keeps the promises of the seam that node's streams and undici do not:
 * nothing from inside a call to the exchange, data and end only while not paused, the fault after the bytes before it,
 * closed last, writable once for each write() that answered false, nothing of the rest once it has been discarded.
 */
export class OrderedSink {
  readonly #sink: ClientSink;
  readonly #closed: () => void;
  readonly #queue: Event[] = [];
  /** `delivering`: the sink runs, and what comes meanwhile waits its turn. */
  #state: "idle" | "scheduled" | "delivering" | "closed" = "scheduled";
  /** What was taken in last. `fault`: only closed follows; `discarded`: by this side's own reset. */
  #last: "open" | "fault" | "closed" | "discarded" = "open";
  #paused = false;
  /** A write() has answered false. */
  #choked = false;

  /** `closed` runs when the sink has heard of its end. */
  constructor(sink: ClientSink, closed: () => void) {
    this.#sink = sink;
    this.#closed = closed;
    // Nothing may come before the connector's open() has returned.
    process.nextTick(() => this.#deliver());
  }

  get paused(): boolean {
    return this.#paused;
  }

  pause(): void {
    this.#paused = true;
  }

  /** What was held follows in a later turn. */
  resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    this.#schedule();
  }

  /** Delivered in a later turn: it comes of a call to this exchange or to another. */
  sent(peer: Peer, caps: Caps): void {
    if (this.#last !== "open") return;
    this.#queue.push({ kind: "sent", peer, caps });
    this.#schedule();
  }

  inform(status: number, fields: Fields): void {
    this.#add({ kind: "inform", status, fields });
  }

  head(status: number, fields: Fields): void {
    this.#add({ kind: "head", status, head: { fields, memo: undefined } });
  }

  /** False: the sink has paused, and wants no more before resume(). */
  data(chunk: Uint8Array): boolean {
    // Undici's parser gives an empty one whenever it goes on.
    if (chunk.length > 0) this.#add({ kind: "data", chunk });
    return !this.#paused;
  }

  end(trailers: Fields | null): void {
    this.#add({ kind: "end", trailers });
  }

  fault(fault: Fault): void {
    this.#add({ kind: "fault", fault });
    if (this.#last === "open") this.#last = "fault";
  }

  closed(delivered: boolean): void {
    this.#add({ kind: "closed", delivered });
    this.#last = "closed";
  }

  /** What a write() answers, given back: after a false one writable() passes. */
  answered(room: boolean): boolean {
    if (!room) this.#choked = true;
    return room;
  }

  /** There is room again: not part of the order, and never held. */
  writable(): void {
    if (!this.#choked || this.#last !== "open") return;
    this.#choked = false;
    this.#sink.writable();
  }

  /** Drops what waits; closed(false) follows in a later turn. For this side's own reset, which gives no fault. */
  discard(): void {
    if (this.#state === "closed") return;
    this.#queue.length = 0;
    this.#last = "discarded";
    this.#queue.push({ kind: "closed", delivered: false });
    this.#schedule();
  }

  /** Drops what waits but sent(), and lets a fault and closed(false) follow in a later turn. */
  abandon(fault: Fault): void {
    if (this.#state === "closed" || this.#last === "discarded") return;
    const sent = this.#queue.filter((event) => event.kind === "sent");
    this.#queue.length = 0;
    this.#last = "closed";
    this.#queue.push(...sent, { kind: "fault", fault }, { kind: "closed", delivered: false });
    this.#schedule();
  }

  #add(event: Event): void {
    if (this.#last !== "open" && !(this.#last === "fault" && event.kind === "closed")) return;
    this.#queue.push(event);
    if (this.#state === "idle") this.#deliver();
  }

  #schedule(): void {
    if (this.#state !== "idle") return;
    this.#state = "scheduled";
    process.nextTick(() => this.#deliver());
  }

  #deliver(): void {
    this.#state = "delivering";
    for (let event = this.#queue[0]; event !== undefined; event = this.#queue[0]) {
      if (this.#paused && (event.kind === "data" || event.kind === "end")) break;
      this.#queue.shift();
      if (event.kind === "closed") {
        this.#state = "closed";
        this.#sink.closed(event.delivered);
        this.#closed();
        return;
      }
      this.#hand(event);
    }
    this.#state = "idle";
  }

  #hand(event: Exclude<Event, { kind: "closed" }>): void {
    const sink = this.#sink;
    switch (event.kind) {
      case "sent":
        return sink.sent(event.peer, event.caps);
      case "inform":
        return sink.inform(event.status, event.fields);
      case "head":
        return sink.head(event.status, event.head);
      case "data":
        return sink.data(event.chunk, 0, event.chunk.length);
      case "end":
        return sink.end(event.trailers);
      case "fault":
        return sink.fault(event.fault);
    }
  }
}
