import { type Frame, FrameReader, SETTINGS, WINDOW_UPDATE } from "../../support/frames.ts";

const firstWindow = 65_535;
const INITIAL_WINDOW_SIZE = 4;

/** What a client may send: on its connection, and on stream 1 if that is the only one (RFC 9113 section 6.9). */
export class Flow {
  readonly #reader = new FrameReader();
  readonly #ofOne: boolean;
  #connection = firstWindow;
  #stream = firstWindow;

  constructor(ofOne: boolean) {
    this.#ofOne = ofOne;
  }

  /** What the server says. */
  heard(chunk: Buffer): void {
    for (const frame of this.#reader.read(chunk)) this.#take(frame);
  }

  /** Takes so many bytes, if there are. */
  take(bytes: number): boolean {
    if (bytes > this.#connection || (this.#ofOne && bytes > this.#stream)) return false;
    this.#connection -= bytes;
    this.#stream -= bytes;
    return true;
  }

  #take({ type, stream, payload }: Frame): void {
    if (type === WINDOW_UPDATE && stream === 0) this.#connection += payload.readUInt32BE(0);
    if (type === WINDOW_UPDATE && stream === 1) this.#stream += payload.readUInt32BE(0);
    if (type !== SETTINGS) return;
    for (let at = 0; at < payload.length; at += 6)
      if (payload.readUInt16BE(at) === INITIAL_WINDOW_SIZE)
        this.#stream += payload.readUInt32BE(at + 2) - firstWindow;
  }
}
