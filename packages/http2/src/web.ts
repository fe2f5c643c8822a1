import type { Duplex, DuplexSink } from "./duplex.ts";
import { longestMs, type Runtime } from "./runtime.ts";

// What every runtime has, browsers too.
declare const performance: { now(): number };
declare function setTimeout(run: () => void, ms: number): unknown;
declare function clearTimeout(timer: unknown): void;
declare function queueMicrotask(run: () => void): void;

/** The clock and the turns of any runtime. A turn is what runs before the next promise: Node's event loop knows larger ones. */
export const webRuntime: Runtime = {
  now: () => performance.now(),
  timer: (ms, run) => {
    const timer = setTimeout(run, Math.min(ms, longestMs));
    // Where a timer would keep a process alive.
    (timer as { unref?: () => void }).unref?.();
    return () => clearTimeout(timer);
  },
  soon: (run) => queueMicrotask(run),
  later: (run) => void setTimeout(run, 0),
};

/** What of a ReadableStream and a WritableStream of bytes is used. */
export interface ByteStreams {
  readonly readable: { getReader(): ByteReader };
  readonly writable: { getWriter(): ByteWriter };
}

export interface ByteReader {
  read(): Promise<{ readonly done: boolean; readonly value?: Uint8Array | undefined }>;
  cancel(reason?: unknown): Promise<void>;
}

export interface ByteWriter {
  readonly desiredSize: number | null;
  readonly ready: Promise<unknown>;
  write(chunk: Uint8Array): Promise<void>;
  close(): Promise<void>;
  abort(reason?: unknown): Promise<void>;
}

/** Web Streams both ways: a connection of Deno's, a socket of Workers', a stream of WebTransport. */
export class StreamDuplex implements Duplex {
  readonly #reader: ByteReader;
  readonly #writer: ByteWriter;
  #sink!: DuplexSink;
  #state: "open" | "ended" | "destroyed" = "open";
  #isPaused = false;
  #isWaiting = false;
  #resumed: () => void = nothing;

  /** Throws TypeError if one of the streams is locked. */
  constructor({ readable, writable }: ByteStreams) {
    this.#reader = readable.getReader();
    this.#writer = writable.getWriter();
  }

  start(sink: DuplexSink): void {
    this.#sink = sink;
    void this.#read();
  }

  write(parts: readonly Uint8Array[]): boolean {
    if (this.#state !== "open") return true;
    for (const part of parts) this.#writer.write(part).catch(this.#broken);
    if ((this.#writer.desiredSize ?? 0) > 0) return true;
    if (!this.#isWaiting) {
      this.#isWaiting = true;
      this.#writer.ready.then(this.#hasRoom, this.#broken);
    }
    return false;
  }

  pause(): void {
    this.#isPaused = true;
  }

  resume(): void {
    this.#isPaused = false;
    this.#resumed();
  }

  end(): void {
    if (this.#state !== "open") return;
    this.#state = "ended";
    this.#writer.close().catch(this.#broken);
  }

  destroy(): void {
    this.#destroy(undefined);
  }

  async #read(): Promise<void> {
    try {
      for (;;) {
        const { done, value } = await this.#reader.read();
        while (this.#isPaused && this.#state !== "destroyed")
          await new Promise<void>((resolve) => (this.#resumed = resolve));
        if (this.#state === "destroyed") return;
        if (done) return this.#sink.end();
        if (value !== undefined) this.#sink.data(value, 0, value.length);
      }
    } catch (error) {
      this.#destroy(error);
    }
  }

  readonly #hasRoom = (): void => {
    this.#isWaiting = false;
    if (this.#state !== "destroyed") this.#sink.writable();
  };

  readonly #broken = (error: unknown): void => this.#destroy(error);

  #destroy(cause: unknown): void {
    if (this.#state === "destroyed") return;
    this.#state = "destroyed";
    this.#resumed();
    // What the streams say of it is what was known before.
    this.#reader.cancel(cause).catch(nothing);
    this.#writer.abort(cause).catch(nothing);
    queueMicrotask(() => this.#sink.closed(cause));
  }
}

function nothing(): void {}
