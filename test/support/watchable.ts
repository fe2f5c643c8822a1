/** State that events change, and that can be waited for. */
export class Watchable {
  #waiting: (() => void)[] = [];

  /** To be called with every change. */
  changed(): void {
    for (const resolve of this.#waiting.splice(0)) resolve();
  }

  /** Resolves with what `find` gives, as soon as it gives something. */
  async until<T>(find: () => T | undefined): Promise<T> {
    for (;;) {
      const found = find();
      if (found !== undefined) return found;
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
  }
}
