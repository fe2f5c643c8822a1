/** Smaller pieces are copied, and share a buffer: each for itself would hold many times what is in it. */
const smallBytes = 2048;
const sharedBytes = 4096;

/** Bytes of a body that wait, in chunks that stay as they are. */
export class Backlog {
  #chunks: Uint8Array[] = [];
  /** Chunks before this one are done with. */
  #first = 0;
  /** Where in the first chunk the rest begins. */
  #at = 0;
  #bytes = 0;
  /** What small pieces are copied to, and how much of it is used. */
  #shared: Uint8Array | undefined;
  #used = 0;

  get bytes(): number {
    return this.#bytes;
  }

  /** Adds a chunk's bytes from `at` on. The chunk is shared, and immutable. */
  push(chunk: Uint8Array, at: number): void {
    if (chunk.length - at < smallBytes) this.copy(chunk, at, chunk.length);
    else this.#add(at === 0 ? chunk : chunk.subarray(at));
  }

  /** Adds bytes that are only borrowed. A Buffer's slice() would be no copy. */
  copy(chunk: Uint8Array, start: number, end: number): void {
    const length = end - start;
    if (length === 0) return;
    if (length >= smallBytes) return this.#add(new Uint8Array(chunk.subarray(start, end)));
    if (this.#shared === undefined || this.#used + length > sharedBytes) {
      this.#shared = new Uint8Array(sharedBytes);
      this.#used = 0;
    }
    const from = this.#used;
    this.#used += length;
    this.#shared.set(chunk.subarray(start, end), from);
    this.#bytes += length;
    // Right behind the last piece it makes that one longer, unless that is gone.
    const last = this.#chunks.length - 1;
    const before = last >= this.#first ? this.#chunks[last]! : undefined;
    const joins = before?.buffer === this.#shared.buffer && before.byteOffset + before.length === from;
    if (joins) this.#chunks[last] = this.#shared.subarray(before.byteOffset, this.#used);
    else this.#chunks.push(this.#shared.subarray(from, this.#used));
  }

  #add(chunk: Uint8Array): void {
    this.#chunks.push(chunk);
    this.#bytes += chunk.length;
  }

  /** The chunk that comes next; only while there are bytes. */
  get chunk(): Uint8Array {
    return this.#chunks[this.#first]!;
  }

  /** Where in it. */
  get at(): number {
    return this.#at;
  }

  /** The next bytes are done with. No more than the chunk has left. */
  advance(bytes: number): void {
    this.#at += bytes;
    this.#bytes -= bytes;
    if (this.#at < this.chunk.length) return;
    this.#at = 0;
    this.#first++;
    if (this.#first === this.#chunks.length) this.#chunks.length = this.#first = 0;
    else if (this.#first >= 64 && this.#first * 2 > this.#chunks.length) {
      this.#chunks.splice(0, this.#first);
      this.#first = 0;
    }
  }

  /** None of it is needed any more. */
  clear(): void {
    this.#chunks = [];
    this.#first = this.#at = this.#bytes = 0;
    this.#shared = undefined;
  }
}
