import type { Output } from "./output.ts";
import type { Runtime } from "./runtime.ts";

/** How long one connection may tell of what is due, in milliseconds: each who hears of its end has work with it. */
const turnMs = 0.25;
/** After so many the clock is asked. */
const slice = 16;

/** Whoever lets its peer send more at the end of a turn. */
export interface Credited {
  credit(): void;
}

/** Whoever tells of something at the end of a turn. */
export interface Deferred {
  /** deliver() is due. */
  isDeferred: boolean;
  deliver(): void;
}

/** What is due at the end of a connection's turn. */
export class TurnEnd {
  readonly #output: Output;
  readonly #runtime: Runtime;
  /** Credited in one frame each, however many the bytes came in. */
  #owed: Credited[] = [];
  #deferred: Deferred[] = [];

  constructor(output: Output, runtime: Runtime) {
    this.#output = output;
    this.#runtime = runtime;
  }

  /** credit() is due. Once. */
  owes(stream: Credited): void {
    this.#owed.push(stream);
    this.#output.touch();
  }

  /** deliver() is due. */
  defer(stream: Deferred): void {
    if (stream.isDeferred) return;
    stream.isDeferred = true;
    this.#deferred.push(stream);
    this.#output.touch();
  }

  /** Somebody is to be told of something. */
  get isAwaited(): boolean {
    return this.#deferred.length > 0;
  }

  /** What leaves with the rest of the turn. */
  credit(): void {
    for (const stream of this.#owed) stream.credit();
    this.#owed.length = 0;
  }

  readonly #goOn = (): void => this.#output.touch();

  /** What is told behind it; the rest in the next turn, if there is much of it. */
  deliver(): void {
    const deferred = this.#deferred;
    if (deferred.length === 0) return;
    this.#deferred = [];
    const until = deferred.length > slice ? this.#runtime.now() + turnMs : Infinity;
    let told = 0;
    try {
      do deferred[told++]!.deliver();
      while (told < deferred.length && (told % slice > 0 || this.#runtime.now() < until));
    } finally {
      // For want of time; or a sink has thrown, which takes its own exchange's turn, and no other's.
      if (told < deferred.length) {
        this.#deferred = [...deferred.slice(told), ...this.#deferred];
        this.#runtime.later(this.#goOn);
      }
    }
  }
}
