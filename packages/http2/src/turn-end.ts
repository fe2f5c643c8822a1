import type { Output } from "./output.ts";

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
  /** Credited in one frame each, however many the bytes came in. */
  #owed: Credited[] = [];
  #deferred: Deferred[] = [];

  constructor(output: Output) {
    this.#output = output;
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

  /** What is told behind it. */
  deliver(): void {
    const deferred = this.#deferred;
    if (deferred.length === 0) return;
    this.#deferred = [];
    let told = 0;
    try {
      while (told < deferred.length) deferred[told++]!.deliver();
    } catch (error) {
      // A sink that throws takes its own exchange's turn, and no other's.
      this.#deferred = [...deferred.slice(told), ...this.#deferred];
      this.#output.touch();
      throw error;
    }
  }
}
