/** How fast one side of a transfer goes. */
export interface Gait {
  /** It takes a turn of the event loop for each message, and stops at `stops` until it is told to go on. */
  readonly slow: boolean;
  /** In bytes from the beginning, ascending. */
  readonly stops: readonly number[];
}

/** How far one side has come. */
export interface Standing {
  /** Bytes given or taken so far. */
  readonly moved: number;
  readonly stopped: boolean;
}

/** One side's way through a transfer: it counts what passes, and holds back a side that is to be slow. */
export class Pace {
  readonly #gait: Gait;
  #moved = 0;
  #stops = 0;
  #go: (() => void) | undefined;

  constructor(gait: Gait) {
    this.#gait = gait;
  }

  get standing(): Standing {
    return { moved: this.#moved, stopped: this.#go !== undefined };
  }

  /** Ends a stop. */
  go(): void {
    this.#go?.();
    this.#go = undefined;
  }

  /** A message's worth of bytes passes; the next may follow when this has resolved. */
  async step(bytes: number): Promise<void> {
    this.#moved += bytes;
    const { slow, stops } = this.#gait;
    if (!slow) return;
    if (this.#moved >= (stops[this.#stops] ?? Infinity)) {
      this.#stops++;
      await new Promise<void>((resolve) => (this.#go = resolve));
    } else await new Promise<void>((resolve) => setImmediate(resolve));
  }

  /** The messages, at this pace. */
  async *through<T extends { readonly data: Uint8Array }>(messages: AsyncIterable<T>): AsyncGenerator<T> {
    for await (const message of messages) {
      await this.step(message.data.byteLength);
      yield message;
    }
  }
}
