import type { RpcError } from "../../error.ts";
import { prefixLength } from "../../protocol/envelope.ts";
import { handled } from "../handled.ts";
import { MessageQueue } from "../message-queue.ts";
import type { Flow } from "../message-queue.ts";
import type { MessageStream } from "../streams.ts";

/** Requests, unpacked, that are read to no purpose for a client that listens behind them: as much as one message may have. */
const mostDroppedBytes = 4 * 1024 * 1024;

/** The requests of a call, in its handler's hands. */
export class RequestStream<T> implements MessageStream<T> {
  readonly #queue: MessageQueue<T>;
  readonly #flow: Flow;
  readonly #heldBack: boolean;
  #state: "unread" | "started" | "left" = "unread";
  #droppedBytes = 0;

  /** `heldBack`: the client listens only when it has sent all its requests. */
  constructor(flow: Flow, heldBack: boolean) {
    this.#flow = flow;
    this.#heldBack = heldBack;
    this.#queue = new MessageQueue(flow);
  }

  /** Whether anything of it was read. */
  get started(): boolean {
    return this.#state !== "unread";
  }

  // From the wire.

  push(message: T, size: number): void {
    if (this.#state === "left") this.#drop(size);
    else this.#queue.push(message, size);
  }

  end(error: RpcError | null): void {
    this.#queue.end(error);
  }

  abort(error: RpcError): void {
    this.#queue.abort(error);
  }

  // From the handler. It may ask before it awaits, and a client may vanish in between.

  receive(): Promise<T | undefined> {
    return handled(this.#take());
  }

  [Symbol.asyncIterator](): AsyncIterator<T, undefined> {
    if (this.#state === "unread") this.#state = "started";
    return {
      next: () => handled(this.#take().then(toResult)),
      return: async (): Promise<IteratorResult<T, undefined>> => {
        this.#leave();
        return { done: true, value: undefined };
      },
    };
  }

  #take(): Promise<T | undefined> {
    if (this.#state === "left") return Promise.resolve(undefined);
    this.#state = "started";
    return this.#queue.receive();
  }

  /**
   * The handler wants no more requests: they are held back until it ends, which drains them within bounds. Where responses
   * wait for the requests' end, they are read on and dropped, or nothing would get through.
   */
  #leave(): void {
    if (this.#state === "left") return;
    this.#state = "left";
    this.#queue.abort(null);
    if (this.#heldBack) this.#flow.resume();
    else this.#flow.pause();
  }

  #drop(size: number): void {
    this.#droppedBytes += prefixLength + size;
    if (this.#droppedBytes > mostDroppedBytes) this.#flow.pause();
  }
}

function toResult<T>(value: T | undefined): IteratorResult<T, undefined> {
  return value === undefined ? { done: true, value: undefined } : { done: false, value };
}
