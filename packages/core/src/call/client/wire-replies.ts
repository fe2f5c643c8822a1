import type { Fields } from "@millrace/exchange";
import type { RpcError } from "../../error.ts";
import { FieldMetadata } from "../../metadata.ts";
import type { Metadata } from "../../metadata.ts";
import { Later } from "../later.ts";
import { MessageQueue } from "../message-queue.ts";
import type { Flow } from "../message-queue.ts";
import type { ReplyConsumer } from "./client-call.ts";
import type { ReplySource } from "./reply-source.ts";

/** The call that replies come from, as far as they need it. */
interface ReplyingCall extends Flow {
  cancel(error: RpcError): void;
}

/** The responses of a call on the wire. It is made first, as the call's consumer, and then given the call. */
export class WireReplies<O> implements ReplyConsumer<O>, ReplySource<O> {
  readonly #queue: MessageQueue<O>;
  readonly #headers = new Later<Metadata>();
  readonly #trailers = new Later<Metadata>();
  #call: ReplyingCall | undefined;
  #stop: (() => void) | undefined;
  #ended: (() => void) | undefined;
  #outcome: { readonly error: RpcError | null; readonly trailers: Fields } | undefined;

  constructor() {
    const flow: Flow = { pause: () => this.#call?.pause(), resume: () => this.#call?.resume() };
    this.#queue = new MessageQueue(flow, (error) => this.#drained(error));
  }

  from(call: ReplyingCall): void {
    this.#call = call;
  }

  /** What to do at the end; at once, if that has come. */
  onSettled(stop: () => void): void {
    if (this.#outcome === undefined) this.#stop = stop;
    else stop();
  }

  onHeaders(fields: Fields): void {
    this.#headers.resolve(FieldMetadata.received(fields));
  }

  onMessage(message: O, bytes: number): void {
    this.#queue.push(message, bytes);
  }

  onEnd(error: RpcError | null, trailers: Fields, canceled: boolean): void {
    this.#outcome = { error, trailers };
    this.#stop?.();
    this.#stop = undefined;
    // A response without headers (Trailers-Only) that is no error has empty ones.
    if (error === null) this.#headers.resolve(new FieldMetadata());
    else this.#headers.reject(error);
    if (canceled && error !== null) this.#queue.abort(error);
    else this.#queue.end(error);
  }

  receive(keeper: unknown): Promise<O | undefined> {
    return this.#queue.receive(keeper);
  }

  headers(keeper: unknown): Promise<Metadata> {
    return this.#headers.promise(keeper);
  }

  trailers(keeper: unknown): Promise<Metadata> {
    return this.#trailers.promise(keeper);
  }

  get ended(): boolean {
    return this.#queue.drained;
  }

  onEnded(run: () => void): void {
    this.#ended = run;
  }

  cancel(error: RpcError): void {
    this.#call?.cancel(error);
    // Behind the outcome there may be messages that nobody will take any more.
    this.#queue.abort(error);
  }

  /** Everything was taken, or dropped. */
  #drained(error: RpcError | null): void {
    if (error === null) this.#trailers.resolve(FieldMetadata.received(this.#outcome!.trailers));
    else this.#trailers.reject(error);
    this.#ended?.();
    this.#ended = undefined;
  }
}
