import { RpcError } from "../error.ts";
import { flagCompressed, prefixLength } from "../protocol/envelope.ts";
import { Gathered } from "./gathered.ts";
import type { MemoryBudget } from "./memory-budget.ts";
import { receivedTooLarge } from "./size-limit.ts";
import type { Side } from "./size-limit.ts";

/** Cuts a body into frames. A complete frame is `buf[start..end)`, until the next call. */
export interface FrameReader {
  readonly flags: number;
  readonly buf: Uint8Array;
  readonly start: number;
  readonly end: number;
  /** Whether `buf` belongs to this frame alone; otherwise it is a part of what was read. */
  readonly owned: boolean;
  /** Why the body cannot be read on; null if it can. */
  readonly failure: RpcError | null;
  /** Whose limit holds. */
  readonly side: Side;
  /** Reads `chunk[at..end)` up to the end of a frame, if there is one. Gives how far it came. */
  read(chunk: Uint8Array, at: number, end: number): number;
  /** Whether the last read(), or finish(), completed a frame. */
  readonly ready: boolean;
  /** Bytes that it holds of a frame which is not complete. */
  readonly incomplete: number;
  /** The body has ended: completes what that completes, or fails. */
  finish(): void;
  /** Lets go of what it holds. */
  discard(): void;
}

const none = /*@__PURE__*/ new Uint8Array(0);

/** Reads enveloped messages: flags, length, payload (Connect "Enveloped-Message", gRPC "Length-Prefixed-Message"). */
export class EnvelopeReader implements FrameReader {
  flags = 0;
  buf: Uint8Array = none;
  start = 0;
  end = 0;
  owned = false;
  ready = false;
  failure: RpcError | null = null;
  readonly side: Side;
  readonly #limit: number;
  readonly #gathered: Gathered;
  readonly #prefix = new Uint8Array(prefixLength);
  #have = 0;
  #length = 0;

  constructor(limit: number, budget: MemoryBudget, side: Side) {
    this.side = side;
    this.#limit = limit;
    this.#gathered = new Gathered(budget);
  }

  get incomplete(): number {
    return this.#gathered.length;
  }

  read(chunk: Uint8Array, from: number, end: number): number {
    this.ready = false;
    let at = from;
    if (this.#have < prefixLength) {
      while (this.#have < prefixLength && at < end) this.#prefix[this.#have++] = chunk[at++]!;
      if (this.#have < prefixLength) return at;
      const prefix = this.#prefix;
      this.flags = prefix[0]!;
      this.#length = ((prefix[1]! << 24) | (prefix[2]! << 16) | (prefix[3]! << 8) | prefix[4]!) >>> 0;
      if (this.#length > this.#limit) {
        this.failure = receivedTooLarge(`${this.#length} bytes`, this.#limit, this.side);
        return at;
      }
    }
    const missing = this.#length - this.#gathered.length;
    if (end - at < missing) {
      this.failure = this.#gathered.add(chunk, at, end, this.#length);
      return end;
    }
    if (this.#gathered.length === 0) {
      this.buf = chunk;
      this.start = at;
      this.end = at + missing;
      this.owned = false;
    } else {
      this.failure = this.#gathered.add(chunk, at, at + missing, this.#length);
      if (this.failure !== null) return at;
      this.buf = this.#gathered.take();
      this.start = 0;
      this.end = this.#length;
      this.owned = true;
    }
    this.#have = 0;
    this.ready = true;
    return at + missing;
  }

  finish(): void {
    this.ready = false;
    if (this.#have === 0) return;
    const text =
      this.#have < prefixLength
        ? `the body ended inside a message's prefix, after ${this.#have} of ${prefixLength} bytes`
        : `the body ended inside a message, after ${this.#gathered.length} of ${this.#length} bytes`;
    this.failure = new RpcError("invalid_argument", text);
  }

  discard(): void {
    this.#gathered.discard();
    this.buf = none;
  }
}

/** Reads a body that is one message (Connect unary). An empty body gives no frame. */
export class BodyReader implements FrameReader {
  readonly flags: number;
  buf: Uint8Array = none;
  readonly start = 0;
  end = 0;
  readonly owned = true;
  ready = false;
  failure: RpcError | null = null;
  readonly side: Side;
  readonly #limit: number;
  readonly #gathered: Gathered;

  constructor(limit: number, budget: MemoryBudget, side: Side, compressed: boolean) {
    this.side = side;
    this.#limit = limit;
    this.#gathered = new Gathered(budget);
    this.flags = compressed ? flagCompressed : 0;
  }

  get incomplete(): number {
    return this.#gathered.length;
  }

  read(chunk: Uint8Array, at: number, end: number): number {
    const length = this.#gathered.length + end - at;
    this.failure =
      length > this.#limit
        ? receivedTooLarge(`at least ${length} bytes`, this.#limit, this.side)
        : this.#gathered.add(chunk, at, end, this.#limit);
    return end;
  }

  finish(): void {
    this.ready = false;
    if (this.#gathered.length === 0) return;
    this.end = this.#gathered.length;
    this.buf = this.#gathered.take();
    this.ready = true;
  }

  discard(): void {
    this.#gathered.discard();
    this.buf = none;
  }
}
