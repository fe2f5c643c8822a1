/** Requests that wait for their turn, and their heads and bodies in bytes: no client of good faith sends so much ahead. */
const mostWaiting = 256;
const mostWaitingBytes = 1024 * 1024;

/** What cuts a request off that runs. */
interface Running {
  cut(): void;
}

interface Waiting {
  readonly begin: () => void;
  readonly bytes: () => number;
}

/**
 * The requests of one HTTP/1.1 connection (RFC 9112 section 9.3.2). A client may send some ahead of the answers: they are
 * served one after the other, unseen until then. node reads on whatever it is told, so that there has to be an end to them.
 */
export class Pipeline {
  /** `closed`: the client has been told that the connection takes no further request, or it is gone. */
  #state: "idle" | "busy" | "closed" = "idle";
  #waiting: Waiting[] = [];
  /** The request whose turn it is, once it has been handed on. */
  running: Running | undefined;

  /** Nothing runs on the connection. */
  get idle(): boolean {
    return this.#state === "idle";
  }

  /**
   * Begins a request, now or in its turn, or never if the connection takes none. False: too much waits. `bytes` is what it
   * has in memory, which grows until the next one enters.
   */
  enter(begin: () => void, bytes: () => number): boolean {
    if (this.#state === "closed") return true;
    if (this.#state === "busy") {
      this.#waiting.push({ begin, bytes });
      return this.#waiting.length <= mostWaiting && this.#waitingBytes <= mostWaitingBytes;
    }
    this.#state = "busy";
    begin();
    return true;
  }

  /** A request is through. */
  leave(): void {
    this.running = undefined;
    if (this.#state === "closed") return;
    const next = this.#waiting.shift();
    if (next === undefined) this.#state = "idle";
    else next.begin();
  }

  /** No further request is served: who was told so may send it elsewhere (RFC 9112 section 9.6). */
  close(): void {
    this.#state = "closed";
    this.#waiting = [];
  }

  get #waitingBytes(): number {
    return this.#waiting.reduce((sum, { bytes }) => sum + bytes(), 0);
  }
}
