import { ErrorCode } from "@millrace/exchange";
import { ConnectionWindow } from "./connection-window.ts";
import { uint31, uint32 } from "./frame/big-endian.ts";
import { FrameReader, type FrameSink } from "./frame/frame-reader.ts";
import { frameFault } from "./frame/frame-rules.ts";
import { Flag, FrameType } from "./frame/frame-type.ts";
import { HeaderGatherer } from "./header-gatherer.ts";
import { Decoder } from "./hpack/decoder.ts";
import type { HeaderBlock } from "./hpack/header-block.ts";
import { Ledger } from "./ledger.ts";
import type { Limits } from "./limits.ts";
import type { Output } from "./output.ts";
import type { Pings } from "./pings.ts";
import { mostPriorityOctets } from "./message/priority.ts";
import { ResetMemory } from "./reset-memory.ts";
import { noTimer, type Runtime } from "./runtime.ts";
import { applySettings, initialWindow, type PeerSettings } from "./settings.ts";
import type { Stream } from "./stream.ts";
import type { StreamTable } from "./stream-table.ts";
import type { WindowTuner } from "./window-tuner.ts";

/** Frames of one connection that are read in one turn of the event loop at most. */
const turnFrames = 512;
/** A new stream is as much work as so many frames. */
const perStream = 8;
/** After so many frames the clock is asked whether there is time for more: what a request costs, its handler decides. */
const sliceFrames = 64;
/** What one connection may take of a turn, in milliseconds. */
const turnMs = 0.5;

/** What frames come to. Where it gives a boolean, false means: read no more. */
export interface InboundHost {
  readonly isClient: boolean;
  readonly isOpen: boolean;
  readonly limits: Limits;
  readonly runtime: Runtime;
  readonly output: Output;
  readonly pings: Pings;
  readonly tuner: WindowTuner;
  readonly peerSettings: PeerSettings;
  /** Those that are open on the wire, by their ids. */
  readonly streams: StreamTable<Stream>;
  /** Ends the connection for what the peer did. */
  fail(code: number, text: string): false;
  /** No such stream has ever been opened. */
  isIdle(id: number): boolean;
  /** DATA may come: on a client, once the response's head has. */
  isAnswered(stream: Stream): boolean;
  /** A header block of a stream that is idle. */
  headersOfNew(id: number, block: HeaderBlock, endStream: boolean): boolean;
  /** A header block of a stream that is open. Gives what is wrong with it, or null. */
  headersOf(stream: Stream, block: HeaderBlock, endStream: boolean): string | null;
  resetReceived(stream: Stream, code: number): void;
  /** A stream is not open any more. */
  streamEnded(): void;
  goawayReceived(lastStream: number, code: number, debug: Uint8Array): boolean;
  priorityUpdateReceived(id: number, value: string): boolean;
  /** `peerSettings` are what the peer has said by now. */
  settingsReceived(): void;
}

/** What a connection receives: frames, held to the rules of RFC 9113 and to the limits, on their way to the streams. */
export class Inbound implements FrameSink {
  /** The peer's SETTINGS have come. */
  settingsSeen = false;
  /** Ours have been acknowledged. */
  settingsAcknowledged = false;
  readonly #host: InboundHost;
  readonly #reader: FrameReader;
  readonly #gatherer: HeaderGatherer;
  readonly #decoder: Decoder;
  readonly #idleFrames: Ledger;
  readonly #mistakes: Ledger;
  readonly #window = new ConnectionWindow();
  readonly #resets = new ResetMemory();
  /** Of the DATA frame that is being read. */
  #dataStream: Stream | undefined;
  #dataFlags = 0;
  #dataPadding = 0;
  #hasData = false;
  /** Frames that this turn allows beyond the reader's. */
  #turnLeft = 0;
  /** When the turn's reading began; -1: it has not. */
  #turnBegan = -1;
  /** Replaced when they are done, for what they hold. */
  #cancelHandshake: () => void;
  #cancelSettings: () => void;
  #isWatching = false;
  #cancelWatch: () => void = noTimer;

