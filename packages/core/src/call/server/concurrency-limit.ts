/** How many calls of one connection run at once. Those beyond it wait for their turn, in order. */
export class ConcurrencyLimit {
  readonly #most: number;
  #running = 0;
  readonly #waiting = new Set<() => void>();

  constructor(most: number) {
    this.#most = most;
  }

  /** True: go on. False: `turn` is called when there is room. */
  enter(turn: () => void): boolean {
    if (this.#running < this.#most) {
      this.#running++;
      return true;
    }
    this.#waiting.add(turn);
    return false;
  }

  /** No turn is wanted any more. */
  forget(turn: () => void): void {
    this.#waiting.delete(turn);
  }

  /** One that ran has ended. Its room goes to the next. */
  leave(): void {
    for (const turn of this.#waiting) {
      this.#waiting.delete(turn);
      // Not from inside the end of another call.
      queueMicrotask(turn);
      return;
    }
    this.#running--;
  }
}
