import type { Pings } from "./pings.ts";
import type { Runtime } from "./runtime.ts";

/** A window may be too small if so much of it comes within a round trip. */
const enough = 0.66;
/** How much of what a growth promised must have come for another to be of use. */
const kept = 0.65;
/** A round trip that is no longer than this, beside the shortest, has met no queue. */
const unqueued = 1.25;
/** What is shorter says little of a rate, in milliseconds. */
const shortestMeasurement = 5;
/** After so many measurements in a row that asked for no more, PING goes out only when one does. */
const calmAfter = 2;

/**
 * Finds how large a window has to be for a link never to stand still: the bytes that come within a round trip, its
 * bandwidth-delay product. It measures from credit to credit of streams that take much, so small calls cost nothing.
 *
 * That a window's worth comes within a round trip does not say that the window is too small: before a busy peer, or a slow
 * link, a larger one lengthens the queue, and the round trip with it. So a window that has grown grows again only if the
 * peer has become faster by as much, or nearly so.
 */
export class WindowTuner {
  readonly #most: number;
  readonly #clock: Pick<Runtime, "now">;
  readonly #pings: Pick<Pings, "send">;
  #target: number;
  /** What the last growth promised, in bytes a millisecond. */
  #promised = 0;
  /** Whether PING was sent when this measurement began, and has been answered. */
  #state: "unasked" | "asked" | "answered" = "unasked";
  #began = -Infinity;
  #bytes = 0;
  /** The last one, and the shortest, in milliseconds. */
  #roundTrip = 0;
  #shortest = Infinity;
  #calm = 0;

  constructor(first: number, most: number, clock: Pick<Runtime, "now">, pings: Pick<Pings, "send">) {
    this.#target = first;
    this.#most = most;
    this.#clock = clock;
    this.#pings = pings;
  }

  /** What a stream's window should be. */
  get target(): number {
    return this.#target;
  }

  /** Data has come. */
  received(bytes: number): void {
    this.#bytes += bytes;
  }

  /** A stream that takes much is given credit. */
  measure(): void {
    if (this.#target >= this.#most || this.#state === "asked") return;
    const now = this.#clock.now();
    const took = now - this.#began;
    if (took < this.#roundTrip || took < shortestMeasurement) return;
    const rate = this.#bytes / took;
    const isTooSmall = rate * this.#roundTrip >= enough * this.#target && rate >= kept * this.#promised;
    if (isTooSmall && this.#state === "answered") this.#grow(rate);
    this.#calm = isTooSmall ? 0 : this.#calm + 1;
    this.#began = now;
    this.#bytes = 0;
    if (this.#calm > calmAfter) this.#state = "unasked";
    else {
      this.#state = "asked";
      this.#pings.send(this.#acknowledged);
    }
  }

  #grow(rate: number): void {
    const growth = this.#roundTrip <= unqueued * this.#shortest ? 4 : 2;
    // More than a window within a round trip had been held up before.
    this.#promised = growth * Math.min(rate, this.#target / this.#roundTrip);
    this.#target = Math.min(this.#most, growth * this.#target);
  }

  readonly #acknowledged = (): void => {
    this.#state = "answered";
    this.#roundTrip = this.#clock.now() - this.#began;
    this.#shortest = Math.min(this.#shortest, this.#roundTrip);
  };
}
