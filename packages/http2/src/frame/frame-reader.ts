import { noBytes } from "../no-bytes.ts";
import { uint24, uint31 } from "./big-endian.ts";
import { Flag, frameHeaderSize, FrameType } from "./frame-type.ts";

/** Where frames go. Once it has said `stop`, nothing follows. */
export interface FrameSink {
  /** A frame of any type but DATA, whole. The payload is borrowed. False: stop. */
  frame(
    type: number,
    flags: number,
    stream: number,
    payload: Uint8Array,
    start: number,
    end: number,
  ): boolean;
  /** A DATA frame begins. `length` is its whole payload, padding included: what flow control counts. False: stop. */
  dataFrame(flags: number, stream: number, length: number): boolean;
  /** Some of its data, borrowed. False: stop. */
  dataPart(chunk: Uint8Array, start: number, end: number): boolean;
  /** It is complete. False: stop. */
  dataFrameEnd(): boolean;
  /** A frame is longer than was allowed (RFC 9113 section 4.2). Nothing follows. */
  frameTooLong(type: number, stream: number, length: number): void;
  /** RFC 9113 section 6.1: the padding is as long as the payload, or longer; or its length is missing. Nothing follows. */
  badPadding(isMissing: boolean): void;
}

/** What is read next. */
const header = 0;
const payload = 1;
const padLength = 2;
const data = 3;
const padding = 4;

/** What is kept for the next payload that comes in pieces. */
const keptSize = 1024;

/**
 * Cuts a byte stream into frames (RFC 9113 section 4). A frame that lies whole in a chunk is not copied; of one that does
 * not, the payload is gathered, but for DATA, which is passed on as it comes.
 */
export class FrameReader {
  /** How many frames may be read still; who finds one to be more work takes off more. */
  allowance = 0;
  readonly #sink: FrameSink;
  readonly #maxLength: number;
  readonly #header: Uint8Array = new Uint8Array(frameHeaderSize);
  #headerLength = 0;
  /** Frames that have come whole, and one. */
  #frames = 1;
  #reads: number = header;
  #type = 0;
  #flags = 0;
  #stream = 0;
  /** Bytes of the payload, or of this part of it, that are still to come. */
  #left = 0;
  #padding = 0;
  #gathered: Uint8Array = noBytes;
  #gatheredLength = 0;

  /** `maxLength`: our SETTINGS_MAX_FRAME_SIZE. */
  constructor(sink: FrameSink, maxLength: number) {
    this.#sink = sink;
    this.#maxLength = maxLength;
  }

  /** The number of the frame, but DATA, of which a part has come; 0 if there is none. */
  get incomplete(): number {
    return this.#headerLength > 0 || this.#reads === payload ? this.#frames : 0;
  }

  /** Reads frames while there are any, and the allowance lasts. Gives where it stopped; -1: the sink has said stop. */
  read(chunk: Uint8Array, start: number, end: number): number {
    let at = start;
    for (;;) {
      switch (this.#reads) {
        case header:
          if (this.allowance <= 0 && this.#headerLength === 0) return at;
          if (this.#headerLength === 0 && end - at >= frameHeaderSize) {
            if (!this.#begin(chunk, at)) return -1;
            at += frameHeaderSize;
          } else {
            const part = Math.min(frameHeaderSize - this.#headerLength, end - at);
            for (let i = 0; i < part; i++) this.#header[this.#headerLength + i] = chunk[at + i] as number;
            this.#headerLength += part;
            at += part;
            if (this.#headerLength < frameHeaderSize) return at;
            this.#headerLength = 0;
            if (!this.#begin(this.#header, 0)) return -1;
          }
          if ((this.#reads as number) === payload && end - at >= this.#left) {
            const length = this.#left;
            this.#reads = header;
            if (!this.#sink.frame(this.#type, this.#flags, this.#stream, chunk, at, at + length)) return -1;
            at += length;
          }
          break;
        case payload: {
          const part = Math.min(this.#left, end - at);
          this.#gather(chunk, at, at + part);
          at += part;
          this.#left -= part;
          if (this.#left > 0) return at;
          this.#reads = header;
          const length = this.#gatheredLength;
          this.#gatheredLength = 0;
          const gathered = this.#gathered;
          if (length > keptSize) this.#gathered = noBytes;
          if (!this.#sink.frame(this.#type, this.#flags, this.#stream, gathered, 0, length)) return -1;
          break;
        }
        case padLength:
          if (at === end) return at;
          this.#padding = chunk[at++] as number;
          if (this.#padding >= this.#left) {
            this.#sink.badPadding(false);
            return -1;
          }
          this.#left -= 1 + this.#padding;
          this.#reads = data;
          break;
        case data: {
          const part = Math.min(this.#left, end - at);
          this.#left -= part;
          if (part > 0 && !this.#sink.dataPart(chunk, at, at + part)) return -1;
          at += part;
          if (this.#left > 0) return at;
          this.#left = this.#padding;
          this.#reads = padding;
          break;
        }
        case padding: {
          const part = Math.min(this.#left, end - at);
          at += part;
          this.#left -= part;
          if (this.#left > 0) return at;
          this.#reads = header;
          if (!this.#sink.dataFrameEnd()) return -1;
          break;
        }
      }
      if (at === end && this.#reads !== padding && this.#reads !== data) return at;
    }
  }

  /** Reads a frame's header. False: the sink has said stop. */
  #begin(buf: Uint8Array, at: number): boolean {
    const length = uint24(buf, at);
    const type = buf[at + 3] as number;
    const flags = buf[at + 4] as number;
    // The reserved bit is ignored.
    const stream = uint31(buf, at + 5);
    this.#frames++;
    this.allowance--;
    if (length > this.#maxLength) {
      this.#sink.frameTooLong(type, stream, length);
      return false;
    }
    this.#type = type;
    this.#flags = flags;
    this.#stream = stream;
    this.#left = length;
    if (type !== FrameType.DATA) {
      this.#reads = payload;
      return true;
    }
    if (!this.#sink.dataFrame(flags, stream, length)) return false;
    this.#padding = 0;
    this.#reads = (flags & Flag.PADDED) === 0 ? data : padLength;
    if (this.#reads === padLength && length === 0) {
      this.#sink.badPadding(true);
      return false;
    }
    return true;
  }

  /** Adds to a payload that comes in pieces. Grows with what is there, not with what was announced. */
  #gather(chunk: Uint8Array, start: number, end: number): void {
    const length = this.#gatheredLength + (end - start);
    if (length > this.#gathered.length) {
      const larger = new Uint8Array(Math.max(256, length * 2));
      larger.set(this.#gathered.subarray(0, this.#gatheredLength));
      this.#gathered = larger;
    }
    this.#gathered.set(chunk.subarray(start, end), this.#gatheredLength);
    this.#gatheredLength = length;
  }
}
