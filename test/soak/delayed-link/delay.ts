import type { Socket } from "node:net";

/** Bytes, or the end of them, on their way. */
interface Travelling {
  readonly chunk: Buffer | null;
  readonly due: number;
}

/** What may be on its way: more than windows of 16 MiB let out, so that it holds no sender back while its reader reads. */
const mostBytes = 64 * 1024 * 1024;

/** Passes on what comes from one socket to another, in its order, so many milliseconds after it came. */
export function delay(from: Socket, to: Socket, ms: number): void {
  const line = new Line(from, to, ms);
  from.on("data", (chunk: Buffer) => line.take(chunk));
  from.on("end", () => line.take(null));
  to.on("drain", () => line.drained());
  to.on("close", () => line.stop());
}

class Line {
  readonly #from: Socket;
  readonly #to: Socket;
  readonly #ms: number;
  #travelling: Travelling[] = [];
  /** Those before it have arrived. */
  #next = 0;
  #bytes = 0;
  #timer: NodeJS.Timeout | undefined;
  #isFull = false;

  constructor(from: Socket, to: Socket, ms: number) {
    this.#from = from;
    this.#to = to;
    this.#ms = ms;
  }

  take(chunk: Buffer | null): void {
    this.#travelling.push({ chunk, due: performance.now() + this.#ms });
    this.#bytes += chunk?.length ?? 0;
    if (this.#bytes >= mostBytes) this.#from.pause();
    this.#wait();
  }

  drained(): void {
    this.#isFull = false;
    this.#arrive();
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#isFull = true;
  }

  #wait(): void {
    const first = this.#travelling[this.#next];
    if (first === undefined || this.#isFull || this.#timer !== undefined) return;
    this.#timer = setTimeout(this.#arrive, Math.max(1, first.due - performance.now()));
  }

  readonly #arrive = (): void => {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const now = performance.now();
    for (;;) {
      const first = this.#travelling[this.#next];
      if (first === undefined || first.due > now || this.#isFull) break;
      this.#next++;
      if (first.chunk === null) this.#to.end();
      else {
        this.#bytes -= first.chunk.length;
        this.#isFull = !this.#to.write(first.chunk);
      }
    }
    if (this.#next * 2 >= this.#travelling.length) {
      this.#travelling = this.#travelling.slice(this.#next);
      this.#next = 0;
    }
    if (this.#bytes < mostBytes) this.#from.resume();
    this.#wait();
  };
}
