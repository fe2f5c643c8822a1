/** How many calls of one connection run at once. Those beyond it wait for their turn, in order. */
export class ConcurrencyLimit {
  #running = 0;
  readonly #waiting = new Set<() => void>();

  /** True: go on, one of at most `most`. False: `come` is called when there is room. */
  enter(most: number, come: () => void): boolean {
    if (this.#running < most) {
      this.#running++;
      return true;
    }
    this.#waiting.add(come);
    return false;
  }

  /** One runs that has not waited. */
  join(): void {
    this.#running++;
  }

  /** No turn is wanted any more. */
  forget(come: () => void): void {
    this.#waiting.delete(come);
  }

  /** One that ran has ended. Its room goes to the next. */
  leave(): void {
    for (const come of this.#waiting) {
      this.#waiting.delete(come);
      // Not from inside the end of another call.
      queueMicrotask(come);
      return;
    }
    this.#running--;
  }
}
