import type { Duplex, DuplexSink } from "../../src/duplex.ts";

/** How much one end takes before it asks its writer to wait. */
const highWater = 256 * 1024;

/** One end of a pipe in memory. What is written arrives in a later turn, in pieces as it was written. */
class MemoryDuplex implements Duplex {
  peer!: MemoryDuplex;
  readonly #soon: (run: () => void) => void;
  #sink: DuplexSink | undefined;
  #incoming: Uint8Array[] = [];
  #incomingBytes = 0;
  #paused = false;
  #ended = false;
  #isEndTold = false;
  #isClosed = false;
  #isClosedTold = false;
  #writerWaits = false;
  #scheduled = false;

  constructor(soon: (run: () => void) => void) {
    this.#soon = soon;
  }

  start(sink: DuplexSink): void {
    this.#sink = sink;
    this.#schedule();
  }

  write(parts: readonly Uint8Array[]): boolean {
    const { peer } = this;
    if (this.#isClosed || peer.#isClosed) return true;
    for (const part of parts) {
      peer.#incoming.push(part);
      peer.#incomingBytes += part.length;
    }
    peer.#schedule();
    if (peer.#incomingBytes < highWater) return true;
    this.#writerWaits = true;
    return false;
  }

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    this.#paused = false;
    this.#schedule();
  }

  end(): void {
    this.peer.#ended = true;
    this.peer.#schedule();
  }

  destroy(): void {
    for (const end of [this, this.peer]) {
      end.#isClosed = true;
      end.#incoming = [];
      end.#schedule();
    }
  }

  #schedule(): void {
    if (this.#scheduled || this.#sink === undefined) return;
    this.#scheduled = true;
    this.#soon(() => this.#run());
  }

  #run(): void {
    this.#scheduled = false;
    const sink = this.#sink!;
    if (this.#isClosed) {
      if (!this.#isClosedTold) sink.closed(undefined);
      this.#isClosedTold = true;
      return;
    }
    if (this.#paused) return;
    const incoming = this.#incoming;
    this.#incoming = [];
    for (const chunk of incoming) {
      this.#incomingBytes -= chunk.length;
      const lent = Uint8Array.from(chunk);
      sink.data(lent, 0, lent.length);
      lent.fill(0xdb);
      if (this.#isClosed) return this.#schedule();
    }
    if (this.peer.#writerWaits) {
      this.peer.#writerWaits = false;
      this.peer.#sink?.writable();
    }
    if (this.#ended && !this.#isEndTold && this.#incoming.length === 0) {
      this.#isEndTold = true;
      sink.end();
    }
  }
}

/** Two ends of a pipe in memory; `soon` makes the turns. */
export function memoryPair(soon: (run: () => void) => void): readonly [Duplex, Duplex] {
  const [left, right] = [new MemoryDuplex(soon), new MemoryDuplex(soon)];
  left.peer = right;
  right.peer = left;
  return [left, right];
}
