/**
 * What all connections of a process may grant beyond the windows that streams have at first (RFC 9113 section 5.2), so that many
 * large uploads at once stay within bounds. One for all connections; without any left windows stay as they are.
 */
export class WindowBudget {
  #left: number;

  /** 0 or more: 64 MiB let eight streams have the largest window that is the default. */
  constructor(bytes: number) {
    this.#left = bytes;
  }

  /** Takes so many bytes, or what is left of them. */
  take(bytes: number): number {
    const taken = Math.min(bytes, this.#left);
    this.#left -= taken;
    return taken;
  }

  /** Returns what was taken. */
  give(bytes: number): void {
    this.#left += bytes;
  }
}

/** A window is too small if so much of it comes within a round trip. */
const enough = 0.66;
const growth = 2;

/**
 * Finds how large a window has to be for a link never to stand still: the bytes that come within a round trip, its
 * bandwidth-delay product. It measures when a stream has taken half of its window, never for small calls.
 */
export class WindowTuner {
  readonly #most: number;
  readonly #now: () => number;
  readonly #ping: (onAck: () => void) => void;
  #target: number;
  #isMeasuring = false;
  #began = 0;
  #bytes = 0;
  #fastest = 0;

  /** `ping` sends PING, and calls back when it is acknowledged. */
  constructor(first: number, most: number, now: () => number, ping: (onAck: () => void) => void) {
    this.#target = first;
    this.#most = most;
    this.#now = now;
    this.#ping = ping;
  }

  /** What a stream's window should be. */
  get target(): number {
    return this.#target;
  }

  /** Data has come. */
  received(bytes: number): void {
    if (this.#isMeasuring) this.#bytes += bytes;
  }

  /** A stream that takes much has taken half of its window. */
  measure(): void {
    if (this.#isMeasuring || this.#target >= this.#most) return;
    this.#isMeasuring = true;
    this.#bytes = 0;
    this.#began = this.#now();
    this.#ping(this.#acknowledged);
  }

  readonly #acknowledged = (): void => {
    this.#isMeasuring = false;
    const rate = this.#bytes / Math.max(this.#now() - this.#began, 0.01);
    if (this.#bytes < enough * this.#target || rate < this.#fastest) return;
    this.#fastest = rate;
    this.#target = Math.min(this.#most, Math.max(this.#target, growth * this.#bytes));
  };
}
