// HTTP/2 frames by hand (RFC 9113 section 4).
import { block, HpackReader } from "./hpack.ts";

export const DATA = 0;
export const HEADERS = 1;
export const RST_STREAM = 3;
export const SETTINGS = 4;
export const PING = 6;
export const GOAWAY = 7;
export const WINDOW_UPDATE = 8;
export const CONTINUATION = 9;
export const END_STREAM = 1;
export const END_HEADERS = 4;
export const PADDED = 8;
export const PRIORITY = 0x20;
export const ACK = 1;

export const preface: Buffer = Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "latin1");

export interface Frame {
  readonly type: number;
  readonly flags: number;
  readonly stream: number;
  readonly payload: Buffer;
  /** What a HEADERS frame says, its continuations included: name and value by turns. */
  readonly fields?: readonly string[];
}

export function frame(
  type: number,
  flags: number,
  stream: number,
  payload: Uint8Array = Buffer.alloc(0),
): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head[3] = type;
  head[4] = flags;
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
}

export function headers(stream: number, endStream: boolean, ...fields: string[]): Buffer {
  return frame(HEADERS, END_HEADERS | (endStream ? END_STREAM : 0), stream, block(...fields));
}

export function data(stream: number, endStream: boolean, payload: Uint8Array): Buffer {
  return frame(DATA, endStream ? END_STREAM : 0, stream, payload);
}

export function reset(stream: number, code: number): Buffer {
  return frame(RST_STREAM, 0, stream, word(code));
}

export function goaway(lastStream: number, code: number, debug = ""): Buffer {
  return frame(GOAWAY, 0, 0, Buffer.concat([word(lastStream), word(code), Buffer.from(debug)]));
}

export function windowUpdate(stream: number, bytes: number): Buffer {
  return frame(WINDOW_UPDATE, 0, stream, word(bytes));
}

/** SETTINGS: identifier and value by turns. */
export function settings(...values: number[]): Buffer {
  const payload = Buffer.alloc(values.length * 3);
  for (let i = 0; i < values.length; i += 2) {
    payload.writeUInt16BE(values[i] as number, i * 3);
    payload.writeUInt32BE(values[i + 1] as number, i * 3 + 2);
  }
  return frame(SETTINGS, 0, 0, payload);
}

function word(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

/** Cuts a stream of bytes into frames, and reads their header blocks. */
export class FrameReader {
  readonly #hpack = new HpackReader();
  #held: Buffer = Buffer.alloc(0);
  /** A HEADERS frame whose continuations are still to come. */
  #open: Frame | undefined;

  *read(chunk: Buffer): Generator<Frame> {
    this.#held = Buffer.concat([this.#held, chunk]);
    while (this.#held.length >= 9) {
      const length = this.#held.readUIntBE(0, 3);
      if (this.#held.length < 9 + length) return;
      const found = {
        type: this.#held[3] as number,
        flags: this.#held[4] as number,
        stream: this.#held.readUInt32BE(5) & 0x7fff_ffff,
        payload: this.#held.subarray(9, 9 + length),
      };
      this.#held = this.#held.subarray(9 + length);
      const whole = this.#withFields(found);
      if (whole !== undefined) yield whole;
    }
  }

  #withFields(found: Frame): Frame | undefined {
    if (found.type === HEADERS) this.#open = { ...found, payload: fragment(found) };
    else if (found.type !== CONTINUATION || this.#open === undefined) return found;
    else this.#open = { ...this.#open, payload: Buffer.concat([this.#open.payload, found.payload]) };
    if ((found.flags & END_HEADERS) === 0) return undefined;
    const { payload } = this.#open;
    return { ...this.#open, fields: this.#hpack.read(payload) };
  }
}

/** The header block in a HEADERS frame, without padding and priority. */
function fragment({ flags, payload }: Frame): Buffer {
  const padding = (flags & PADDED) === 0 ? 0 : (payload[0] as number);
  const start = ((flags & PADDED) === 0 ? 0 : 1) + ((flags & PRIORITY) === 0 ? 0 : 5);
  return payload.subarray(start, payload.length - padding);
}
