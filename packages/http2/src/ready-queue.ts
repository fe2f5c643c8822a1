import type { Stream } from "./stream.ts";

/** RFC 9218 section 4.1: 0 is the most urgent. */
const urgencies = 8;

/**
 * The streams that wait for room on their connection, the most urgent first (RFC 9218 section 10). Those of the same urgency
 * take turns; one that asked not to be incremental keeps its turn, for half of two such responses is of no use.
 */
export class ReadyQueue {
  readonly #first: (Stream | null)[] = Array.from({ length: urgencies }, () => null);
  readonly #last: (Stream | null)[] = Array.from({ length: urgencies }, () => null);
  #size = 0;

  get isEmpty(): boolean {
    return this.#size === 0;
  }

  /** Behind the others of its urgency. Once. */
  add(stream: Stream): void {
    if (stream.isReady) return;
    const { urgency } = stream;
    const last = this.#last[urgency]!;
    if (last === null) this.#first[urgency] = stream;
    else last.nextReady = stream;
    this.#last[urgency] = stream;
    stream.isReady = true;
    this.#size++;
  }

  /** Before the others of its urgency: its turn is not over. */
  putBack(stream: Stream): void {
    const { urgency } = stream;
    stream.nextReady = this.#first[urgency]!;
    this.#first[urgency] = stream;
    if (stream.nextReady === null) this.#last[urgency] = stream;
    stream.isReady = true;
    this.#size++;
  }

  /** Takes the next one out. */
  take(): Stream | null {
    if (this.#size === 0) return null;
    let urgency = 0;
    while (this.#first[urgency] === null) urgency++;
    const stream = this.#first[urgency]!;
    this.#first[urgency] = stream.nextReady;
    if (stream.nextReady === null) this.#last[urgency] = null;
    stream.nextReady = null;
    stream.isReady = false;
    this.#size--;
    return stream;
  }
}
