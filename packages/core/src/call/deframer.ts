import type { Exchange, Fault, Fields } from "@millrace/exchange";
import { errorText, RpcError } from "../error.ts";
import { CompressionFailure } from "../host/host.ts";
import type { Compression } from "../host/host.ts";
import { flagCompressed } from "../protocol/envelope.ts";
import type { Base64Reader } from "./base64-reader.ts";
import type { FrameReader } from "./frame-reader.ts";
import { messageCost, offLoopCost, unpackedCost } from "./pace.ts";
import type { Intake } from "./pace.ts";
import { decompressedTooLarge } from "./size-limit.ts";

/** Where frames go, in order. Any method of {@link Deframer} may be called from inside. */
export interface FrameSink {
  /** A payload, decompressed; `size` is what it was on the wire. Borrowed unless `owned`. */
  frame(flags: number, buf: Uint8Array, start: number, end: number, owned: boolean, size: number): void;
  /** The body has ended; `empty`: without a byte. */
  ended(trailers: Fields | null, empty: boolean): void;
  /** The exchange died behind the frames that were given. */
  faulted(fault: Fault): void;
  /** The body cannot be read: malformed, or above a limit. Nothing follows. */
  unreadable(error: RpcError): void;
}

/** Why nothing is taken in for the moment. */
const unpacking = 1;
const full = 2;
const notAdmitted = 4;
type Hold = typeof unpacking | typeof full | typeof notAdmitted;

/**
 * Takes a body apart into messages, unpacked: one ordered queue whose steps may be asynchronous. While a step runs, or the
 * taker is full, the exchange is paused and what had come already waits here: at most one chunk, and the end.
 */
export class Deframer {
  readonly #exchange: Exchange;
  readonly #reader: FrameReader;
  readonly #text: Base64Reader | null;
  readonly #compression: Compression | null;
  readonly #limit: number;
  readonly #intake: Intake;
  readonly #sink: FrameSink;
  #holds = 0;
  #waiting: { chunk: Uint8Array; at: number }[] = [];
  #end: { trailers: Fields | null } | undefined;
  #fault: Fault | undefined;
  #state: "open" | "ended" | "done" = "open";
  #empty = true;
  #draining = false;

  constructor(
    exchange: Exchange,
    reader: FrameReader,
    text: Base64Reader | null,
    compression: Compression | null,
    limit: number,
    intake: Intake,
    sink: FrameSink,
  ) {
    this.#exchange = exchange;
    this.#reader = reader;
    this.#text = text;
    this.#compression = compression;
    this.#limit = limit;
    this.#intake = intake;
    this.#sink = sink;
  }

  /** Bytes that are held of a message of which more has to come. */
  get incomplete(): number {
    return this.#state === "open" && this.#end === undefined ? this.#reader.incomplete : 0;
  }

  /** Nothing comes, because it is held back on this side. */
  get held(): boolean {
    return this.#holds !== 0;
  }