  constructor(host: InboundHost) {
    this.#host = host;
    const { limits, runtime } = host;
    this.#reader = new FrameReader(this, limits.maxFrameBytes);
    this.nextTurn();
    this.#gatherer = new HeaderGatherer(limits);
    this.#decoder = new Decoder({ maxOctets: limits.maxHeaderBytes, maxFields: limits.maxHeaderFields });
    const now = (): number => runtime.now();
    this.#idleFrames = new Ledger(limits.idleFrameBurst, limits.idleFrameRate, now);
    this.#mistakes = new Ledger(limits.resetBurst, limits.resetRate, now);
    const { handshakeTimeoutMs, settingsTimeoutMs } = limits;
    this.#cancelHandshake = runtime.timer(handshakeTimeoutMs, () =>
      host.fail(ErrorCode.SETTINGS_TIMEOUT, `no SETTINGS came within ${handshakeTimeoutMs} ms`),
    );
    this.#cancelSettings = runtime.timer(settingsTimeoutMs, () =>
      host.fail(ErrorCode.SETTINGS_TIMEOUT, `SETTINGS were not acknowledged within ${settingsTimeoutMs} ms`),
    );
  }

  /** Makes the connection's window larger than it is at first (RFC 9113 section 6.9.2). */
  open(): void {
    this.#credit(this.#window.grow(this.#host.limits.connectionWindowBytes));
  }

  /** Reads as much as the turn allows. Gives where it stopped. */
  read(chunk: Uint8Array, start: number, end: number): number {
    if (this.#turnBegan < 0) this.#turnBegan = this.#host.runtime.now();
    let at = start;
    do at = this.#reader.read(chunk, at, end);
    while (at >= 0 && at < end && this.#hasTime());
    if (!this.#isWatching && this.#incomplete !== 0) this.#watch();
    return at;
  }

  /** A turn begins, or is over. */
  nextTurn(): void {
    this.#reader.allowance = sliceFrames;
    this.#turnLeft = turnFrames - sliceFrames;
    this.#turnBegan = -1;
  }

  /** More may be read in this turn. */
  #hasTime(): boolean {
    if (this.#turnLeft <= 0 || this.#host.runtime.now() - this.#turnBegan > turnMs) return false;
    this.#turnLeft -= sliceFrames;
    this.#reader.allowance += sliceFrames;
    return true;
  }

  /** Names the header block, or the frame but DATA, of which a part has come; 0 if there is none. */
  get #incomplete(): number {
    return this.#gatherer.stream === 0 ? this.#reader.incomplete : -this.#gatherer.stream;
  }

  /** Sees to it that what is incomplete does not stay so. */
  #watch(): void {
    const what = this.#incomplete;
    const { headersTimeoutMs } = this.#host.limits;
    this.#isWatching = true;
    this.#cancelWatch = this.#host.runtime.timer(headersTimeoutMs, () => {
      this.#isWatching = false;
      if (this.#incomplete === 0) return;
      if (this.#incomplete !== what) return this.#watch();
      const text = `a ${what < 0 ? "header block" : "frame"} was not complete within ${headersTimeoutMs} ms`;
      this.#host.fail(ErrorCode.ENHANCE_YOUR_CALM, text);
    });
  }

  /** Nothing is read any more. */
  stop(): void {
    this.#cancelHandshake();
    this.#cancelSettings();
    this.#cancelWatch();
    // What ended it may have come in the middle of a header block, which is waited for no more.
    this.#isWatching = true;
  }

  /** This side has reset a stream: what still comes for it is ignored. `window`: what the peer may send of DATA, in bytes. */
  ignore(id: number, window: number): void {
    this.#resets.add(id, window);
  }

  /** A stream has ended as it should: its peer is not idle. */
  worked(): void {
    this.#mistakes.earn(1);
    this.#idleFrames.earn(4);
  }

  /** A stream of the peer's making comes to nothing. It counts, whoever resets it (CVE-2023-44487, CVE-2025-8671). */
  countMistake(): boolean {
    return (
      this.#mistakes.spend() ||
      this.#host.fail(ErrorCode.ENHANCE_YOUR_CALM, "too many streams came to nothing")
    );
  }

  frame(type: number, flags: number, id: number, payload: Uint8Array, start: number, end: number): boolean {
    if (!this.#mayCome(type, flags, id, end - start)) return false;
    switch (type) {
      case FrameType.HEADERS:
        return this.#headersFrame(flags, id, payload, start, end);
      case FrameType.CONTINUATION:
        return this.#continuationFrame(flags, payload, start, end);
      case FrameType.WINDOW_UPDATE:
        return this.#windowUpdateFrame(id, payload, start);
      case FrameType.RST_STREAM:
        return this.#rstStreamFrame(id, payload, start);
      case FrameType.SETTINGS:
        return this.#settingsFrame(flags, payload, start, end);
      case FrameType.PING:
        return this.#pingFrame(flags, payload, start);
      case FrameType.GOAWAY:
        return this.#goawayFrame(payload, start, end);
      case FrameType.PRIORITY:
        return this.#priorityFrame(id, payload, start, end);
      case FrameType.PRIORITY_UPDATE:
        return this.#priorityUpdateFrame(payload, start, end);
      case FrameType.PUSH_PROMISE:
        return this.#host.fail(ErrorCode.PROTOCOL_ERROR, "PUSH_PROMISE came, and push is off");
      default:
        // RFC 9113 section 5.5: what is unknown is ignored.
        return this.#useless();
    }
  }

  frameTooLong(type: number, id: number, length: number): void {
    const text = `a frame of type ${type} has ${length} bytes: the most is ${this.#host.limits.maxFrameBytes}`;
    // RFC 9113 section 4.2: nothing of the connection's state goes with DATA, but the reader is not made to skip it.
    this.#host.fail(ErrorCode.FRAME_SIZE_ERROR, `${text} (stream ${id})`);
  }

  badPadding(isMissing: boolean): void {
    if (isMissing) this.#host.fail(ErrorCode.FRAME_SIZE_ERROR, "DATA has no room for its pad length");
    else this.#host.fail(ErrorCode.PROTOCOL_ERROR, "a frame's padding is as long as its payload");
  }

  dataFrame(flags: number, id: number, length: number): boolean {
    if (!this.#mayCome(FrameType.DATA, flags, id, length)) return false;
    if (!this.#window.charge(length))
      return this.#host.fail(ErrorCode.FLOW_CONTROL_ERROR, "DATA is beyond the connection's window");
    this.#host.tuner.received(length);
    this.#credit(this.#window.credit(this.#host.tuner.target));
    this.#dataFlags = flags;
    this.#dataPadding = length;
    this.#hasData = false;
    this.#dataStream = undefined;
    const stream = this.#host.streams.get(id);
    if (stream === undefined) {
      if (!this.#host.isIdle(id)) return this.#onClosed(id, "DATA", length);
      return this.#host.fail(ErrorCode.PROTOCOL_ERROR, `DATA came on stream ${id}, which is idle`);
    }
    if (stream.isRemoteEnded)
      return this.#streamError(stream, ErrorCode.STREAM_CLOSED, "DATA came after END_STREAM");
    if (!stream.charge(length))
      return this.#streamError(stream, ErrorCode.FLOW_CONTROL_ERROR, "DATA is beyond the stream's window");
    if (!this.#host.isAnswered(stream))
      return this.#streamError(stream, ErrorCode.PROTOCOL_ERROR, "DATA came before the header fields");
    this.#dataStream = stream;
    return true;
  }

  dataPart(chunk: Uint8Array, start: number, end: number): boolean {
    const stream = this.#dataStream;
    if (stream === undefined) return true;
    this.#dataPadding -= end - start;
    this.#hasData = true;
    if (stream.exceeds(end - start)) {
      this.#dataStream = undefined;
      return this.#streamError(
        stream,
        ErrorCode.PROTOCOL_ERROR,
        "the body is longer than its content-length",
      );
    }
    stream.data(chunk, start, end);
    return this.#host.isOpen;
  }

  dataFrameEnd(): boolean {
    const stream = this.#dataStream;
    if (stream === undefined) return true;
    this.#dataStream = undefined;
    // A callback may have reset it.
    if (stream.isRemoteEnded) return true;
    const isLast = (this.#dataFlags & Flag.END_STREAM) !== 0;
    if (!isLast) {
      stream.refund(this.#dataPadding);
      // Padding and nothing else is as good as an empty frame.
      return this.#hasData || this.#useless();
    }
    if (stream.isShort)
      return this.#streamError(
        stream,
        ErrorCode.PROTOCOL_ERROR,
        "the body is shorter than its content-length",
      );
    stream.endReceived(null);
    return this.#host.isOpen;
  }

  /** A frame of this type may come here, as its header says it is. */
  #mayCome(type: number, flags: number, id: number, length: number): boolean {
    if (!this.settingsSeen && (type !== FrameType.SETTINGS || (flags & Flag.ACK) !== 0))
      return this.#host.fail(ErrorCode.PROTOCOL_ERROR, "the first frame is not SETTINGS");
    if (this.#gatherer.stream !== 0 && (type !== FrameType.CONTINUATION || id !== this.#gatherer.stream))
      return this.#host.fail(
        ErrorCode.PROTOCOL_ERROR,
        "another frame stands in the middle of a header block",
      );
    const fault = frameFault(type, flags, id, length);
    return fault === null || this.#host.fail(fault.code, fault.text);
  }

  #headersFrame(flags: number, id: number, payload: Uint8Array, start: number, end: number): boolean {
    let at = start;
    let stop = end;
    if ((flags & Flag.PADDED) !== 0) {
      if (at === stop)
        return this.#host.fail(ErrorCode.FRAME_SIZE_ERROR, "HEADERS has no room for its pad length");
      stop -= payload[at++]!;
    }
    if ((flags & Flag.PRIORITY) !== 0) {
      if (end - at < 5)
        return this.#host.fail(ErrorCode.FRAME_SIZE_ERROR, "HEADERS has no room for its priority");
      // A stream error, which may be taken for the connection's (section 5.4.1): a peer that does this is broken.
      if (uint31(payload, at) === id)
        return this.#host.fail(ErrorCode.PROTOCOL_ERROR, `stream ${id} depends on itself`);
      at += 5;
    }
    if (at > stop) return this.#host.fail(ErrorCode.PROTOCOL_ERROR, "HEADERS has more padding than payload");
    const endStream = (flags & Flag.END_STREAM) !== 0;
    if ((flags & Flag.END_HEADERS) !== 0) return this.#block(id, endStream, payload, at, stop);
    this.#gatherer.begin(id, endStream, payload, at, stop);
    return true;
  }

  #continuationFrame(flags: number, payload: Uint8Array, start: number, end: number): boolean {
    const gatherer = this.#gatherer;
    if (gatherer.stream === 0)
      return this.#host.fail(ErrorCode.PROTOCOL_ERROR, "CONTINUATION came without HEADERS");
    const wrong = gatherer.add(payload, start, end);
    if (wrong !== null) return this.#host.fail(wrong.code, wrong.text);
    if ((flags & Flag.END_HEADERS) === 0) return true;
    const { stream, endStream } = gatherer;
    const block = gatherer.take();
    return this.#block(stream, endStream, block, 0, block.length);
  }

  /** A whole header block. It is decoded whatever its stream is, for the table's sake (RFC 9113 section 4.3). */
  #block(id: number, endStream: boolean, bytes: Uint8Array, start: number, end: number): boolean {
    const block = this.#decoder.decode(bytes, start, end);
    // What it is decoded to is work too, here and above, however few octets said it.
    this.#reader.allowance -= ((end - start) >> 5) + (block.octets >> 6);
    if (block.outcome === "compression-error")
      return this.#host.fail(ErrorCode.COMPRESSION_ERROR, block.problem);
    const stream = this.#host.streams.get(id);
    if (stream === undefined) {
      if (!this.#host.isIdle(id)) return this.#onClosed(id, "HEADERS", 0);
      this.#reader.allowance -= perStream;
      return this.#host.headersOfNew(id, block, endStream);
    }
    if (stream.isRemoteEnded)
      return this.#streamError(stream, ErrorCode.STREAM_CLOSED, "HEADERS came after END_STREAM");
    if (block.outcome === "too-large")
      return this.#streamError(stream, ErrorCode.ENHANCE_YOUR_CALM, block.problem);
    const wrong = this.#host.headersOf(stream, block, endStream);
    if (wrong !== null) return this.#streamError(stream, ErrorCode.PROTOCOL_ERROR, wrong);
    // Interim responses may be many, and say nothing.
    if (!this.#host.isAnswered(stream)) return this.#host.isOpen && this.#useless();
    return this.#host.isOpen;
  }

  #windowUpdateFrame(id: number, payload: Uint8Array, start: number): boolean {
    const increment = uint31(payload, start);
    this.#idleFrames.earn(2 * this.#host.output.takeDataFrames());
    if (!this.#useless()) return false;
    if (id === 0) {
      if (increment === 0) return this.#host.fail(ErrorCode.PROTOCOL_ERROR, "WINDOW_UPDATE widens by 0");
      if (this.#host.output.widen(increment)) return true;
      return this.#host.fail(ErrorCode.FLOW_CONTROL_ERROR, "the connection's window is beyond 2,147,483,647");
    }
    const stream = this.#host.streams.get(id);
    if (stream === undefined) {
      if (this.#host.isIdle(id))
        return this.#host.fail(ErrorCode.PROTOCOL_ERROR, `WINDOW_UPDATE came on stream ${id}, which is idle`);
      return true;
    }
    if (increment === 0)
      return this.#streamError(stream, ErrorCode.PROTOCOL_ERROR, "WINDOW_UPDATE widens by 0");
    if (stream.widen(increment)) return true;
    return this.#streamError(
      stream,
      ErrorCode.FLOW_CONTROL_ERROR,
      "the stream's window is beyond 2,147,483,647",
    );
  }

  #rstStreamFrame(id: number, payload: Uint8Array, start: number): boolean {
    if (this.#host.isIdle(id))
      return this.#host.fail(ErrorCode.PROTOCOL_ERROR, `RST_STREAM came on stream ${id}, which is idle`);
    const stream = this.#host.streams.get(id);
    if (stream === undefined) return this.#resets.wasUnderWay(id, 0) || this.#useless();
    this.#host.streams.delete(id);
    this.#host.resetReceived(stream, uint32(payload, start));
    if (!this.#host.isClient && !this.countMistake()) return false;
    this.#host.streamEnded();
    return this.#host.isOpen;
  }

  #settingsFrame(flags: number, payload: Uint8Array, start: number, end: number): boolean {
    if ((flags & Flag.ACK) !== 0) {
      this.#cancelSettings();
      this.#cancelSettings = noTimer;
      this.#ackReceived();
      return this.#useless();
    }
    if (this.settingsSeen && !this.#useless()) return false;
    const host = this.#host;
    const { peerSettings, output } = host;
    const windowBefore = peerSettings.initialWindowSize;
    const wrong = applySettings(peerSettings, this.#host.isClient, payload, start, end);
    if (wrong !== null) return host.fail(wrong.code, wrong.text);
    output.maxFrame = peerSettings.maxFrameSize;
    const delta = peerSettings.initialWindowSize - windowBefore;
    if (delta !== 0) this.#reader.allowance -= this.#host.streams.size >> 3;
    for (const stream of delta === 0 ? noStreams : this.#host.streams.values()) {
      if (!stream.widen(delta))
        return this.#host.fail(
          ErrorCode.FLOW_CONTROL_ERROR,
          "SETTINGS make a stream's window larger than 2,147,483,647",
        );
    }
    output.writer.settingsAck();
    output.touch();
    if (!this.settingsSeen) {
      this.#cancelHandshake();
      this.#cancelHandshake = noTimer;
    }
    this.settingsSeen = true;
    this.#host.settingsReceived();
    return this.#host.isOpen;
  }

  /** The peer goes by our SETTINGS from here on: what it could send more than those allow is taken back. */
  #ackReceived(): void {
    if (this.settingsAcknowledged) return;
    this.settingsAcknowledged = true;
    const less = initialWindow - this.#host.limits.streamWindowBytes;
    if (less > 0) for (const stream of this.#host.streams.values()) stream.narrow(less);
  }

  #pingFrame(flags: number, payload: Uint8Array, start: number): boolean {
    if ((flags & Flag.ACK) !== 0)
      return this.#host.pings.acknowledged(payload, start) ? this.#host.isOpen : this.#useless();
    this.#host.output.writer.ping(payload, start, true);
    this.#host.output.touch();
    return this.#useless();
  }

  #goawayFrame(payload: Uint8Array, start: number, end: number): boolean {
    if (!this.#useless()) return false;
    const last = uint31(payload, start);
    return this.#host.goawayReceived(
      last,
      uint32(payload, start + 4),
      new Uint8Array(payload.subarray(start + 8, end)),
    );
  }

  #priorityFrame(id: number, payload: Uint8Array, start: number, end: number): boolean {
    const stream = this.#host.streams.get(id);
    const code = end - start !== 5 ? ErrorCode.FRAME_SIZE_ERROR : ErrorCode.PROTOCOL_ERROR;
    if (code === ErrorCode.PROTOCOL_ERROR && uint31(payload, start) !== id) return this.#useless();
    const text =
      code === ErrorCode.FRAME_SIZE_ERROR ? "PRIORITY is not five bytes long" : "a stream depends on itself";
    if (stream !== undefined) return this.#streamError(stream, code, text);
    if (this.#host.isIdle(id)) return this.#host.fail(code, text);
    this.#host.output.writer.rstStream(id, code);
    this.#host.output.touch();
    return this.countMistake();
  }

  #priorityUpdateFrame(payload: Uint8Array, start: number, end: number): boolean {
    if (!this.#useless()) return false;
    const prioritized = uint31(payload, start);
    if (prioritized === 0)
      return this.#host.fail(ErrorCode.PROTOCOL_ERROR, "PRIORITY_UPDATE came for stream 0");
    let value = "";
    for (let i = start + 4; i < end && value.length <= mostPriorityOctets; i++)
      value += String.fromCharCode(payload[i]!);
    return this.#host.priorityUpdateReceived(prioritized, value);
  }

  /** A frame of a stream that is over; of DATA, so many bytes. */
  #onClosed(id: number, what: string, bytes: number): boolean {
    if (this.#resets.has(id)) return this.#resets.wasUnderWay(id, bytes) || this.#useless();
    return this.#host.fail(ErrorCode.STREAM_CLOSED, `${what} came on stream ${id}, which is closed`);
  }

  #streamError(stream: Stream, code: number, text: string): boolean {
    stream.violated(code, text);
    return this.countMistake() && this.#host.isOpen;
  }

  #credit(bytes: number): void {
    if (bytes === 0) return;
    this.#host.output.writer.windowUpdate(0, bytes);
    this.#host.output.touch();
  }

  #useless(): boolean {
    return (
      this.#idleFrames.spend() ||
      this.#host.fail(ErrorCode.ENHANCE_YOUR_CALM, "too many frames that carry nothing")
    );
  }
}

const noStreams: readonly Stream[] = [];
