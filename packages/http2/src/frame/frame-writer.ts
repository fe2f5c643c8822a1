import type { Span } from "@millrace/exchange";
import { Flag, frameHeaderSize, FrameType } from "./frame-type.ts";

/** A payload of this size and more stays where it is; a shorter one is copied behind its frame's header. */
const copyBelow = 4096;
/** Of the buffers that frames are written to: what an idle connection may keep, and the most. */
const smallestSegment = 512;
const largestSegment = 64 * 1024;

/** What is lent has at least so much room, unless less was asked for. */
const loanRoom = 1024;

const none: Uint8Array = new Uint8Array(0);

/** Frames on their way out, one behind the other: what one turn writes leaves together. */
export class FrameWriter {
  #buf: Uint8Array = none;
  /** Where what has not been handed on begins. */
  #start = 0;
  #at = 0;
  #parts: Uint8Array[] = [];
  #size = 0;
  /** Bytes of the frames that were taken last: as many may come again. */
  #sizeBefore = 0;
  /** The last loan; the same object again and again. */
  #span: Span | undefined;
  #lentAt = 0;
  /** Whoever has it may be writing at `#at`. */
  #isLent = false;

  /** Bytes that wait. */
  get size(): number {
    return this.#size;
  }

  /** What waits, in order; it is the caller's from now on, and immutable. */
  take(): Uint8Array[] {
    this.#cut();
    const parts = this.#parts;
    this.#parts = [];
    // As much again would not fit: it had better begin in a new buffer than leave in two parts.
    if (this.#buf.length - this.#at < 1.25 * this.#size || this.#isLent) {
      this.#isLent = false;
      this.#buf = none;
      this.#start = this.#at = 0;
    }
    this.#sizeBefore = this.#size;
    this.#size = 0;
    return parts;
  }

  data(stream: number, chunk: Uint8Array, start: number, end: number, endStream: boolean): void {
    const length = end - start;
    this.#header(FrameType.DATA, endStream ? Flag.END_STREAM : 0, stream, length, length < copyBelow);
    if (length >= copyBelow) {
      this.#cut();
      this.#parts.push(chunk.subarray(start, end));
      this.#size += length;
    } else this.#copy(chunk, start, end);
  }

