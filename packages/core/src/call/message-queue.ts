import type { RpcError } from "../error.ts";
import { rejectedFor } from "./rejected.ts";

/** Messages, or their bytes unpacked, that wait above which the sender is held back; below half of it, it goes on. */
const mostMessages = 64;
const mostBytes = 256 * 1024;

/** Held back and let go on by a queue's fill. */
export interface Flow {
  pause(): void;
  resume(): void;
}

interface Waiter<T> {
  resolve(message: T | undefined | Promise<never>): void;
  /** Kept alive while somebody waits: the object whose loss would cancel the call. */
  readonly keeper: unknown;
}

/** What was received and not yet taken. The user's edge of a stream of messages. */
export class MessageQueue<T> {
  readonly #flow: Flow;
  #messages: T[] = [];
  #sizes: number[] = [];
  #first = 0;
  #bytes = 0;
  #waiters: Waiter<T>[] = [];
  #full = false;
  #end: { error: RpcError | null } | undefined;
  #drained: ((error: RpcError | null) => void) | undefined;

  /** `drained` hears the end when the last message has been taken. */
  constructor(flow: Flow, drained?: (error: RpcError | null) => void) {
    this.#flow = flow;
    this.#drained = drained;
  }

  push(message: T, size: number): void {
    if (this.#end !== undefined) return;
    const waiter = this.#waiters.shift();
    if (waiter !== undefined) {
      waiter.resolve(message);
      return;
    }
    this.#messages.push(message);
    this.#sizes.push(size);
    this.#bytes += size;
    if (!this.#full && (this.#count >= mostMessages || this.#bytes >= mostBytes)) {
      this.#full = true;
      this.#flow.pause();
    }
  }

  /** No message follows those that are here. The first end counts. */
  end(error: RpcError | null): void {
    if (this.#end !== undefined) return;
    this.#end = { error };
    if (this.#count > 0) return;
    const waiters = this.#waiters;
    this.#waiters = [];
    for (const waiter of waiters) {
      waiter.resolve(error === null ? undefined : rejectedFor(waiter.keeper, error));
    }
    this.#tellDrained();
  }

  /** Whether the end has come, and nothing is left in front of it. */
  get drained(): boolean {
    return this.#end !== undefined && this.#count === 0;
  }

  /** Ends at once, dropping what is here. */
  abort(error: RpcError | null): void {
    if (this.drained) return;
    this.#messages = [];
    this.#sizes = [];
    this.#first = 0;
    this.#bytes = 0;
    this.#full = false;
    if (this.#end === undefined) this.end(error);
    else {
      this.#end = { error: this.#end.error ?? error };
      this.#tellDrained();
    }
  }

  /** The next message; undefined after the last. Rejects with the error behind the last message. */
  receive(keeper?: unknown): Promise<T | undefined> {
    if (this.#count > 0) {
      const message = this.#messages[this.#first]!;
      this.#messages[this.#first] = undefined as T;
      this.#bytes -= this.#sizes[this.#first]!;
      this.#first++;
      if (this.#first === this.#messages.length) {
        this.#messages = [];
        this.#sizes = [];
        this.#first = 0;
      }
      if (this.#full && this.#count <= mostMessages / 2 && this.#bytes <= mostBytes / 2) {
        this.#full = false;
        this.#flow.resume();
      }
      if (this.drained) this.#tellDrained();
      return Promise.resolve(message);
    }
    if (this.#end === undefined) {
      return new Promise((resolve) => this.#waiters.push({ resolve, keeper }));
    }
    return this.#end.error === null ? Promise.resolve(undefined) : rejectedFor(keeper, this.#end.error);
  }

  get #count(): number {
    return this.#messages.length - this.#first;
  }

  #tellDrained(): void {
    const drained = this.#drained;
    this.#drained = undefined;
    drained?.(this.#end!.error);
  }
}
