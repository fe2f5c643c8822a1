/** RFC 9113 section 6.5.2: SETTINGS_HEADER_TABLE_SIZE until an endpoint says otherwise. */
export const initialTableOctets = 4096;

/** What a table holds: a field with its size (RFC 7541 section 4.1). */
interface Sized {
  readonly octets: number;
}

/** RFC 7541 section 2.3.2: first in, first out, bounded by the sizes of its entries (section 4). */
export class DynamicTable<Entry extends Sized> {
  /** A ring whose length is a power of two. The newest entry is before `#next`. */
  #ring: (Entry | undefined)[] = [undefined, undefined, undefined, undefined];
  #next = 0;
  #count = 0;
  #octets = 0;
  #maxOctets = initialTableOctets;
  /** Is called with each entry that goes. */
  readonly #onEvict: ((entry: Entry) => void) | undefined;

  constructor(onEvict?: (entry: Entry) => void) {
    this.#onEvict = onEvict;
  }

  get count(): number {
    return this.#count;
  }

  /** The most that its entries may have together. */
  get maxOctets(): number {
    return this.#maxOctets;
  }

  /** Entry 0 is the newest. Undefined where there is none. */
  get(index: number): Entry | undefined {
    return index < this.#count ? this.#ring[(this.#next - 1 - index) & (this.#ring.length - 1)] : undefined;
  }

  /** Section 4.4: an entry that is greater than the table empties it, and is not in it. */
  insert(entry: Entry): void {
    this.#evictDownTo(this.#maxOctets - entry.octets);
    if (entry.octets > this.#maxOctets) return;
    if (this.#count === this.#ring.length) this.#grow();
    this.#ring[this.#next] = entry;
    this.#next = (this.#next + 1) & (this.#ring.length - 1);
    this.#count++;
    this.#octets += entry.octets;
  }

  /** Section 4.3. */
  resize(maxOctets: number): void {
    this.#maxOctets = maxOctets;
    this.#evictDownTo(maxOctets);
  }

  #evictDownTo(octets: number): void {
    while (this.#octets > octets && this.#count > 0) {
      const oldest = (this.#next - this.#count) & (this.#ring.length - 1);
      const entry = this.#ring[oldest]!;
      this.#ring[oldest] = undefined;
      this.#count--;
      this.#octets -= entry.octets;
      this.#onEvict?.(entry);
    }
  }

  /** Called when full: the oldest entry is at `#next`. */
  #grow(): void {
    const { length } = this.#ring;
    const entries = [...this.#ring.slice(this.#next), ...this.#ring.slice(0, this.#next)];
    this.#ring = [...entries, ...entries.map(() => undefined)];
    this.#next = length;
  }
}
