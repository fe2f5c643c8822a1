import type { Writable } from "node:stream";

import type { Caps, Fault, Fields, Peer, RequestHead, ServerExchange, Sink } from "@millrace/exchange";
import { ErrorCode } from "@millrace/exchange";

import type { RequestBody } from "./request-body.ts";
import type { Site } from "./site.ts";

/** The response's half. `held`: the head is known and not sent. `ending`: all is handed over, not all is sent. */
type ResponseHalf = "none" | "held" | "open" | "ending" | "flushed";

/** A server's exchange, as far as it is the same over node:http and node:http2: how it is answered, and how it ends. */
export abstract class NodeExchange implements ServerExchange {
  abstract readonly head: RequestHead;
  abstract readonly caps: Caps;
  readonly peer: Peer;
  readonly maxConcurrent: number;
  protected abstract readonly request: RequestBody;
  protected readonly site: Site;
  protected sink: Sink | undefined;
  protected life: "live" | "closed" = "live";
  protected response: ResponseHalf = "none";
  protected status = 0;
  protected fields: Fields = [];
  /** The response has no body whatever is written: the method is HEAD, or the status forbids it. */
  protected bodiless = false;
  readonly #out: Writable;
  #choked = false;
  #hearsDrain = false;

  /** `out` takes the response's body. */
  constructor(out: Writable, peer: Peer, site: Site) {
    this.#out = out;
    this.peer = peer;
    this.site = site;
    this.maxConcurrent = site.maxConcurrent;
  }

  /** Begins to deliver events: accept() has answered. */
  abstract start(sink: Sink): void;
  abstract pause(): void;
  abstract inform(status: number, fields: Fields): void;
  abstract flush(): void;
  abstract end(trailers: Fields | null): void;
  abstract reply(status: number, fields: Fields, body: Uint8Array | null, trailers: Fields | null): void;
  /** Sends the head, with a body to come. Afterwards the response is `open`, or node has refused the head. */
  protected abstract sendHead(): void;
  /** Takes the response back as far as that can be, with an RFC 9113 error code, and lets go of what carries it. */
  protected abstract abandon(h2: number): void;

  /** The layer above has begun to answer. */
  get responded(): boolean {
    return this.response !== "none";
  }

  /** Instead of start(): somebody else answers. The sink hears why. */
  forgo(sink: Sink, fault: Fault): void {
    this.life = "closed";
    process.nextTick(() => {
      this.site.closed();
      sink.fault(fault);
      sink.closed(false);
    });
  }

  resume(): void {
    if (this.life === "live") this.request.resume();
  }

  respond(status: number, fields: Fields): void {
    if (this.life === "closed" || this.response !== "none") return;
    this.status = status;
    this.fields = fields;
    this.response = "held";
  }

  write(chunk: Uint8Array): boolean {
    if (this.response === "held") this.sendHead();
    else if (this.response === "none") this.reset(ErrorCode.INTERNAL_ERROR);
    if (this.life === "closed" || this.response !== "open") return true;
    if (this.bodiless || chunk.length === 0) return !this.#choked;
    if (!this.#out.write(chunk) && !this.#choked) {
      this.#choked = true;
      this.#hearDrain();
    }
    return !this.#choked;
  }

  reserve(): null {
    return null;
  }

  commit(_pos: number): boolean {
    return !this.#choked;
  }

  reset(h2: number): void {
    if (this.life === "closed") return;
    this.endLife();
    this.abandon(h2);
    process.nextTick(() => this.close(false));
  }

  /** What node would not send, nobody sends. */
  protected unsendable(what: string, cause: unknown): Fault {
    return {
      by: "local",
      kind: "protocol",
      h2: ErrorCode.INTERNAL_ERROR,
      processed: "maybe",
      text: `the response's ${what} cannot be sent: ${cause instanceof Error ? cause.message : String(cause)}`,
      cause,
    };
  }

  /** Ends with a fault. Null: what carries it need not be abandoned. */
  protected die(fault: Fault, h2: number | null = ErrorCode.CANCEL): void {
    this.endLife();
    if (h2 !== null) this.abandon(h2);
    this.sink?.fault(fault);
    this.close(false);
  }

  protected endLife(): void {
    this.life = "closed";
    this.request.leave();
  }

  protected close(delivered: boolean): void {
    this.site.closed();
    this.sink?.closed(delivered);
  }

  #hearDrain(): void {
    if (this.#hearsDrain) return;
    this.#hearsDrain = true;
    this.#out.on("drain", () => {
      if (this.life === "closed" || !this.#choked) return;
      this.#choked = false;
      if (this.response === "open") this.sink?.writable();
    });
  }
}

/** An error's listener where nothing is to be done: without one it would end the process. */
export function ignore(): void {}
