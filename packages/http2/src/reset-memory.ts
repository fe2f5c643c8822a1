/** So many of the last ones are known one by one. */
const most = 1024;
/** Frames but DATA that may be under way on each: a head, trailers, credit, a reset that crossed ours. */
const framesOfOne = 8;

/** What the peer may have sent before it heard of the reset. */
interface UnderWay {
  /** Bytes of DATA. */
  window: number;
  frames: number;
}

/** Streams that this side has reset, whose frames may still be under way (RFC 9113 section 5.1). */
export class ResetMemory {
  #streams: Map<number, UnderWay> | undefined;
  /** The highest that is not known one by one any more. */
  #forgotten = 0;

  /** `window`: what the peer may have sent of DATA, in bytes. */
  add(id: number, window: number): void {
    const streams = (this.#streams ??= new Map());
    if (streams.size === most) {
      for (const oldest of streams.keys()) {
        streams.delete(oldest);
        this.#forgotten = Math.max(this.#forgotten, oldest);
        break;
      }
    }
    streams.set(id, { window, frames: framesOfOne });
  }

  has(id: number): boolean {
    return id <= this.#forgotten || this.#streams?.has(id) === true;
  }

  /** DATA of so many bytes has come, or (0) another frame. False: it is more than can have been under way. */
  wasUnderWay(id: number, bytes: number): boolean {
    const stream = this.#streams?.get(id);
    if (stream === undefined) return false;
    if (bytes === 0) return stream.frames-- > 0;
    stream.window -= bytes;
    return stream.window >= 0;
  }
}