  data(chunk: Uint8Array, start: number, end: number): void {
    if (this.#state !== "open" || start === end) return;
    this.#empty = false;
    if (this.#text !== null) {
      const bytes = this.#text.read(chunk, start, end);
      if (bytes instanceof RpcError) this.#unreadable(bytes);
      else this.#take(bytes, 0, bytes.length);
    } else this.#take(chunk, start, end);
  }

  end(trailers: Fields | null): void {
    if (this.#state !== "open") return;
    this.#end = { trailers };
    this.#drain();
  }

  /** In its turn, behind what was received before it. */
  fault(fault: Fault): void {
    if (this.#state === "done") return;
    this.#fault = fault;
    this.#drain();
  }

  /** The taker is full: nothing more until {@link resume}. */
  pause(): void {
    this.#hold(full);
  }

  resume(): void {
    this.#release(full);
  }

  /** Drops what waits and takes nothing more. */
  discard(): void {
    this.#state = "done";
    if ((this.#holds & notAdmitted) !== 0) this.#intake.forget(this.#readOn);
    this.#waiting = [];
    this.#reader.discard();
  }

  #take(chunk: Uint8Array, start: number, end: number): void {
    if (this.#holds !== 0 || this.#waiting.length > 0) this.#wait(chunk, start, end);
    else {
      const at = this.#read(chunk, start, end);
      if (at < end && this.#state === "open") this.#wait(chunk, at, end);
    }
  }

  #wait(chunk: Uint8Array, start: number, end: number): void {
    // A copy, which a Buffer's slice() is not.
    this.#waiting.push({ chunk: new Uint8Array(chunk.subarray(start, end)), at: 0 });
  }

  /** Reads frames until the chunk ends or something holds. Gives how far it came. */
  #read(chunk: Uint8Array, start: number, end: number): number {
    const reader = this.#reader;
    let at = start;
    while (at < end && this.#holds === 0 && this.#state === "open" && this.#admitted()) {
      at = reader.read(chunk, at, end);
      if (reader.failure !== null) this.#unreadable(reader.failure);
      else if (reader.ready) this.#frame();
    }
    return at;
  }

  /** Whether the next message may be read now; if not, it is held until it may. */
  #admitted(): boolean {
    if (this.#intake.admits(this.#readOn)) return true;
    this.#hold(notAdmitted);
    return false;
  }

  readonly #readOn = (): void => {
    this.#release(notAdmitted);
  };

  #frame(): void {
    const { flags, buf, start, end, owned } = this.#reader;
    const size = end - start;
    if ((flags & flagCompressed) === 0) {
      this.#intake.spend(messageCost + size);
      this.#sink.frame(flags, buf, start, end, owned, size);
      return;
    }
    if (this.#compression === null) {
      this.#unreadable(
        new RpcError(
          "internal",
          "a message is flagged as compressed, but the headers name no compression for it",
        ),
      );
      return;
    }
    // No bytes are never unpacked, whatever their flag says.
    if (size === 0) {
      this.#intake.spend(messageCost);
      this.#sink.frame(flags & ~flagCompressed, buf, start, end, owned, size);
      return;
    }
    let unpacked: Uint8Array | Promise<Uint8Array>;
    try {
      unpacked = this.#compression.unpack(buf.subarray(start, end), this.#limit);
    } catch (failure) {
      this.#intake.spend(offLoopCost);
      this.#unpackFailed(failure);
      return;
    }
    if (unpacked instanceof Uint8Array) {
      this.#intake.spend(unpackedCost + unpacked.length);
      this.#sink.frame(flags & ~flagCompressed, unpacked, 0, unpacked.length, true, size);
      return;
    }
    this.#hold(unpacking);
    this.#intake.spend(offLoopCost);
    this.#intake.unpacking();
    unpacked.then(
      (bytes) => {
        this.#intake.unpacked();
        if (this.#state === "done") return;
        this.#sink.frame(flags & ~flagCompressed, bytes, 0, bytes.length, true, size);
        this.#release(unpacking);
      },
      (failure: unknown) => {
        this.#intake.unpacked();
        if (this.#state !== "done") this.#unpackFailed(failure);
      },
    );
  }

  #unpackFailed(failure: unknown): void {
    const limit = failure instanceof CompressionFailure && failure.reason === "limit";
    this.#unreadable(
      limit
        ? decompressedTooLarge(this.#limit, this.#reader.side)
        : new RpcError(
            "internal",
            `a message could not be decompressed as ${this.#compression?.name ?? ""}: ${errorText(failure)}`,
            { cause: failure },
          ),
    );
  }

  #unreadable(error: RpcError): void {
    this.discard();
    this.#sink.unreadable(error);
  }

  #hold(hold: Hold): void {
    if (this.#holds === 0) this.#exchange.pause();
    this.#holds |= hold;
  }

  #release(hold: Hold): void {
    if ((this.#holds & hold) === 0) return;
    this.#holds &= ~hold;
    if (this.#holds !== 0) return;
    this.#drain();
    if (this.#holds === 0) this.#exchange.resume();
  }

  /** Goes on with what waits, as far as nothing holds. */
  #drain(): void {
    if (this.#draining) return;
    this.#draining = true;
    while (this.#holds === 0 && this.#state === "open" && this.#waiting.length > 0) {
      const next = this.#waiting[0]!;
      next.at = this.#read(next.chunk, next.at, next.chunk.length);
      if (next.at === next.chunk.length) this.#waiting.shift();
    }
    if (this.#holds === 0 && this.#state === "open" && this.#end !== undefined)
      this.#finish(this.#end.trailers);
    if (this.#holds === 0 && this.#state !== "done" && this.#fault !== undefined) {
      this.discard();
      this.#sink.faulted(this.#fault);
    }
    this.#draining = false;
  }

  #finish(trailers: Fields | null): void {
    // A body that is one message is read now; others have been, message by message.
    if ((this.#empty || this.#reader.incomplete > 0) && !this.#admitted()) return;
    const failure = this.#text?.finish() ?? null;
    if (failure !== null) {
      this.#unreadable(failure);
      return;
    }
    const reader = this.#reader;
    reader.finish();
    if (reader.failure !== null) {
      this.#unreadable(reader.failure);
      return;
    }
    if (reader.ready) {
      this.#frame();
      // A last message that is unpacked off the loop comes before the end: look again when it is there.
      if (this.#holds !== 0 || this.#state !== "open") {
        this.#end = this.#state === "open" ? { trailers } : undefined;
        return;
      }
    }
    this.#state = "ended";
    this.#sink.ended(trailers, this.#empty);
  }
}
