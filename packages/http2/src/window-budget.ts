import { wrongOption } from "./option-checks.ts";

/**
 * What may be granted to peers beyond the windows that streams have at first (RFC 9113 section 5.2): by a process, one for all of
 * its connections, or by one of them. Without any left windows stay as they are.
 */
export class WindowBudget {
  #left: number;
  readonly #from: WindowBudget | undefined;

  /** `bytes`: 0 or more; else a TypeError. `from`: what it takes is taken from there, too. */
  constructor(bytes: number, from?: WindowBudget) {
    if (typeof bytes !== "number" || !(bytes >= 0))
      throw wrongOption("the WindowBudget", bytes, "a number of bytes, 0 or more");
    this.#left = bytes;
    this.#from = from;
  }

  /** Takes so many bytes, or what is left of them. */
  take(bytes: number): number {
    const left = Math.min(bytes, this.#left);
    const taken = this.#from === undefined ? left : this.#from.take(left);
    this.#left -= taken;
    return taken;
  }

  /** Returns what was taken. */
  give(bytes: number): void {
    this.#left += bytes;
    this.#from?.give(bytes);
  }
}
