import type { Fault, Fields, Sink } from "@millrace/exchange";

/** Bytes of a body that are kept. */
const mostKept = 1_000_000;

/** What came to a sink, in its order, and who waits for it. */
export class WatchedSink implements Sink {
  readonly log: string[] = [];
  /** Of the body. */
  bytes = 0;
  trailers: Fields | null | undefined;
  died: Fault | undefined;
  delivered: boolean | undefined;
  readonly #chunks: Buffer[] = [];
  readonly #waiting = new Set<{ readonly met: () => boolean; readonly resolve: () => void }>();

  /** The beginning of the body. */
  get text(): string {
    return Buffer.concat(this.#chunks).toString("latin1");
  }

  /** Resolves when `event` has come so often. */
  async saw(event: string, times = 1): Promise<this> {
    return await this.until(() => this.log.filter((name) => name === event).length >= times);
  }

  async until(met: () => boolean): Promise<this> {
    if (!met()) await new Promise<void>((resolve) => this.#waiting.add({ met, resolve }));
    return this;
  }

  data(chunk: Uint8Array, start: number, end: number): void {
    this.bytes += end - start;
    if (this.bytes < mostKept) this.#chunks.push(Buffer.from(chunk.subarray(start, end)));
    this.note("data");
  }

  end(trailers: Fields | null): void {
    this.trailers = trailers;
    this.note("end");
  }

  fault(fault: Fault): void {
    this.died = fault;
    this.note("fault");
  }

  writable(): void {
    this.note("writable");
  }

  closed(delivered: boolean): void {
    this.delivered = delivered;
    this.note("closed");
  }

  protected note(event: string): void {
    this.log.push(event);
    this.react(event);
    for (const wait of this.#waiting) {
      if (!wait.met()) continue;
      this.#waiting.delete(wait);
      wait.resolve();
    }
  }

  /** What a test does from inside an event. */
  protected react(_event: string): void {}
}
