import type { Host } from "../host/host.ts";

/** What is worked off without a break, in bytes of messages: half a millisecond or so. */
const mostAtOnce = 256 * 1024;

/** What reading a message costs beside its bytes, as bytes. */
export const messageCost: number = 1024;
/** The same for one that is unpacked: the algorithm's state is made anew for each. */
export const unpackedCost: number = 16 * 1024;
/** What a message costs that is unpacked off the loop: most were tried at once first. */
export const offLoopCost: number = 64 * 1024;

/** Says when a body may be read on, and hears what reading it costs. */
export interface Intake {
  /** Whether the next message may be read now. If not, `go` is called once, when to ask again. */
  admits(go: () => void): boolean;
  /** `go` is not to be called any more. */
  forget(go: () => void): void;
  /** A message was read, at a cost in bytes. */
  spend(cost: number): void;
  /** A message is being unpacked off the loop, until {@link unpacked}. */
  unpacking(): void;
  unpacked(): void;
}

/**
 * Lets the event loop turn while messages are read. They lie ready many at a time, unpack to thousands of times their size,
 * and whoever takes them does so in microtasks, so that without a break no timer fires and nobody else is served. All bodies
 * of one connection, or one transport, share a pace; those that had to wait come in turn.
 */
export class Pace implements Intake {
  readonly #host: Pick<Host, "nextTurn">;
  readonly #waiting = new Set<() => void>();
  #spent = 0;
  #turning = false;

  constructor(host: Pick<Host, "nextTurn">) {
    this.#host = host;
  }

  /** Whether something may be done now. */
  get goesOn(): boolean {
    return this.#spent < mostAtOnce;
  }

  admits(go: () => void): boolean {
    if (this.goesOn) return true;
    this.#waiting.add(go);
    this.#turn();
    return false;
  }

  forget(go: () => void): void {
    this.#waiting.delete(go);
  }

  spend(cost: number): void {
    this.#spent += cost;
  }

  unpacking(): void {
    // However many there are.
  }

  unpacked(): void {
    // See above.
  }

  #turn(): void {
    if (this.#turning) return;
    this.#turning = true;
    this.#host.nextTurn(() => {
      this.#turning = false;
      this.#spent = 0;
      for (const go of this.#waiting) {
        if (!this.goesOn) {
          this.#turn();
          return;
        }
        this.#waiting.delete(go);
        go();
      }
    });
  }
}
