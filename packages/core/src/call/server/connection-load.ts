import { Pace } from "../pace.ts";
import type { Host } from "../../host/host.ts";

/** Bytes of replies that one connection's client has not taken, above which its further calls wait: of one that has taken none. */
const firstUnsentBytes = 4 * 1024 * 1024;
/** The same at most: it grows by what was taken, so that who only comes to make replies, again and again, is made few. */
const mostUnsentBytes = 16 * 1024 * 1024;
/** Messages that are packed or unpacked off the event loop at once: as many as Node's thread pool, which is everybody's, has threads. */
const mostPacking = 4;

/** What one connection makes a server hold. Who would add to it waits while it is too much. */
export class ConnectionLoad {
  /** Of the messages that it is sent, and of the replies that are made for it. */
  readonly pace: Pace;
  #unsent = 0;
  #mayBeUnsent = firstUnsentBytes;
  #packing = 0;
  readonly #waiting = new Set<() => void>();
  /** How many of those that wait are still to be asked. */
  #asking = 0;

  constructor(host: Pick<Host, "nextTurn">) {
    this.pace = new Pace(host);
  }

  /** Replies wait that have not left: no more should be made. */
  get full(): boolean {
    return this.#unsent >= this.#mayBeUnsent;
  }

  /** Enough is packed and unpacked off the loop. */
  get busy(): boolean {
    return this.#packing >= mostPacking;
  }

  /** A reply of so many bytes waits to leave, until {@link sent}. */
  unsent(bytes: number): void {
    this.#unsent += bytes;
  }

  /** It waits no more: it was taken, or given up. */
  sent(bytes: number, wasTaken: boolean): void {
    if (bytes === 0) return;
    const wasFull = this.full;
    this.#unsent -= bytes;
    if (wasTaken) this.#mayBeUnsent = Math.min(mostUnsentBytes, this.#mayBeUnsent + bytes);
    if (wasFull && !this.full) this.#ask();
  }

  /** A message is packed or unpacked off the loop, until {@link packed}. */
  packing(): void {
    this.#packing++;
  }

  packed(): void {
    this.#packing--;
    this.#ask();
  }

  /** `go` is called once, when there may be room. */
  wait(go: () => void): void {
    this.#waiting.add(go);
  }

  forget(go: () => void): void {
    this.#waiting.delete(go);
  }

  /** Asks each that waits, in order: one at a time, since what it then does may leave no room for the next. */
  #ask(): void {
    const asking = this.#asking > 0;
    this.#asking = this.#waiting.size;
    if (!asking && this.#asking > 0) queueMicrotask(this.#askNext);
  }

  readonly #askNext = (): void => {
    this.#asking--;
    const [go] = this.#waiting;
    if (go === undefined) {
      this.#asking = 0;
      return;
    }
    this.#waiting.delete(go);
    go();
    if (this.#asking > 0) queueMicrotask(this.#askNext);
  };
}
