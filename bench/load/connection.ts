import { connect, type Socket } from "node:net";
import { once } from "node:events";
import {
  ACK,
  DATA,
  END_STREAM,
  frame,
  GOAWAY,
  HEADERS,
  PING,
  preface,
  RST_STREAM,
  SETTINGS,
  settings,
  WINDOW_UPDATE,
  windowUpdate,
} from "../../test/support/frames.ts";
import type { CallFrames } from "./call-frames.ts";
import { FrameHeaders } from "./frame-headers.ts";

/** Beyond what is ever sent here, so that no server waits for credit. */
const openWindows = Buffer.concat([preface, settings(4, 0x7fffffff), windowUpdate(0, 0x7fff0000)]);

/** A connection that sends calls whose frames were made before, each again as soon as one is answered. */
export class LoadConnection {
  readonly #socket: Socket;
  readonly #frames: readonly CallFrames[];
  #next = 0;
  #stream = 1;
  /** What the server lets us send of bodies. */
  #window = 65_535;
  /** Calls to be made, as soon as the window allows. */
  #due = 0;
  #isStopped = false;
  #pinged: (() => void) | undefined;
  readonly #first = Promise.withResolvers<void>();
  /** Calls that were answered whole. */
  answered = 0;
  /** The bodies of their answers. */
  bytes = 0;
  failed: string | undefined;

  private constructor(socket: Socket, frames: readonly CallFrames[]) {
    this.#socket = socket;
    this.#frames = frames;
    const headers = new FrameHeaders((type, flags, stream, length, word) =>
      this.#frame(type, flags, stream, length, word),
    );
    socket.on("data", (chunk: Buffer) => {
      headers.read(chunk);
      if (this.#due > 0) this.#send();
    });
    socket.on("error", (error) => (this.failed ??= error.message));
    socket.on("close", () => {
      this.failed ??= "the server closed the connection";
      this.#first.resolve();
      this.#pinged?.();
    });
  }

  static async open(port: number, frames: readonly CallFrames[]): Promise<LoadConnection> {
    const socket = connect({ port, host: "127.0.0.1", noDelay: true });
    await once(socket, "connect");
    const connection = new LoadConnection(socket, frames);
    socket.write(openWindows);
    return connection;
  }

  /** Keeps so many calls under way. */
  start(inFlight: number): void {
    this.#due += inFlight;
    this.#send();
  }

  /** Resolves when a call has been answered. */
  get begun(): Promise<void> {
    return this.#first.promise;
  }

  /** Makes no new calls. */
  stop(): void {
    this.#isStopped = true;
    this.#due = 0;
  }

  /** Resolves when the server has seen what was sent. */
  async ping(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#pinged = resolve;
    this.#socket.write(frame(PING, 0, 0, Buffer.alloc(8)));
    await promise;
  }

  close(): void {
    this.failed ??= "it is closed";
    this.#socket.destroy();
  }

  #frame(type: number, flags: number, stream: number, length: number, word: number): void {
    if (type === DATA || type === HEADERS) {
      if (type === DATA) this.bytes += length;
      if ((flags & END_STREAM) === 0) return;
      if (this.answered++ === 0) this.#first.resolve();
      if (!this.#isStopped) this.#due++;
    } else if (type === WINDOW_UPDATE) {
      if (stream === 0) this.#window += word;
    } else if (type === SETTINGS) {
      if ((flags & ACK) === 0) this.#socket.write(frame(SETTINGS, ACK, 0));
    } else if (type === PING) this.#pinged?.();
    else if (type === RST_STREAM || type === GOAWAY) this.failed ??= `it got frame type ${type}`;
  }

  #send(): void {
    const now: CallFrames[] = [];
    let size = 0;
    while (this.#due > 0) {
      const call = this.#frames[this.#next]!;
      const body = Math.max(0, call.bytes.length - call.dataAt - 9);
      if (body > this.#window) break;
      this.#window -= body;
      this.#due--;
      this.#next = (this.#next + 1) % this.#frames.length;
      now.push(call);
      size += call.bytes.length;
    }
    if (size === 0) return;
    const out = Buffer.allocUnsafe(size);
    let at = 0;
    for (const { bytes, dataAt } of now) {
      out.set(bytes, at);
      out.writeUInt32BE(this.#stream, at + 5);
      if (dataAt < bytes.length) out.writeUInt32BE(this.#stream, at + dataAt + 5);
      this.#stream += 2;
      at += bytes.length;
    }
    this.#socket.write(out);
  }
}