  /** Lends room for up to `most` bytes of a DATA frame. Others may write meanwhile; settle() or copyLoan() ends it. */
  lend(most: number): Span {
    this.#room(frameHeaderSize + Math.min(most, loanRoom));
    const pos = (this.#lentAt = this.#at + frameHeaderSize);
    const end = Math.min(this.#buf.length, pos + most);
    this.#isLent = true;
    if (this.#span === undefined) return (this.#span = { buf: this.#buf, pos, end });
    this.#span.buf = this.#buf;
    this.#span.pos = pos;
    this.#span.end = end;
    return this.#span;
  }

  /** How much of the loan is used, if it is up to `pos`. */
  lentBytes(pos: number): number {
    return pos - this.#lentAt;
  }

  /** Makes a frame of so many bytes of the loan, where they are. False: others have written meanwhile. Nothing, of none. */
  settle(stream: number, bytes: number): boolean {
    if (!this.#isLent) return false;
    this.#isLent = false;
    if (bytes === 0) return true;
    this.#header(FrameType.DATA, 0, stream, bytes, true);
    this.#at += bytes;
    this.#size += bytes;
    return true;
  }

  /** Ends the loan by a copy of its bytes. */
  copyLoan(bytes: number): Uint8Array {
    this.#isLent = false;
    return Uint8Array.from(this.#span!.buf.subarray(this.#lentAt, this.#lentAt + bytes));
  }

  /** The buffer that openHeaders() gave room in. */
  get buffer(): Uint8Array {
    return this.#buf;
  }

  /** Where a header block of at most `bound` octets is to be written. closeHeaders() follows, and nothing between. */
  openHeaders(bound: number): number {
    this.#room(frameHeaderSize + bound);
    return this.#at + frameHeaderSize;
  }

  /** Makes frames of the block from openHeaders()'s place to `end`: as many as it needs (RFC 9113 sections 6.2, 6.10). */
  closeHeaders(stream: number, end: number, endStream: boolean, maxFrameSize: number): void {
    const start = this.#at + frameHeaderSize;
    const endFlag = endStream ? Flag.END_STREAM : 0;
    if (end - start <= maxFrameSize) {
      this.#header(FrameType.HEADERS, endFlag | Flag.END_HEADERS, stream, end - start, false);
      this.#size += end - start;
      this.#at = end;
      return;
    }
    const block = this.#buf.slice(start, end);
    for (let at = 0; at < block.length; at += maxFrameSize) {
      const next = Math.min(block.length, at + maxFrameSize);
      const flags = (at === 0 ? endFlag : 0) | (next === block.length ? Flag.END_HEADERS : 0);
      this.#header(at === 0 ? FrameType.HEADERS : FrameType.CONTINUATION, flags, stream, next - at, true);
      this.#copy(block, at, next);
    }
  }

  rstStream(stream: number, code: number): void {
    this.#header(FrameType.RST_STREAM, 0, stream, 4, true);
    this.#uint32(code);
  }

  /** Pairs of identifier and value. */
  settings(pairs: readonly (readonly [number, number])[]): void {
    this.#header(FrameType.SETTINGS, 0, 0, pairs.length * 6, true);
    for (const [identifier, value] of pairs) {
      this.#buf[this.#at++] = identifier >>> 8;
      this.#buf[this.#at++] = identifier;
      this.#size += 2;
      this.#uint32(value);
    }
  }

  settingsAck(): void {
    this.#header(FrameType.SETTINGS, Flag.ACK, 0, 0, true);
  }

  /** `opaque`: eight bytes from `at` on. */
  ping(opaque: Uint8Array, at: number, ack: boolean): void {
    this.#header(FrameType.PING, ack ? Flag.ACK : 0, 0, 8, true);
    this.#copy(opaque, at, at + 8);
  }

  goaway(lastStream: number, code: number, debug: Uint8Array): void {
    this.#header(FrameType.GOAWAY, 0, 0, 8 + debug.length, true);
    this.#uint32(lastStream);
    this.#uint32(code);
    this.#copy(debug, 0, debug.length);
  }

  windowUpdate(stream: number, increment: number): void {
    this.#header(FrameType.WINDOW_UPDATE, 0, stream, 4, true);
    this.#uint32(increment);
  }

  /** Bytes that are no frame: the client's preface (RFC 9113 section 3.4). */
  raw(bytes: Uint8Array): void {
    this.#room(bytes.length);
    this.#copy(bytes, 0, bytes.length);
  }

  #header(type: number, flags: number, stream: number, length: number, withPayload: boolean): void {
    this.#room(withPayload ? frameHeaderSize + length : frameHeaderSize);
    const buf = this.#buf;
    const at = this.#at;
    buf[at] = length >>> 16;
    buf[at + 1] = length >>> 8;
    buf[at + 2] = length;
    buf[at + 3] = type;
    buf[at + 4] = flags;
    buf[at + 5] = stream >>> 24;
    buf[at + 6] = stream >>> 16;
    buf[at + 7] = stream >>> 8;
    buf[at + 8] = stream;
    this.#at = at + frameHeaderSize;
    this.#size += frameHeaderSize;
  }

  #uint32(value: number): void {
    const buf = this.#buf;
    buf[this.#at++] = value >>> 24;
    buf[this.#at++] = value >>> 16;
    buf[this.#at++] = value >>> 8;
    buf[this.#at++] = value;
    this.#size += 4;
  }

  #copy(from: Uint8Array, start: number, end: number): void {
    const length = end - start;
    if (length > 64) this.#buf.set(length === from.length ? from : from.subarray(start, end), this.#at);
    else {
      const buf = this.#buf;
      const shift = this.#at - start;
      for (let i = start; i < end; i++) buf[i + shift] = from[i] as number;
    }
    this.#at += length;
    this.#size += length;
  }

  #room(bytes: number): void {
    if (this.#buf.length - this.#at >= bytes && !this.#isLent) return;
    this.#isLent = false;
    this.#cut();
    const wanted = 4 * Math.max(this.#sizeBefore, this.#size);
    this.#buf = new Uint8Array(Math.max(bytes, Math.min(Math.max(wanted, smallestSegment), largestSegment)));
    this.#start = 0;
    this.#at = 0;
  }

  #cut(): void {
    if (this.#at === this.#start) return;
    this.#parts.push(this.#buf.subarray(this.#start, this.#at));
    this.#start = this.#at;
  }
}
