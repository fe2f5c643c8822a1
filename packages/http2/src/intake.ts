import { Backlog } from "./backlog.ts";
import type { Duplex } from "./duplex.ts";
import { noTimer, type Runtime } from "./runtime.ts";

/** Whoever reads what an intake gives. */
export interface IntakeHost {
  readonly isOpen: boolean;
  /** Nothing is read any more, not even to be thrown away. */
  readonly isDeaf: boolean;
  readonly runtime: Runtime;
  /** Reads frames as far as a turn allows. Gives where it stopped. */
  read(chunk: Uint8Array, start: number, end: number): number;
  turnBegins(): void;
}

/**
 * What has come of a connection and was too much for one turn of the event loop: the rest is read in the next ones, behind
 * what the other connections have to do, so that none has the loop for itself. The transport is paused meanwhile.
 */
export class Intake {
  readonly #host: IntakeHost;
  readonly #duplex: Duplex;
  readonly #waiting = new Backlog();
  #held = false;
  #scheduled = false;
  #isBacklogged = false;
  #isWaiting = false;
  #cancelWait: () => void = noTimer;
  #isPaused = false;
  #then: (() => void)[] = [];

  constructor(host: IntakeHost, duplex: Duplex) {
    this.#host = host;
    this.#duplex = duplex;
  }

  /** Reads nothing for so many milliseconds. */
  wait(ms: number): void {
    this.#isWaiting = true;
    this.#pauseOrResume();
    this.#cancelWait = this.#host.runtime.timer(ms, () => {
      this.#isWaiting = false;
      this.#schedule();
      this.#pauseOrResume();
    });
  }

  /** Something waits to be read. */
  get isBehind(): boolean {
    return this.#waiting.bytes > 0;
  }

  /** Nothing is read for now, whatever the peer sends. */
  get isHeldBack(): boolean {
    return this.#isWaiting || this.#isBacklogged || this.isBehind;
  }

  /** Reads borrowed bytes, now or in later turns. */
  take(chunk: Uint8Array, start: number, end: number): void {
    const wasBehind = this.isBehind;
    const at = wasBehind || this.#isWaiting ? start : this.#host.read(chunk, start, end);
    if (at === end || !this.#host.isOpen) return;
    this.#waiting.copy(chunk, at, end);
    // Node resumes a stream that was read by another way before, whoever has paused it meanwhile.
    if (this.#isWaiting) return this.#duplex.pause();
    if (wasBehind) return;
    this.#pauseOrResume();
    this.#schedule();
  }

  /** Reads no more of a peer that does not read, or reads on; but what somebody waits for is read. */
  backlogged(isBacklogged: boolean): void {
    this.#isBacklogged = isBacklogged;
    this.#hold(isBacklogged && this.#then.length === 0);
    this.#pauseOrResume();
  }

  /** Nothing is waited for any more. */
  stop(): void {
    this.#isWaiting = false;
    this.#cancelWait();
  }

  /** The connection has ended: what still comes is thrown away, or not read at all. */
  ended(): void {
    this.#hold(false);
    this.#pauseOrResume();
  }

  /** Runs when all that has come is read: now, or later. */
  whenRead(run: () => void): void {
    if (!this.isBehind) return run();
    this.#then.push(run);
    this.#hold(false);
  }

  #hold(isHeld: boolean): void {
    this.#held = isHeld;
    this.#schedule();
  }

  /** Nothing more comes of a peer that has to wait or does not read, or as long as there is more of it than a turn allows. */
  #pauseOrResume(): void {
    const pauses = this.#host.isOpen ? this.isHeldBack : this.#host.isDeaf;
    if (pauses === this.#isPaused) return;
    this.#isPaused = pauses;
    if (pauses) this.#duplex.pause();
    else this.#duplex.resume();
  }

  #schedule(): void {
    if (this.#scheduled || this.#held || this.#isWaiting || !this.isBehind) return;
    this.#scheduled = true;
    this.#host.runtime.later(this.#readOn);
  }

  readonly #readOn = (): void => {
    this.#scheduled = false;
    this.#host.turnBegins();
    while (this.isBehind && this.#host.isOpen) {
      const { chunk, at } = this.#waiting;
      const stop = this.#host.read(chunk, at, chunk.length);
      if (stop > at) this.#waiting.advance(stop - at);
      if (stop < chunk.length) break;
    }
    if (!this.#host.isOpen) this.#waiting.clear();
    if (this.isBehind) return this.#schedule();
    this.#pauseOrResume();
    for (const run of this.#then.splice(0)) run();
  };
}
