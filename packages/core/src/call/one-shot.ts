import { RpcError } from "../error.ts";

/** A sequence that can be read once: the requests of a stream, which are gone when they have been sent. */
export class OneShot<T> implements AsyncIterable<T> {
  readonly #open: () => AsyncIterator<T>;
  #used = false;

  constructor(open: () => AsyncIterator<T>) {
    this.#open = open;
  }

  [Symbol.asyncIterator](): AsyncIterator<T> {
    if (this.#used) throw consumed();
    this.#used = true;
    return this.#open();
  }
}

/** The error of a second next() on a stream of requests. */
export function consumed(): RpcError {
  return new RpcError(
    "internal",
    "the request stream was consumed by an earlier next(): a stream cannot be sent again from an interceptor; use a retry policy, which works below them",
  );
}
