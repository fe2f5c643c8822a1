import type { Readable } from "node:stream";

import type { Site } from "./site.ts";

/** What becomes of a request's body. */
export interface RequestBodyEvents {
  /** It begins to flow. */
  wanted(): void;
  data(chunk: Buffer): void;
  end(): void;
  /** What was thrown away has ended. */
  drained(): void;
  /** The response has been sent, and what is left of the request is more than is thrown away, or takes too long. */
  overrun(): void;
}

/**
 * The body of a request, out of one of node's streams: held back until it is wanted and while it is paused, and thrown
 * away, within bounds, once the response has ended first.
 */
export class RequestBody {
  readonly #stream: Readable;
  readonly #site: Site;
  readonly #events: RequestBodyEvents;
  /** `waiting`: accept() has not answered, or it has never been let flow. `left`: nobody wants to hear of it any more. */
  #state: "waiting" | "flowing" | "ended" | "discarding" | "left" = "waiting";
  #started = false;
  #paused = false;
  /** It ended while it was paused. */
  #endHeld = false;
  #received = 0;
  #discarded = 0;
  #responseSent = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(stream: Readable, site: Site, events: RequestBodyEvents) {
    this.#stream = stream;
    this.#site = site;
    this.#events = events;
  }

  /** Nothing of it has been asked for. */
  get untouched(): boolean {
    return this.#state === "waiting";
  }

  /** It was delivered whole, or thrown away. */
  get ended(): boolean {
    return this.#state === "ended";
  }

  /** Bytes so far. */
  get received(): number {
    return this.#received;
  }

  /** accept() has answered. */
  start(): void {
    this.#started = true;
    if (!this.#paused) this.#read();
  }

  pause(): void {
    this.#paused = true;
    if (this.#state === "flowing") this.#stream.pause();
  }

  resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    if (this.#endHeld) process.nextTick(this.#deliverEnd);
    else if (this.#state === "flowing") this.#stream.resume();
    else if (this.#started) this.#read();
  }

  /** The response has ended: what is left is read and thrown away. */
  discard(): void {
    if (this.#state === "ended" || this.#state === "left") return;
    const listening = this.#state === "flowing";
    this.#paused = false;
    this.#state = this.#endHeld ? "ended" : "discarding";
    if (this.#state === "ended") return;
    if (this.#stream.readableEnded) {
      // Somebody else has read it, and there was nothing.
      process.nextTick(this.#streamEnded);
      return;
    }
    if (!listening) this.#listen();
    this.#stream.resume();
  }

  /** The response has been sent whole: the bounds hold from now on. */
  responseSent(): void {
    this.#responseSent = true;
    if (this.#state !== "discarding") return;
    if (this.#discarded > this.#site.drainBytes) this.#events.overrun();
    else this.#timer = setTimeout(() => this.#events.overrun(), this.#site.drainMs).unref();
  }

  /** No event comes any more. What node still holds of it is let go. */
  leave(): void {
    clearTimeout(this.#timer);
    if (this.#state === "ended") return;
    this.#state = "left";
    this.#stream.off("data", this.#data);
    this.#stream.resume();
  }

  #read(): void {
    if (this.#state !== "waiting") return;
    this.#state = "flowing";
    this.#events.wanted();
    this.#listen();
    if (this.#stream.readableEnded) process.nextTick(this.#deliverEnd);
    else this.#stream.resume();
  }

  #listen(): void {
    this.#stream.on("data", this.#data);
    this.#stream.on("end", this.#streamEnded);
  }

  readonly #data = (chunk: Buffer): void => {
    this.#received += chunk.length;
    if (this.#state === "flowing") this.#events.data(chunk);
    else if (this.#state === "discarding") {
      this.#discarded += chunk.length;
      if (this.#discarded <= this.#site.drainBytes) return;
      if (this.#responseSent) this.#events.overrun();
      else this.#stream.pause();
    }
  };

  readonly #streamEnded = (): void => {
    // node ends a truncated request of HTTP/1.1 like a whole one.
    if ("complete" in this.#stream && this.#stream.complete === false) return;
    if (this.#state === "discarding") {
      this.#state = "ended";
      clearTimeout(this.#timer);
      this.#events.drained();
    } else this.#deliverEnd();
  };

  readonly #deliverEnd = (): void => {
    if (this.#state !== "flowing") return;
    this.#endHeld = this.#paused;
    if (this.#paused) return;
    this.#state = "ended";
    this.#events.end();
  };
}
