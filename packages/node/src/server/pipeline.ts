/** Requests that wait for their turn: no client of good faith sends so many ahead. */
const mostWaiting = 1024;

/**
 * The requests of one HTTP/1.1 connection (RFC 9112 section 9.3.2). A client may send some ahead of the answers: they are
 * served one after the other, unseen until then. node reads on whatever it is told, so that there has to be an end to them.
 */
export class Pipeline {
  /** `closed`: the client has been told that the connection takes no further request, or it is gone. */
  #state: "idle" | "busy" | "closed" = "idle";
  #waiting: (() => void)[] = [];

  /** Nothing runs on the connection. */
  get idle(): boolean {
    return this.#state === "idle";
  }

  /** Begins a request, now or in its turn, or never if the connection takes none. False: too many wait. */
  enter(begin: () => void): boolean {
    if (this.#state === "closed") return true;
    if (this.#state === "busy") {
      if (this.#waiting.length === mostWaiting) return false;
      this.#waiting.push(begin);
      return true;
    }
    this.#state = "busy";
    begin();
    return true;
  }

  /** A request is through. */
  leave(): void {
    if (this.#state === "closed") return;
    const next = this.#waiting.shift();
    if (next === undefined) this.#state = "idle";
    else next();
  }

  /** No further request is served: who was told so may send it elsewhere (RFC 9112 section 9.6). */
  close(): void {
    this.#state = "closed";
    this.#waiting = [];
  }
}
