/** Requests that wait for their turn beside those that run: no client of good faith sends so many ahead. */
const mostWaiting = 1024;

/**
 * The requests of one HTTP/1.1 connection (RFC 9112 section 9.3.2). A client may send many without waiting for answers:
 * those beyond what may run at once wait for their turn, unseen. node reads on whatever it is told, so that there has to be
 * an end to them.
 */
export class Pipeline {
  readonly #most: number;
  #running = 0;
  #waiting: (() => void)[] = [];

  constructor(most: number) {
    this.#most = most;
  }

  /** Nothing runs on the connection. */
  get idle(): boolean {
    return this.#running === 0;
  }

  /** Begins a request, now or in its turn. False: too many wait, and the connection has to end. */
  enter(begin: () => void): boolean {
    if (this.#running < this.#most) {
      this.#running++;
      begin();
      return true;
    }
    if (this.#waiting.length === mostWaiting) return false;
    this.#waiting.push(begin);
    return true;
  }

  /** A request is through. */
  leave(): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#running--;
    else next();
  }

  /** The connection is gone, and with it the requests that wait. */
  close(): void {
    this.#waiting = [];
  }
}
