/** Bytes of a body that wait to be sent, in chunks that are shared and immutable. */
export class Backlog {
  #chunks: Uint8Array[] = [];
  /** Chunks before this one are done with. */
  #first = 0;
  /** Where in the first chunk the rest begins. */
  #at = 0;
  #bytes = 0;

  get bytes(): number {
    return this.#bytes;
  }

  /** Adds a chunk's bytes from `at` on. */
  push(chunk: Uint8Array, at: number): void {
    if (at === chunk.length) return;
    this.#chunks.push(at === 0 ? chunk : chunk.subarray(at));
    this.#bytes += chunk.length - at;
  }

  /** The chunk that comes next; only while there are bytes. */
  get chunk(): Uint8Array {
    return this.#chunks[this.#first]!;
  }

  /** Where in it. */
  get at(): number {
    return this.#at;
  }

  /** The next bytes are sent. No more than the chunk has left. */
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
  }
}
