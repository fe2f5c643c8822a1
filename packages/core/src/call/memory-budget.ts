/** What all calls of one server, or one transport, may hold together of messages that are not complete yet. */
export class MemoryBudget {
  readonly bytes: number;
  readonly #whole: MemoryBudget | undefined;
  #used = 0;

  /** `whole`: what it is a part of, and takes from. */
  constructor(bytes: number, whole?: MemoryBudget) {
    this.bytes = bytes;
    this.#whole = whole;
  }

  /** What one of many may take of it, so that it cannot take all. */
  half(): MemoryBudget {
    return new MemoryBudget(this.bytes / 2, this);
  }

  /** Takes `bytes`; false, and nothing taken, if there are not so many left. */
  take(bytes: number): boolean {
    if (this.#used + bytes > this.bytes || this.#whole?.take(bytes) === false) return false;
    this.#used += bytes;
    return true;
  }

  give(bytes: number): void {
    this.#whole?.give(bytes);
    this.#used -= bytes;
  }

  /** Bytes taken now. */
  get used(): number {
    return this.#used;
  }
}

/** The budget beside a limit on each message: room for 16 of the largest, and 256 MiB at least; none without a limit. */
export function budgetFor(maxReceiveBytes: number): MemoryBudget {
  return new MemoryBudget(Math.max(256 * 1024 * 1024, maxReceiveBytes * 16));
}
