import { FrameReader, type FrameSink } from "../../src/frame/frame-reader.ts";
import { concat } from "../hpack/support.ts";
import type { Frame } from "../support/frames.ts";

/** What a reader tells: frames, of DATA without its padding; and what was wrong at the end. */
export class RecordedFrames implements FrameSink {
  readonly frames: Frame[] = [];
  /** The whole lengths of DATA frames. */
  readonly lengths: number[] = [];
  wrong: string | undefined;
  /** Says stop at this frame. */
  stopAt = Infinity;
  #data: { readonly flags: number; readonly stream: number; payload: Uint8Array } | undefined;

  frame(
    type: number,
    flags: number,
    stream: number,
    payload: Uint8Array,
    start: number,
    end: number,
  ): boolean {
    return this.#add({ type, flags, stream, payload: payload.slice(start, end) });
  }

  dataFrame(flags: number, stream: number, length: number): boolean {
    this.lengths.push(length);
    this.#data = { flags, stream, payload: new Uint8Array(0) };
    return true;
  }

  dataPart(chunk: Uint8Array, start: number, end: number): boolean {
    if (start === end) throw new Error("a part without octets");
    this.#data!.payload = concat(this.#data!.payload, chunk.subarray(start, end));
    return true;
  }

  dataFrameEnd(): boolean {
    return this.#add({ type: 0, ...this.#data! });
  }

  frameTooLong(type: number, stream: number, length: number): void {
    this.wrong = `too long: type ${type}, stream ${stream}, ${length} octets`;
  }

  badPadding(isMissing: boolean): void {
    this.wrong = isMissing ? "no pad length" : "too much padding";
  }

  #add(frame: Frame): boolean {
    this.frames.push(frame);
    return this.frames.length < this.stopAt;
  }
}

/** What a reader makes of these chunks, each of which is reused as soon as it was read. */
export function read(chunks: readonly Uint8Array[], maxLength = 16_384): RecordedFrames {
  const recorded = new RecordedFrames();
  const reader = new FrameReader(recorded, maxLength);
  reader.allowance = Infinity;
  for (const chunk of chunks) {
    // With other octets on both sides.
    const lent = concat(Uint8Array.of(0xdb), chunk, Uint8Array.of(0xdb));
    const at = reader.read(lent, 1, lent.length - 1);
    lent.fill(0xdb);
    if (at === -1) break;
  }
  return recorded;
}
