/** What stands in the table. */
interface Identified {
  readonly id: number;
}

const leastBits = 3;
/** An empty table has no more slots than this says. */
const mostIdleBits = 8;

/**
 * The streams that are open, by their ids: a hash table with open addressing. A Map would do, but for what V8 does with it:
 * entries that come and go leave a chain of outgrown tables behind, which holds ended streams until a full collection.
 *
 * Ids that follow each other are spread, so that filled slots stand in short rows: what is deleted makes the rest of its row
 * move. A peer that looks for ids which collide makes a row of as many as it may have open.
 */
export class StreamTable<Stream extends Identified> {
  /** At most half of them are filled. A stream is at its id's place, or behind it without a gap between. */
  #slots: (Stream | undefined)[] = emptySlots(leastBits);
  #bits = leastBits;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  get(id: number): Stream | undefined {
    const slots = this.#slots;
    const mask = slots.length - 1;
    let at = this.#placeOf(id);
    let stream = slots[at];
    while (stream !== undefined && stream.id !== id) stream = slots[(at = (at + 1) & mask)];
    return stream;
  }

  /** Its id is in the table no more than once. */
  add(stream: Stream): void {
    if (++this.#size * 2 > this.#slots.length) this.#resize(this.#bits + 1);
    this.#place(stream);
  }

  /** False: it is not there. */
  delete(id: number): boolean {
    const slots = this.#slots;
    const mask = slots.length - 1;
    let at = this.#placeOf(id);
    while (slots[at] !== undefined && slots[at]!.id !== id) at = (at + 1) & mask;
    if (slots[at] === undefined) return false;
    // Those behind it move up, unless that took them before their place.
    for (let next = (at + 1) & mask; slots[next] !== undefined; next = (next + 1) & mask) {
      const home = this.#placeOf(slots[next]!.id);
      if (((next - home) & mask) < ((next - at) & mask)) continue;
      slots[at] = slots[next];
      at = next;
    }
    slots[at] = undefined;
    // After a rush it takes less room, by and by.
    if (--this.#size === 0 && this.#bits > mostIdleBits) this.#resize(this.#bits - 1);
    return true;
  }

  /** All, in the order in which they were opened. */
  values(): Stream[] {
    return this.#slots.filter((stream) => stream !== undefined).sort((a, b) => a.id - b.id);
  }

  clear(): void {
    this.#slots = emptySlots((this.#bits = leastBits));
    this.#size = 0;
  }

  #resize(bits: number): void {
    const before = this.#slots;
    this.#slots = emptySlots((this.#bits = bits));
    for (const stream of before) if (stream !== undefined) this.#place(stream);
  }

  #place(stream: Stream): void {
    const slots = this.#slots;
    const mask = slots.length - 1;
    let at = this.#placeOf(stream.id);
    while (slots[at] !== undefined) at = (at + 1) & mask;
    slots[at] = stream;
  }

  #placeOf(id: number): number {
    return Math.imul(id, 0x9e3779b1) >>> (32 - this.#bits);
  }
}

function emptySlots(bits: number): undefined[] {
  const slots: undefined[] = [];
  slots.length = 2 ** bits;
  return slots.fill(undefined);
}
