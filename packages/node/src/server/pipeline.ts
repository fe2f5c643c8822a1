import type { Socket } from "node:net";

/**
 * The requests of one HTTP/1.1 connection (RFC 9112 section 9.3.2). A client may send many without waiting for answers:
 * those beyond what may run at once wait, unseen, and nothing more is read until they have had their turn.
 */
export class Pipeline {
  readonly #socket: Socket;
  readonly #most: number;
  #running = 0;
  readonly #waiting: (() => void)[] = [];

  constructor(socket: Socket, most: number) {
    this.#socket = socket;
    this.#most = most;
  }

  /** Nothing runs on the connection. */
  get idle(): boolean {
    return this.#running === 0;
  }

  /** Begins a request, now or in its turn. */
  enter(begin: () => void): void {
    if (this.#running < this.#most) {
      this.#running++;
      begin();
    } else {
      this.#waiting.push(begin);
      this.#socket.pause();
    }
  }

  /** A request is through. */
  leave(): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#running--;
    else {
      if (this.#waiting.length === 0) this.#socket.resume();
      next();
    }
  }
}
