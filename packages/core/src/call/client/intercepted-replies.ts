import { nameCall } from "../../error.ts";
import type { RpcError } from "../../error.ts";
import type { Metadata } from "../../metadata.ts";
import type { InterceptedReply } from "../intercepted-call.ts";
import { Later } from "../later.ts";
import type { Observation } from "../observation.ts";
import type { CallScope } from "../scope.ts";
import { leave } from "../leave.ts";
import { rejectedFor } from "../rejected.ts";
import type { ClientHead } from "./client-head.ts";
import type { ReplySource } from "./reply-source.ts";
import { thrownHere } from "./thrown-here.ts";

interface Outcome {
  readonly error: RpcError | null;
}

interface Waiter {
  fail(error: RpcError): void;
  /** Kept alive while somebody waits. */
  readonly keeper: unknown;
}

/** The responses of a call behind interceptors. Owns the scope that they run in. */
export class InterceptedReplies<O> implements ReplySource<O> {
  readonly #scope: CallScope;
  readonly #path: string;
  readonly #observation: Observation | null;
  readonly #iterator: Promise<AsyncIterator<O>>;
  readonly #headers = new Later<Metadata>();
  readonly #trailers = new Later<Metadata>();
  /** In the context that the call was made in, as its interceptors. */
  readonly #inContext: <T>(run: () => T) => T;
  readonly #onSettled: (error: RpcError | null) => void;
  readonly #waiters = new Set<Waiter>();
  #reply: InterceptedReply | undefined;
  #outcome: Outcome | undefined;
  #ended: (() => void) | undefined;

  constructor(
    { core, method, scope }: ClientHead,
    observation: Observation | null,
    reply: Promise<InterceptedReply>,
    onSettled: (error: RpcError | null) => void,
  ) {
    this.#scope = scope;
    this.#path = method.path;
    this.#observation = observation;
    this.#onSettled = onSettled;
    this.#inContext = core.host.capture();
    this.#iterator = reply.then((given) => {
      this.#reply = given;
      const iterator = iterate<O>(given);
      if (this.#outcome !== undefined) void leave(iterator);
      this.#headers.resolve(given.headers);
      return iterator;
    });
    this.#iterator.catch((error: unknown) => this.#settle(thrownHere(error)));
    scope.onCancel((reason) => this.#settle(reason));
    if (scope.reason !== undefined) this.#settle(scope.reason);
  }

  receive(keeper: unknown): Promise<O | undefined> {
    return new Promise<O | undefined>((resolve) => {
      // What the call's end is; not as a promise, since nobody would handle that of a waiter who was told before.
      const end = ({ error }: Outcome): void =>
        resolve(error === null ? undefined : rejectedFor(keeper, error));
      if (this.#outcome !== undefined) {
        end(this.#outcome);
        return;
      }
      const waiter: Waiter = { fail: (error) => resolve(rejectedFor(keeper, error)), keeper };
      this.#waiters.add(waiter);
      this.#iterator
        .then((iterator) => this.#inContext(() => iterator.next()))
        .then(
          (next) => {
            // Otherwise it was told before.
            if (!this.#waiters.delete(waiter)) return;
            if (next.done === true) end(this.#settle(null));
            else resolve(next.value);
          },
          (error: unknown) => {
            if (this.#waiters.delete(waiter)) end(this.#settle(thrownHere(error)));
          },
        );
    });
  }

  headers(keeper: unknown): Promise<Metadata> {
    return this.#headers.promise(keeper);
  }

  trailers(keeper: unknown): Promise<Metadata> {
    return this.#trailers.promise(keeper);
  }

  get ended(): boolean {
    return this.#outcome !== undefined;
  }

  onEnded(run: () => void): void {
    this.#ended = run;
  }

  cancel(error: RpcError): void {
    this.#scope.cancel(error);
  }

  /** Gives the outcome: this one, if it is the first. */
  #settle(error: RpcError | null): Outcome {
    if (this.#outcome !== undefined) return this.#outcome;
    if (error !== null) nameCall(error, this.#path);
    const outcome = { error };
    this.#outcome = outcome;
    if (error === null) this.#trailers.resolve(this.#reply!.trailers);
    else {
      this.#headers.reject(error);
      this.#trailers.reject(error);
      for (const waiter of this.#waiters) waiter.fail(error);
      this.#iterator.then(
        (iterator) => this.#inContext(() => leave(iterator)),
        () => {},
      );
    }
    this.#waiters.clear();
    this.#ended?.();
    this.#ended = undefined;
    this.#onSettled(error);
    this.#observation?.settled(error);
    this.#scope.release();
    return outcome;
  }
}

/** The responses of a reply, one or many, as a sequence. */
function iterate<O>(reply: InterceptedReply): AsyncIterator<O> {
  if (reply.kind === "server_streaming" || reply.kind === "bidi_streaming") {
    return (reply.response as AsyncIterable<unknown>)[Symbol.asyncIterator]() as AsyncIterator<O>;
  }
  return once(reply.response as O);
}

async function* once<O>(response: O): AsyncGenerator<O> {
  yield response;
}
