import {
  END_STREAM,
  frame,
  type Frame,
  FrameReader,
  headers,
  PING,
  preface,
  RST_STREAM,
  SETTINGS,
  ACK,
} from "./frames.ts";
import { RawSocket } from "./socket.ts";

/** An HTTP/2 client that says what it is told to, and keeps the frames that it hears. */
export class RawHttp2 {
  readonly raw: RawSocket;
  readonly frames: Frame[] = [];
  readonly #reader = new FrameReader();

  constructor(port: number) {
    this.raw = RawSocket.to(port);
  }

  /** The preface, SETTINGS, and what follows. */
  static open(port: number, ...parts: Uint8Array[]): RawHttp2 {
    const client = new RawHttp2(port);
    client.raw.send(preface, frame(SETTINGS, 0, 0), ...parts);
    return client;
  }

  send(...parts: Uint8Array[]): this {
    this.raw.send(...parts);
    return this;
  }

  /** Resolves with the first frame that matches, or undefined if the server closes without one. */
  async until(matches: (frame: Frame) => boolean): Promise<Frame | undefined> {
    return this.raw.until((held) => {
      this.raw.held = Buffer.alloc(0);
      this.frames.push(...this.#reader.read(held));
      return this.frames.find(matches);
    });
  }

  /** Resolves when the server has ended this stream, with the code of its reset or -1. */
  async streamEnd(stream: number): Promise<number | undefined> {
    const last = await this.until(
      (one) =>
        one.stream === stream &&
        (one.type === RST_STREAM || (one.type <= 1 && (one.flags & END_STREAM) !== 0)),
    );
    return last?.type === RST_STREAM ? last.payload.readUInt32BE(0) : last === undefined ? undefined : -1;
  }

  /** Resolves when the server has read all that was sent. */
  async read(): Promise<void> {
    const body = Buffer.alloc(8);
    body.writeUInt32BE(this.frames.length);
    this.send(frame(PING, 0, 0, body));
    await this.until((one) => one.type === PING && one.flags === ACK && one.payload.equals(body));
  }
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
    "victim",
    ":path",
    path,
    "content-type",
    "application/grpc+proto",
    "te",
    "trailers",
    ...more,
  );
}
