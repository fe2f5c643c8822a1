/** An entry keeps its own neighbours: it is in one list at most. */
export interface Linked {
  previous: Linked | null;
  next: Linked | null;
}

/**
 * What runs, one entry a call, in the order in which it came. A Set would do, but for what V8 does with it: entries that come
 * and go leave a chain of outgrown tables behind, which holds ended calls until a full collection.
 */
export class LinkedList<Entry extends Linked> {
  #first: Linked | null = null;
  #last: Linked | null = null;

  get isEmpty(): boolean {
    return this.#first === null;
  }

  /** All, also while they leave. */
  values(): Entry[] {
    const entries: Entry[] = [];
    for (let entry = this.#first; entry !== null; entry = entry.next) entries.push(entry as Entry);
    return entries;
  }

  /** It is in no list. */
  add(entry: Entry): void {
    entry.previous = this.#last;
    if (this.#last === null) this.#first = entry;
    else this.#last.next = entry;
    this.#last = entry;
  }

  /** It may have left already, or never been there. */
  delete(entry: Entry): void {
    const { previous, next } = entry;
    if (previous === null && this.#first !== entry) return;
    if (previous === null) this.#first = next;
    else previous.next = next;
    if (next === null) this.#last = previous;
    else next.previous = previous;
    // One that has left keeps no other alive.
    entry.previous = entry.next = null;
  }
}
