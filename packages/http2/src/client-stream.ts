import {
  type Caps,
  type ClientSink,
  ErrorCode,
  type Fault,
  type Peer,
  type RequestHead,
} from "@millrace/exchange";
import type { HeaderBlock } from "./hpack/header-block.ts";
import { Malformed } from "./message/malformed.ts";
import { readResponse } from "./message/response.ts";
import { readTrailers } from "./message/trailers.ts";
import { unsendableBody, unsendableFault, unsendableRequest } from "./message/unsendable.ts";
import { noFields } from "./no-fields.ts";
import { Stream } from "./stream.ts";
import type { StreamHost } from "./stream-host.ts";
import { dying, ending, open } from "./stream-state.ts";

/** What a client's stream asks of its connection beyond what each does. */
export interface ClientStreamHost extends StreamHost {
  readonly peer: Peer;
  readonly caps: Caps;
  readonly name: string;
  /** It was reset before it had been started. */
  withdrawn(stream: ClientStream): void;
}

/** One request, and its response, of a client's connection. */
export class ClientStream extends Stream {
  declare protected readonly host: ClientStreamHost;
  declare protected sink: ClientSink;
  readonly #head: RequestHead;
  /** The whole body, until the stream is started. */
  #body: Uint8Array | null;
  #sentDue = false;
  #isAnswered = false;

  constructor(
    host: ClientStreamHost,
    head: RequestHead,
    body: Uint8Array | null | undefined,
    sink: ClientSink,
  ) {
    super(host, 0);
    this.sink = sink;
    this.#head = head;
    this.#body = body ?? null;
    this.local = body === undefined ? open : ending;
  }

  /** The request's header list, as RFC 9113 section 6.5.2 counts it. */
  get headOctets(): number {
    const { method, scheme, authority, path, query, fields } = this.#head;
    let octets = 4 * 32 + ":method:scheme:authority:path".length;
    octets += method.length + scheme.length + authority.length + path.length + query.length;
    for (let i = 0; i < fields.length; i += 2) octets += 32 + fields[i]!.length + fields[i + 1]!.length;
    return octets;
  }

  /** Why it can never be sent; null if it can. */
  get unsendable(): Fault | null {
    const wrong = unsendableRequest(this.#head);
    if (wrong !== null) return unsendableFault("head", wrong, "never");
    const wrongBody = this.#body === null ? null : unsendableBody(this.#body);
    return wrongBody === null ? null : unsendableFault("body", wrongBody, "never");
  }

  /** It has an id now. Sends the head, and what has been written so far. */
  start(sendWindow: number): void {
    this.sendWindow = sendWindow;
    const { method, scheme, authority, path, query, fields } = this.#head;
    const pseudo = [":method", method, ":scheme", scheme];
    if (authority !== "") pseudo.push(":authority", authority);
    pseudo.push(":path", query === "" ? path : `${path}?${query}`);
    const body = this.#body;
    this.#body = null;
    this.#sentDue = true;
    this.host.turnEnd.defer(this);
    if (this.local === ending && !this.hasUnsent && (body === null || body.length === 0)) {
      this.host.headers(this, pseudo, fields, noFields, true);
      this.endedByHead();
      return;
    }
    this.host.headers(this, pseudo, fields, noFields, false);
    if (body !== null) this.endWith(body, null);
    else this.started();
  }

  /** The peer can have seen it. */
  get isStarted(): boolean {
    return this.id !== 0;
  }

  get isAnswered(): boolean {
    return this.#isAnswered;
  }

  override deliver(): void {
    this.tellSent();
    super.deliver();
  }

  override reset(h2: number): void {
    if (this.isAlive && !this.isStarted) this.host.withdrawn(this);
    super.reset(h2);
  }

  protected begin(): boolean {
    return true;
  }

  protected beginWithEnd(): boolean {
    return false;
  }

  protected get wantsBody(): boolean {
    return true;
  }

  protected get isThrough(): boolean {
    return this.endTold;
  }

  protected get faultsWait(): boolean {
    return true;
  }

  protected discarded(): void {}

  protected endedFirst(): void {}

  /** A header block. Gives what is wrong with it, or null. */
  headersReceived(block: HeaderBlock, endStream: boolean): string | null {
    if (this.#isAnswered) {
      if (!endStream) return "header fields come behind the response's, without its end";
      const trailers = readTrailers(block);
      if (trailers instanceof Malformed) return trailers.text;
      if (this.isShort) return "the body is shorter than its content-length";
      this.endReceived(trailers);
      return null;
    }
    const response = readResponse(block);
    if (response instanceof Malformed) return response.text;
    const { status, head } = response;
    if (status < 200) {
      if (endStream) return `an interim response (${status}) ends the stream`;
      this.tellSent();
      if (this.isAlive) this.sink.inform(status, head.fields);
      return null;
    }
    this.#isAnswered = true;
    if (this.#head.method !== "HEAD" && status !== 304) this.expected = response.contentLength;
    this.tellSent();
    if (this.isAlive) this.sink.head(status, head);
    if (!endStream) return null;
    if (this.isShort) return "the body is shorter than its content-length";
    this.endReceived(null);
    return null;
  }

  resetReceived(code: number, fault: Fault): void {
    // RFC 9113 section 8.1: a whole response, and no more of the request is wanted.
    if (this.remoteEnded && code === ErrorCode.NO_ERROR) this.stop();
    else this.die(fault);
  }

  override die(fault: Fault): void {
    this.tellSent();
    super.die(fault);
  }

  private tellSent(): void {
    // Of what is dying, die() tells it, in front of the fault.
    if (!this.#sentDue || this.life === dying) return;
    this.#sentDue = false;
    if (this.isAlive) this.sink.sent(this.host.peer, this.host.caps);
  }
}
