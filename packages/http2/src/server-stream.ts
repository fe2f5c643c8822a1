import {
  type Caps,
  ErrorCode,
  type Fields,
  firstField,
  type Peer,
  type RequestHead,
  type ServerExchange,
  type Sink,
} from "@millrace/exchange";
import type { Request } from "./message/request.ts";
import { statusFields } from "./message/status-fields.ts";
import {
  unsendableBody,
  unsendableFault,
  unsendableInterim,
  unsendableResponse,
} from "./message/unsendable.ts";
import { noBytes } from "./no-bytes.ts";
import { noFields } from "./no-fields.ts";
import { Stream } from "./stream.ts";
import type { StreamHost } from "./stream-host.ts";
import { ending, open } from "./stream-state.ts";

/** What a server's stream asks of its connection beyond what each does. */
export interface ServerStreamHost extends StreamHost {
  readonly peer: Peer;
  readonly caps: Caps;
  readonly maxConcurrent: number;
  /** Bounds of what is read of a request that has been answered. */
  readonly drainBytes: number;
  readonly drainMs: number;
  timer(ms: number, run: () => void): () => void;
}

/** One request, and its response, of a server's connection. */
export class ServerStream extends Stream implements ServerExchange {
  readonly head: RequestHead;
  declare protected readonly host: ServerStreamHost;
  /** `held`: the head is known, and leaves with the first byte. */
  #response: "none" | "held" | "sent" = "none";
  #status = 0;
  #fields: Fields = noFields;
  /** RFC 9110 section 10.1.1: the client waits for a word before it sends its body. */
  #continueDue: boolean;
  #drained = 0;
  #stopDraining: (() => void) | null = null;

  constructor(host: ServerStreamHost, id: number, request: Request, sendWindow: number) {
    super(host, sendWindow);
    this.id = id;
    this.head = request.head;
    this.expected = request.contentLength;
    this.#continueDue = request.expectsContinue;
    if (request.priority !== undefined)
      this.prioritize(request.priority.urgency, request.priority.incremental);
  }

  get peer(): Peer {
    return this.host.peer;
  }

  get caps(): Caps {
    return this.host.caps;
  }

  get maxConcurrent(): number {
    return this.host.maxConcurrent;
  }

  /** The response's head has been given. */
  get isResponded(): boolean {
    return this.#response !== "none";
  }

  /** accept() has answered. */
  accepted(sink: Sink): void {
    this.sink = sink;
    if (!this.isPaused) this.sendContinue();
  }

  override resume(): void {
    super.resume();
    if (this.sink !== null) this.sendContinue();
  }

  inform(status: number, fields: Fields): void {
    if (!this.isAlive || this.#response !== "none") return;
    const wrong = unsendableInterim(status, fields);
    if (wrong !== null) return this.dieLater(unsendableFault("interim response", wrong, "maybe"));
    this.host.headers(this, statusFields(status), fields, noFields, false);
  }

  respond(status: number, fields: Fields): void {
    if (!this.isAlive || this.#response !== "none") return;
    this.#response = "held";
    this.#status = status;
    this.#fields = fields;
  }

  reply(status: number, fields: Fields, body: Uint8Array | null, trailers: Fields | null): void {
    if (!this.isAlive || this.#response !== "none") return;
    const wrong = body === null ? null : unsendableBody(body);
    if (wrong !== null) return this.dieLater(unsendableFault("body", wrong, "maybe"));
    this.#status = status;
    this.#fields = fields;
    if (body === null || trailers !== null) {
      if ((body === null || body.length === 0) && trailers === null) return this.sendHead(noFields, true);
      this.sendHead(noFields, false);
    } else {
      const isSized = firstField(fields, "content-length") !== undefined;
      this.sendHead(isSized ? noFields : ["content-length", String(body.length)], body.length === 0);
    }
    if (this.local === open) this.endWith(body ?? noBytes, trailers);
  }

  protected begin(): boolean {
    if (this.#response === "none") this.reset(ErrorCode.INTERNAL_ERROR);
    else if (this.#response === "held") this.sendHead(noFields, false);
    return this.local === open && this.isAlive;
  }

  override flush(): void {
    if (this.#response !== "none") super.flush();
  }

  protected beginWithEnd(trailers: Fields | null): boolean {
    if (this.#response === "none") this.reset(ErrorCode.INTERNAL_ERROR);
    else if (this.#response === "held") this.sendHead(noFields, trailers === null);
    return this.local >= ending;
  }

  protected get wantsBody(): boolean {
    return this.local < ending;
  }

  protected get isThrough(): boolean {
    return this.remoteEnded;
  }

  protected get faultsWait(): boolean {
    return false;
  }

  protected discarded(bytes: number): void {
    this.#drained += bytes;
    if (this.endFlushed && this.#drained > this.host.drainBytes) this.stopRequest();
  }

  protected endedFirst(): void {
    const { drainBytes, drainMs } = this.host;
    if (this.#drained > drainBytes || drainMs === 0) this.stopRequest();
    else this.#stopDraining = this.host.timer(drainMs, () => this.stopRequest());
  }

  protected override finish(delivered: boolean): void {
    this.#stopDraining?.();
    super.finish(delivered);
  }

  /** RFC 9113 section 8.1: the response is complete, and the rest of the request is not wanted. */
  private stopRequest(): void {
    if (!this.isAlive) return;
    this.cut(ErrorCode.NO_ERROR);
    this.finish(true);
  }

  private sendHead(more: Fields, withEnd: boolean): void {
    this.#response = "sent";
    const wrong = unsendableResponse(this.#status, this.#fields);
    if (wrong !== null) return this.dieLater(unsendableFault("head", wrong, "maybe"));
    const isBodiless = this.head.method === "HEAD" || bodiless.has(this.#status);
    this.host.headers(this, statusFields(this.#status), this.#fields, more, withEnd || isBodiless);
    if (withEnd || isBodiless) this.endedByHead();
    else this.local = open;
  }

  private sendContinue(): void {
    if (!this.#continueDue) return;
    this.#continueDue = false;
    if (!this.remoteEnded) this.inform(100, noFields);
  }

  /** Its connection is no more. */
  lost(why: string, cause: unknown): void {
    const isTruncated = !this.remoteEnded;
    const when = isTruncated ? "in the middle of the request" : "before the response was complete";
    this.perish({
      by: "transport",
      kind: isTruncated ? "truncated" : "lost",
      h2: -1,
      processed: "maybe",
      text: `${why} ${when}`,
      cause,
    });
  }

  resetReceived(code: number): void {
    this.die({
      by: "peer",
      kind: "reset",
      h2: code,
      processed: "maybe",
      text: "the client reset the stream",
    });
  }
}

/** RFC 9110 section 6.4.1. */
const bodiless: ReadonlySet<number> = new Set([204, 205, 304]);
