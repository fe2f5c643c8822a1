import type { Duplex as NodeDuplex } from "node:stream";
import type { Duplex, DuplexSink } from "./duplex.ts";
import type { Runtime } from "./runtime.ts";

let due: (() => void)[] = [];
let dueLater: (() => void)[] = [];
let isScheduled = false;

function runDue(): void {
  isScheduled = false;
  const now = due;
  const later = dueLater;
  due = [];
  dueLater = [];
  for (const run of now) run();
  for (const run of later) run();
}

function schedule(): void {
  if (isScheduled) return;
  isScheduled = true;
  setImmediate(runDue);
}

/** Node's clock and event loop; Deno and Bun have them too. */
export const nodeRuntime: Runtime = {
  now: () => performance.now(),
  timer: (ms, run) => {
    const timer = setTimeout(run, Math.min(ms, 2 ** 31 - 1)).unref();
    return () => clearTimeout(timer);
  },
  soon: (run) => {
    due.push(run);
    schedule();
  },
  later: (run) => {
    dueLater.push(run);
    schedule();
  },
};

/** A socket of Node's, TLS or not, or any other of its duplex streams. */
export class SocketDuplex implements Duplex {
  readonly #socket: NodeDuplex;
  readonly #first: Uint8Array | undefined;
  #cause: unknown;

  /** `first`: bytes that were read of it already. */
  constructor(socket: NodeDuplex, first?: Uint8Array) {
    this.#socket = socket;
    this.#first = first;
  }

  start(sink: DuplexSink): void {
    const socket = this.#socket;
    socket.on("error", (error) => (this.#cause ??= error));
    if (socket.destroyed) {
      setImmediate(() => sink.closed(this.#cause ?? socket.errored ?? undefined));
      return;
    }
    socket.on("drain", () => sink.writable());
    socket.on("end", () => sink.end());
    socket.on("close", () => sink.closed(this.#cause));
    if (this.#first !== undefined) socket.unshift(this.#first);
    socket.on("data", (chunk: Uint8Array) => sink.data(chunk, 0, chunk.length));
  }

  write(parts: readonly Uint8Array[]): boolean {
    const socket = this.#socket;
    if (socket.destroyed || socket.writableEnded) return true;
    if (parts.length === 1) return socket.write(parts[0]);
    socket.cork();
    let hasRoom = true;
    for (const part of parts) hasRoom = socket.write(part);
    socket.uncork();
    return hasRoom;
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  end(): void {
    if (!this.#socket.destroyed) this.#socket.end();
  }

  destroy(): void {
    this.#socket.destroy();
  }
}
