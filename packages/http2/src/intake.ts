import { Backlog } from "./backlog.ts";
import type { Runtime } from "./runtime.ts";

/** Whoever reads what an intake gives. */
export interface IntakeHost {
  readonly isOpen: boolean;
  readonly runtime: Runtime;
  /** Reads frames as far as a turn allows. Gives where it stopped. */
  read(chunk: Uint8Array, start: number, end: number): number;
  /** A turn begins. */
  readOn(): void;
  /** What has come is more than a turn allows, or is not any more: `isBehind` of the intake says which. */
  behindChanged(): void;
}

/**
 * What has come of a connection and was too much for one turn of the event loop: the rest is read in the next ones, behind
 * what the other connections have to do, so that none has the loop for itself.
 */
export class Intake {
  readonly #host: IntakeHost;
  readonly #waiting = new Backlog();
  #held = false;
  #scheduled = false;
  #then: (() => void)[] = [];

  constructor(host: IntakeHost) {
    this.#host = host;
  }

  /** Something waits to be read. */
  get isBehind(): boolean {
    return this.#waiting.bytes > 0;
  }

  /** Reads borrowed bytes, now or in later turns. */
  take(chunk: Uint8Array, start: number, end: number): void {
    const wasBehind = this.isBehind;
    const at = wasBehind ? start : this.#host.read(chunk, start, end);
    if (at === end || !this.#host.isOpen) return;
    this.#waiting.copy(chunk, at, end);
    if (wasBehind) return;
    this.#host.behindChanged();
    this.#schedule();
  }

  /** Reads on, or no more for now; but what somebody waits for is read. */
  hold(isHeld: boolean): void {
    this.#held = isHeld && this.#then.length === 0;
    this.#schedule();
  }

  /** Runs when all that has come is read: now, or later. */
  whenRead(run: () => void): void {
    if (!this.isBehind) return run();
    this.#then.push(run);
    this.hold(false);
  }

  #schedule(): void {
    if (this.#scheduled || this.#held || !this.isBehind) return;
    this.#scheduled = true;
    this.#host.runtime.later(this.#readOn);
  }

  readonly #readOn = (): void => {
    this.#scheduled = false;
    this.#host.readOn();
    while (this.isBehind && this.#host.isOpen) {
      const { chunk, at } = this.#waiting;
      const stop = this.#host.read(chunk, at, chunk.length);
      if (stop > at) this.#waiting.advance(stop - at);
      if (stop < chunk.length) break;
    }
    if (!this.#host.isOpen) this.#waiting.clear();
    if (this.isBehind) return this.#schedule();
    this.#host.behindChanged();
    for (const run of this.#then.splice(0)) run();
  };
}
