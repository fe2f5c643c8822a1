import type { Answer } from "./answer.ts";
import { mapOf, valueOf } from "./fields.ts";
import {
  ACK,
  DATA,
  data,
  END_STREAM,
  frame,
  type Frame,
  FrameReader,
  HEADERS,
  headers,
  PING,
  preface,
  RST_STREAM,
  SETTINGS,
  settings,
  WINDOW_UPDATE,
  windowUpdate,
} from "./frames.ts";
import { RawSocket } from "./raw-socket.ts";

const largestWindow = 2 ** 31 - 1;
const firstWindow = 65_535;

/** An HTTP/2 client that says what it is told to, and keeps the frames that it hears. */
export class RawHttp2 {
  readonly raw: RawSocket;
  /** Since the beginning, but for those of calls that were answered. */
  frames: Frame[] = [];
  readonly #reader = new FrameReader();
  #lastStream = -1;
  /** Bytes that may be sent on the connection, and on a stream at its beginning. */
  #window = firstWindow;
  #streamWindow = firstWindow;
  /** What each stream has been given, and has used up. */
  readonly #streams = new Map<number, number>();

  constructor(port: number) {
    this.raw = RawSocket.to(port);
  }

  /** The preface, SETTINGS, and what follows. */
  static open(port: number, ...parts: Uint8Array[]): RawHttp2 {
    const client = new RawHttp2(port);
    client.raw.send(preface, settings(), ...parts);
    return client;
  }

  /** A client that takes whatever it is sent. */
  static willing(port: number): RawHttp2 {
    const client = new RawHttp2(port);
    return client.send(preface, settings(4, largestWindow), windowUpdate(0, largestWindow - firstWindow));
  }

  /** Bytes that may be sent on the connection still. */
  get window(): number {
    return this.#window;
  }

  send(...parts: Uint8Array[]): this {
    this.raw.send(...parts);
    return this;
  }

  /** Opens a stream of its own, as other clients number them. */
  request(endStream: boolean, ...fields: string[]): number {
    this.#lastStream += 2;
    this.send(headers(this.#lastStream, endStream, ...fields));
    return this.#lastStream;
  }

  /** Sends a body, or a part of it, as fast as the windows allow; throws if the server closes, or ends the stream, first. */
  async body(stream: number, endStream: boolean, bytes: Uint8Array): Promise<void> {
    if (bytes.length === 0) this.send(data(stream, endStream, bytes));
    for (let at = 0; at < bytes.length;) {
      const room = await this.#until(() => {
        const credit = Math.min(this.#window, this.#streamWindow + (this.#streams.get(stream) ?? 0), 16_384);
        if (credit > 0) return credit;
        return this.frames.some((one) => one.stream === stream && endsStream(one)) ? 0 : undefined;
      });
      if (room === undefined || room === 0) return;
      const piece = bytes.subarray(at, at + room);
      at += piece.length;
      this.#window -= piece.length;
      this.#streams.set(stream, (this.#streams.get(stream) ?? 0) - piece.length);
      this.send(data(stream, endStream && at === bytes.length, piece));
    }
  }

  /** Resolves with the first frame that matches, or undefined if the server closes without one. */
  async until(matches: (frame: Frame) => boolean): Promise<Frame | undefined> {
    return this.#until(() => this.frames.find(matches));
  }

  /** Resolves when the server has ended this stream, with the code of its reset or -1. */
  async streamEnd(stream: number): Promise<number | undefined> {
    const last = await this.until((one) => one.stream === stream && endsStream(one));
    return last?.type === RST_STREAM ? last.payload.readUInt32BE(0) : last === undefined ? undefined : -1;
  }

  /** Takes a stream's whole response; throws if the server resets it or closes. Interim ones are passed over. */
  async answer(stream: number): Promise<Answer> {
    const end = await this.streamEnd(stream);
    const own = this.frames.filter((one) => one.stream === stream);
    this.frames = this.frames.filter((one) => one.stream !== stream);
    if (end !== -1) throw new Error(end === undefined ? "closed before a response" : `reset with ${end}`);
    const blocks = own.filter((one) => one.type === HEADERS).map((one) => one.fields ?? []);
    const head = blocks.findIndex((fields) => Number(valueOf(fields, ":status")) >= 200);
    const trailers = blocks[head + 1];
    return {
      status: Number(valueOf(blocks[head] ?? [], ":status")),
      headers: mapOf((blocks[head] ?? []).slice(2)),
      body: Buffer.concat(own.filter((one) => one.type === DATA).map((one) => one.payload)),
      trailers: trailers === undefined ? null : mapOf(trailers),
    };
  }

  /** Resolves when the server has read all that was sent. */
  async read(): Promise<void> {
    const body = Buffer.alloc(8);
    body.writeUInt32BE(this.frames.length);
    this.send(frame(PING, 0, 0, body));
    await this.until((one) => one.type === PING && one.flags === ACK && one.payload.equals(body));
  }

  #until<T>(find: () => T | undefined): Promise<T | undefined> {
    return this.raw.until((held) => {
      this.raw.held = Buffer.alloc(0);
      for (const one of this.#reader.read(held)) this.#hear(one);
      return find();
    });
  }

  #hear(one: Frame): void {
    if (one.type === SETTINGS) {
      if (one.flags === ACK) return;
      for (let at = 0; at < one.payload.length; at += 6)
        if (one.payload.readUInt16BE(at) === 4) this.#streamWindow = one.payload.readUInt32BE(at + 2);
      this.send(frame(SETTINGS, ACK, 0));
    } else if (one.type === WINDOW_UPDATE) {
      const bytes = one.payload.readUInt32BE(0);
      if (one.stream === 0) this.#window += bytes;
      else this.#streams.set(one.stream, (this.#streams.get(one.stream) ?? 0) + bytes);
    } else this.frames.push(one);
  }
}

function endsStream({ type, flags }: Frame): boolean {
  return type === RST_STREAM || ((type === DATA || type === HEADERS) && (flags & END_STREAM) !== 0);
}

/** The head of a gRPC request. */
export function grpcHead(stream: number, path: string, ...more: string[]): Buffer {
  return headers(
    stream,
    false,
    ":method",
    "POST",
    ":scheme",
    "http",
    ":authority",
    "localhost",
    ":path",
    path,
    "content-type",
    "application/grpc+proto",
    "te",
    "trailers",
    ...more,
  );
}
