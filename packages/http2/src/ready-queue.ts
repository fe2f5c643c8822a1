import type { SendHalf } from "./send-half.ts";

/** RFC 9218 section 4.1: 0 is the most urgent. */
const urgencies = 8;
/** The `readyUrgency` of a stream that does not wait. */
export const notReady = -1;

/** One turn in so many goes to the urgencies by turns. */
const turnsOfUrgency = 16;

/**
 * The streams that wait for room on their connection, the most urgent first (RFC 9218 section 10). Those of the same urgency
 * take turns; one that asked not to be incremental keeps its turn, for half of two such responses is of no use.
 *
 * One turn in 16 goes round the urgencies that wait, so that none starves: behind a proxy the urgent and the less urgent may be
 * clients that know nothing of each other (section 13.1).
 */
export class ReadyQueue {
  readonly #first: (SendHalf | null)[] = Array.from({ length: urgencies }, () => null);
  readonly #last: (SendHalf | null)[] = Array.from({ length: urgencies }, () => null);
  #size = 0;
  #turns = 0;
  /** Which urgency had the last turn of those that go round. */
  #lastRound = urgencies - 1;

  get isEmpty(): boolean {
    return this.#size === 0;
  }

  /** Behind the others of its urgency. Once. */
  add(stream: SendHalf): void {
    if (stream.readyUrgency === notReady) this.#link(stream, this.#last[stream.urgency]!, null);
  }

  /** Before the others of its urgency: its turn is not over. */
  putBack(stream: SendHalf): void {
    this.#link(stream, null, this.#first[stream.urgency]!);
  }

  /** It waits no longer, if it did: one that is reset is not kept until there is room. */
  remove(stream: SendHalf): void {
    const { readyUrgency: urgency, previousReady: previous, nextReady: next } = stream;
    if (urgency === notReady) return;
    if (previous === null) this.#first[urgency] = next;
    else previous.nextReady = next;
    if (next === null) this.#last[urgency] = previous;
    else next.previousReady = previous;
    stream.readyUrgency = notReady;
    stream.previousReady = stream.nextReady = null;
    this.#size--;
  }

  /** Takes the next one out. */
  take(): SendHalf | null {
    if (this.#size === 0) return null;
    let urgency = 0;
    if (++this.#turns === turnsOfUrgency) {
      this.#turns = 0;
      urgency = (this.#lastRound + 1) % urgencies;
      while (this.#first[urgency] === null) urgency = (urgency + 1) % urgencies;
      this.#lastRound = urgency;
    } else while (this.#first[urgency] === null) urgency++;
    const stream = this.#first[urgency]!;
    this.remove(stream);
    return stream;
  }

  #link(stream: SendHalf, previous: SendHalf | null, next: SendHalf | null): void {
    const { urgency } = stream;
    stream.readyUrgency = urgency;
    stream.previousReady = previous;
    stream.nextReady = next;
    if (previous === null) this.#first[urgency] = stream;
    else previous.nextReady = stream;
    if (next === null) this.#last[urgency] = stream;
    else next.previousReady = stream;
    this.#size++;
  }
}
