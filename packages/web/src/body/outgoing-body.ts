/** What becomes of an outgoing body. None of it comes from inside a call to the body. */
export interface OutgoingEvents {
  /** There is room again. Only after write() has answered false. */
  writable(): void;
  /** All of it has been taken, its end included. */
  flushed(): void;
  /** Nobody takes it any more. */
  canceled(reason: unknown): void;
}

/** Bytes that wait at which write() answers false. */
const mostWaiting = 64 * 1024;
/** Chunks that wait are handed over together, up to so many bytes: each costs its taker a turn. */
const mostTogether = 64 * 1024;

/**
 * A body that is written chunk by chunk, as a stream. Chunks wait here until the runtime asks for them, so that its pace
 * is the writer's.
 */
export class OutgoingBody {
  readonly stream: ReadableStream<Uint8Array>;
  readonly #events: OutgoingEvents;
  #controller!: ReadableStreamDefaultController<Uint8Array>;
  readonly #waiting: Uint8Array[] = [];
  #waitingBytes = 0;
  #state: "open" | "ended" | "flushed" | "dead" = "open";
  /** write() has answered false, and nothing has been said since. */
  #choked = false;
  /** Answers the runtime, which has asked for more than there was. */
  #asked: (() => void) | undefined;

  constructor(events: OutgoingEvents) {
    this.#events = events;
    this.stream = new ReadableStream<Uint8Array>(
      {
        start: (controller) => {
          this.#controller = controller;
        },
        pull: () => this.#pull(),
        cancel: (reason) => this.#cancel(reason),
      },
      // Nothing is asked for before somebody reads.
      { highWaterMark: 0 },
    );
  }

  get flushed(): boolean {
    return this.#state === "flushed";
  }

  /** Always takes the chunk, which must not change any more. False: wait for writable(). */
  write(chunk: Uint8Array): boolean {
    if (this.#state !== "open") return true;
    if (chunk.length > 0) {
      this.#waiting.push(chunk);
      this.#waitingBytes += chunk.length;
      if (this.#asked !== undefined) this.#give();
    }
    this.#choked ||= this.#waitingBytes >= mostWaiting;
    return !this.#choked;
  }

  end(): void {
    if (this.#state !== "open") return;
    this.#state = "ended";
    if (this.#waiting.length === 0) this.#close();
  }

  /** Breaks it off: who reads it hears that it is not complete. */
  fail(reason: unknown): void {
    if (this.drop()) this.#controller.error(reason);
  }

  /** Gives it up, unread: nobody hears anything. False if it was over. */
  drop(): boolean {
    if (this.#state === "flushed" || this.#state === "dead") return false;
    this.#state = "dead";
    this.#waiting.length = 0;
    this.#waitingBytes = 0;
    this.#answer();
    return true;
  }

  #pull(): Promise<void> | void {
    if (this.#waiting.length === 0) return new Promise((resolve) => (this.#asked = resolve));
    this.#give();
    if (this.#state === "ended" && this.#waiting.length === 0) this.#close();
    else if (this.#choked && this.#waitingBytes < mostWaiting) {
      this.#choked = false;
      this.#events.writable();
    }
  }

  #give(): void {
    const chunk = this.#together();
    this.#waitingBytes -= chunk.length;
    this.#controller.enqueue(chunk);
    this.#answer();
  }

  /** Takes what waits, as much as goes together. */
  #together(): Uint8Array {
    const waiting = this.#waiting;
    let length = waiting[0]!.length;
    let count = 1;
    while (count < waiting.length && length + waiting[count]!.length <= mostTogether)
      length += waiting[count++]!.length;
    const chunks = waiting.splice(0, count);
    if (count === 1) return chunks[0]!;
    const whole = new Uint8Array(length);
    let at = 0;
    for (const chunk of chunks) {
      whole.set(chunk, at);
      at += chunk.length;
    }
    return whole;
  }

  #close(): void {
    this.#state = "flushed";
    this.#controller.close();
    this.#answer();
    queueMicrotask(() => this.#events.flushed());
  }

  #answer(): void {
    const asked = this.#asked;
    this.#asked = undefined;
    asked?.();
  }

  #cancel(reason: unknown): void {
    // Whoever cancels may do so from inside a call of its own.
    if (this.drop()) queueMicrotask(() => this.#events.canceled(reason));
  }
}
