/** What stands in the table. */
interface Identified {
  readonly id: number;
}

const least = 8;

/**
 * The streams that are open, by their ids: a hash table with open addressing. A Map would do, but for what V8 does with it:
 * entries that come and go leave a chain of outgrown tables behind, which holds ended streams until a full collection.
 *
 * Ids that follow each other never collide; those of a peer that looks for collisions do, with as many as it may have open.
 */
export class StreamTable<Stream extends Identified> {
  /** A power of two, of which at most half is filled. A stream is at its id's place, or behind it without a gap between. */
  #slots: (Stream | undefined)[] = emptySlots(least);
  #size = 0;

  get size(): number {
    return this.#size;
  }

  get(id: number): Stream | undefined {
    const slots = this.#slots;
    const mask = slots.length - 1;
    let at = (id >>> 1) & mask;
    let stream = slots[at];
    while (stream !== undefined && stream.id !== id) stream = slots[(at = (at + 1) & mask)];
    return stream;
  }

  /** Its id is in the table no more than once. */
  add(stream: Stream): void {
    if (++this.#size * 2 > this.#slots.length) this.#resize(this.#slots.length * 2);
    this.#place(stream);
  }

  /** False: it is not there. */
  delete(id: number): boolean {
    const slots = this.#slots;
    const mask = slots.length - 1;
    let at = (id >>> 1) & mask;
    while (slots[at] !== undefined && slots[at]!.id !== id) at = (at + 1) & mask;
    if (slots[at] === undefined) return false;
    // Those behind it move up, unless that took them before their place.
    for (let next = (at + 1) & mask; slots[next] !== undefined; next = (next + 1) & mask) {
      const home = (slots[next]!.id >>> 1) & mask;
      if (((next - home) & mask) < ((next - at) & mask)) continue;
      slots[at] = slots[next];
      at = next;
    }
    slots[at] = undefined;
    // After a rush it takes no more room than before.
    if (--this.#size === 0 && slots.length > 32 * least) this.clear();
    return true;
  }

  /** All, in the order in which they were opened. */
  values(): Stream[] {
    return this.#slots.filter((stream) => stream !== undefined).sort((a, b) => a.id - b.id);
  }

  clear(): void {
    this.#slots = emptySlots(least);
    this.#size = 0;
  }

  #resize(length: number): void {
    const before = this.#slots;
    this.#slots = emptySlots(length);
    for (const stream of before) if (stream !== undefined) this.#place(stream);
  }

  #place(stream: Stream): void {
    const slots = this.#slots;
    const mask = slots.length - 1;
    let at = (stream.id >>> 1) & mask;
    while (slots[at] !== undefined) at = (at + 1) & mask;
    slots[at] = stream;
  }
}

function emptySlots(length: number): undefined[] {
  return Array.from<undefined>({ length });
}
