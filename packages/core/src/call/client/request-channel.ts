import type { Message } from "@bufbuild/protobuf";
import { RpcError } from "../../error.ts";
import type { Init } from "../../init.ts";
import type { Codec } from "../../method.ts";
import { completed } from "../completed.ts";
import type { CallScope } from "../scope.ts";
import type { RequestTarget } from "./request-target.ts";

interface Offer<I> {
  readonly message: I;
  taken(room: boolean): void;
  fail(error: RpcError): void;
  /** Kept alive while the sender waits. */
  readonly keeper: unknown;
}

interface Taker<I> {
  resolve(result: IteratorResult<I, undefined>): void;
  reject(error: RpcError): void;
}

/** Hands requests from send() to interceptors: a send has room when its message was taken. */
export class RequestChannel<I extends Message> implements RequestTarget<I> {
  readonly #codec: Codec<I>;
  /** The call's: canceled when a request cannot be sent. */
  readonly #scope: CallScope;
  #offers: Offer<I>[] = [];
  #takers: Taker<I>[] = [];
  /** `ended` by who sends; `left` by who takes: nobody will take more. */
  #state: "open" | "ended" | "left" = "open";
  #outcome: { readonly error: RpcError | null } | undefined;

  constructor(codec: Codec<I>, scope: CallScope) {
    this.#codec = codec;
    this.#scope = scope;
  }

  send(init: Init<I>, keeper: unknown): Promise<boolean> {
    const sending = this.#send(init, keeper);
    sending.catch(() => {});
    return sending;
  }

  endRequests(): void {
    if (this.#state === "open") this.#state = "ended";
    if (this.#offers.length === 0) this.#endTakers();
  }

  /** Nobody will take more: what was offered has no room, and the result says why. */
  leave(): void {
    this.#state = "left";
    const { reason } = this.#scope;
    if (reason !== undefined) {
      // They leave because the call is canceled.
      this.settle(reason);
      return;
    }
    for (const offer of this.#offers) offer.taken(false);
    this.#offers = [];
    this.#endTakers();
  }

  /** The call has ended: nothing is taken any more. */
  settle(error: RpcError | null): void {
    if (this.#outcome !== undefined) return;
    this.#outcome = { error };
    for (const offer of this.#offers) {
      if (error === null) offer.taken(false);
      else offer.fail(error);
    }
    this.#offers = [];
    this.#endTakers();
  }

  iterate(): AsyncIterator<I, undefined> {
    return {
      next: () => this.#take(),
      return: async () => {
        this.leave();
        return { done: true, value: undefined };
      },
    };
  }

  #send(init: Init<I>, keeper: unknown): Promise<boolean> {
    if (this.#outcome !== undefined) {
      return this.#outcome.error === null ? Promise.resolve(false) : Promise.reject(this.#outcome.error);
    }
    if (this.#state === "left") return Promise.resolve(false);
    if (this.#state === "ended") {
      return Promise.reject(
        new RpcError("failed_precondition", "the requests of this call have ended: send() before that"),
      );
    }
    let message: I;
    try {
      message = completed(this.#codec, init);
    } catch (error) {
      const failure = RpcError.from(error);
      this.#scope.cancel(failure);
      return Promise.reject(failure);
    }
    const taker = this.#takers.shift();
    if (taker !== undefined) {
      taker.resolve({ done: false, value: message });
      return Promise.resolve(true);
    }
    return new Promise((taken, fail) => this.#offers.push({ message, taken, fail, keeper }));
  }

  #take(): Promise<IteratorResult<I, undefined>> {
    const offer = this.#offers.shift();
    if (offer !== undefined) {
      offer.taken(true);
      return Promise.resolve({ done: false, value: offer.message });
    }
    const error = this.#outcome?.error ?? null;
    if (error !== null) return Promise.reject(error);
    if (this.#state !== "open" || this.#outcome !== undefined) {
      return Promise.resolve({ done: true, value: undefined });
    }
    return new Promise((resolve, reject) => this.#takers.push({ resolve, reject }));
  }

  #endTakers(): void {
    const error = this.#outcome?.error ?? null;
    const takers = this.#takers;
    this.#takers = [];
    for (const taker of takers) {
      if (error === null) taker.resolve({ done: true, value: undefined });
      else taker.reject(error);
    }
  }
}
