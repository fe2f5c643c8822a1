import type { Message } from "@bufbuild/protobuf";
import { RpcError } from "../../error.ts";
import type { Init } from "../../init.ts";
import { handled } from "../handled.ts";
import type { EncodedMessage, MessageEncoder, SendCompression } from "../message-encoder.ts";
import type { RequestTarget } from "./request-target.ts";

/** The call that requests are sent for. */
export interface RequestSenderOwner {
  /** How the call ended: with an error, or with null; undefined while it is open. */
  readonly outcome: RpcError | null | undefined;
  /** Hands a message to the exchange. False: it has no room for another one yet. */
  write(message: EncodedMessage): boolean;
  /** The last message was handed over. */
  endWriting(): void;
  /** A message could not be made. */
  failed(error: RpcError): void;
}

interface Waiter {
  resolve(room: boolean): void;
  reject(error: RpcError): void;
  /** Kept alive while the sender waits. */
  readonly keeper: unknown;
}

/** The stream of requests of one call: one message after the other, in order, though compression may take turns. */
export class RequestSender<I extends Message> implements RequestTarget<I> {
  readonly #encoder: MessageEncoder<I>;
  readonly #compression: SendCompression | null;
  readonly #owner: RequestSenderOwner;
  #state: "open" | "ending" | "ended" = "open";
  /** The last of the sends that wait for their compression. */
  #sending: Promise<void> | undefined;
  #waiters: Waiter[] = [];

  constructor(encoder: MessageEncoder<I>, compression: SendCompression | null, owner: RequestSenderOwner) {
    this.#encoder = encoder;
    this.#compression = compression;
    this.#owner = owner;
  }

  send(message: Init<I>, keeper: unknown): Promise<boolean> {
    const owner = this.#owner;
    if (owner.outcome !== undefined) return this.#outcome();
    if (this.#state !== "open") {
      const text = "the requests of this call have ended: send() before that";
      return handled(Promise.reject(new RpcError("failed_precondition", text)));
    }
    let encoded: EncodedMessage | Promise<EncodedMessage>;
    try {
      encoded = this.#encoder.encode(message, this.#compression, false);
    } catch (error) {
      owner.failed(RpcError.from(error));
      return this.#outcome();
    }
    if (!(encoded instanceof Promise) && this.#sending === undefined) return this.#write(encoded, keeper);
    const turn = Promise.all([encoded, this.#sending]);
    const written = turn.then(
      ([ready]) => (owner.outcome === undefined ? this.#write(ready, keeper) : this.#outcome()),
      (error: unknown) => {
        owner.failed(RpcError.from(error));
        return this.#outcome();
      },
    );
    const sending = turn.then(ignore, ignore).then(() => {
      if (this.#sending !== sending) return;
      this.#sending = undefined;
      if (this.#state === "ending") this.#endNow();
    });
    this.#sending = sending;
    return handled(written);
  }

  endRequests(): void {
    if (this.#state !== "open") return;
    this.#state = "ending";
    if (this.#sending === undefined) this.#endNow();
  }

  /** Sends no more. False: all had been sent. */
  leave(): boolean {
    if (this.#state === "ended") return false;
    this.#state = "ended";
    return true;
  }

  /** The exchange has room again. */
  writable(): void {
    this.#wake((waiter) => waiter.resolve(true));
  }

  /** The call has its outcome. */
  settled(): void {
    const error = this.#owner.outcome ?? null;
    this.#wake((waiter) => {
      if (error === null) waiter.resolve(false);
      else waiter.reject(error);
    });
  }

  #write(message: EncodedMessage, keeper: unknown): Promise<boolean> {
    const room = this.#owner.write(message);
    // An observer may have ended the call.
    if (this.#owner.outcome !== undefined) return this.#outcome();
    if (room && this.#waiters.length === 0) return Promise.resolve(true);
    const waiting = new Promise<boolean>((resolve, reject) =>
      this.#waiters.push({ resolve, reject, keeper }),
    );
    return handled(waiting);
  }

  #endNow(): void {
    this.#state = "ended";
    if (this.#owner.outcome === undefined) this.#owner.endWriting();
  }

  #outcome(): Promise<boolean> {
    const error = this.#owner.outcome ?? null;
    return error === null ? Promise.resolve(false) : handled(Promise.reject(error));
  }

  #wake(tell: (waiter: Waiter) => void): void {
    const waiters = this.#waiters;
    this.#waiters = [];
    for (const waiter of waiters) tell(waiter);
  }
}

function ignore(): void {}
