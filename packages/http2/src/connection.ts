import { ErrorCode, type Fields } from "@millrace/exchange";
import type { Duplex, DuplexSink } from "./duplex.ts";
import { FrameReader, type FrameSink } from "./frame/frame-reader.ts";
import { Flag, FrameType } from "./frame/frame-type.ts";
import { HeaderGatherer } from "./header-gatherer.ts";
import { Decoder } from "./hpack/decoder.ts";
import { blockBound, Encoder } from "./hpack/encoder.ts";
import type { HeaderBlock } from "./hpack/header-block.ts";
import { Ledger } from "./ledger.ts";
import type { Limits } from "./limits.ts";
import { Output, type OutputEvents } from "./output.ts";
import { Pings } from "./pings.ts";
import type { Runtime } from "./runtime.ts";
import { applySettings, initialSettings, type PeerSettings } from "./settings.ts";
import type { Stream, StreamHost } from "./stream.ts";
import type { Violation } from "./violation.ts";
import { type WindowBudget, WindowTuner } from "./window-tuner.ts";

/** Streams that this side has reset, whose frames may still be under way: so many of the last ones are known. */
const knownResets = 1024;
/** How long a connection that ends may take to say its last. */
const lingerMs = 1000;

/** Why all streams of a connection die. */
export type ConnectionEnd =
  | { readonly kind: "lost"; readonly cause: unknown }
  | { readonly kind: "protocol"; readonly code: number; readonly text: string }
  | { readonly kind: "shutdown" };

/** One connection (RFC 9113), from either side: frames in, frames out, and the streams between. */
export abstract class Connection implements DuplexSink, FrameSink, OutputEvents, StreamHost {
  readonly output: Output;
  protected readonly limits: Limits;
  protected readonly runtime: Runtime;
  protected readonly duplex: Duplex;
  protected readonly streams: Map<number, Stream> = new Map();
  protected readonly peerSettings: PeerSettings = initialSettings();
  protected readonly pings: Pings;
  /** Exchanges that are through on the wire, and whose readers are paused before the rest. */
  protected readonly lingering: Set<Stream> = new Set();
  /** The highest stream that the peer has opened. */
  protected lastPeerStream = 0;
  /** `failed`: it ends, and nothing is read any more. */
  #state: "open" | "failed" | "closed" = "open";
  #settingsSeen = false;
  #settingsAcknowledged = false;
  readonly #reader: FrameReader;
  readonly #gatherer: HeaderGatherer;
  readonly #decoder: Decoder;
  readonly #encoder = new Encoder();
  readonly #idleFrames: Ledger;
  readonly #mistakes: Ledger;
  readonly #budget: WindowBudget;
  readonly #tuner: WindowTuner;
  /** Streams that are told of the end of the turn. */
  #deferred: Stream[] = [];
  #connectionWindow = 65_535;
  #receiveWindow = 65_535;
  #uncredited = 0;
  #backlogged = false;
  /** Of the DATA frame that is being read. */
  #dataStream: Stream | undefined;
  #dataFlags = 0;
  #dataPadding = 0;
  readonly #resets = new Set<number>();
  #cancelHandshake: () => void;
  #cancelSettings: () => void = nothing;
  #cancelHeaders: () => void = nothing;
  #cancelLinger: () => void = nothing;

  constructor(duplex: Duplex, runtime: Runtime, limits: Limits, budget: WindowBudget) {
    this.duplex = duplex;
    this.runtime = runtime;
    this.limits = limits;
    this.output = new Output(duplex, runtime, this, limits.outputBacklogBytes);
    this.pings = new Pings(this.output);
    this.#reader = new FrameReader(this, limits.maxFrameBytes);
    this.#gatherer = new HeaderGatherer(limits);
    this.#decoder = new Decoder({ maxOctets: limits.maxHeaderBytes, maxFields: limits.maxHeaderFields });
    const now = (): number => runtime.now();
    this.#idleFrames = new Ledger(limits.idleFrameBurst, limits.idleFrameRate, now);
    this.#mistakes = new Ledger(limits.resetBurst, limits.resetRate, now);
    this.#budget = budget;
    this.#tuner = new WindowTuner(limits.streamWindowBytes, limits.maxStreamWindowBytes, now, (onAck) =>
      this.pings.send(onAck),
    );
    this.#cancelHandshake = runtime.timer(limits.handshakeTimeoutMs, () =>
      this.fail(ErrorCode.SETTINGS_TIMEOUT, `no SETTINGS came within ${limits.handshakeTimeoutMs} ms`),
    );
  }

  // For each side.

  protected abstract readonly isClient: boolean;
  /** Reads what comes before the first frame. Gives where the frames begin; -1: not here. */
  protected abstract preface(chunk: Uint8Array, start: number, end: number): number;
  /** A header block of a stream that is not open, and was not reset by this side. False: stop. */
  protected abstract headersOfNew(id: number, block: HeaderBlock, endStream: boolean): boolean;
  /** A header block of a stream that is. Gives what is wrong with it, or null. */
  protected abstract headersOf(stream: Stream, block: HeaderBlock, endStream: boolean): string | null;
  /** No such stream has ever been opened. */
  protected abstract isIdle(id: number): boolean;
  /** False: stop. */
  protected abstract resetReceived(stream: Stream, code: number): boolean;
  /** False: stop. */
  protected abstract goawayReceived(lastStream: number, code: number, debug: Uint8Array): boolean;
  protected abstract priorityUpdateReceived(id: number, value: string): boolean;
  /** The peer's first SETTINGS have been taken, or others. */
  protected abstract settingsReceived(): void;
  /** A stream dies with its connection. */
  protected abstract lose(stream: Stream, end: ConnectionEnd): void;
  /** Room for another stream. */
  protected abstract streamEnded(): void;
  /** Nothing new comes of it, and all that ran dies. Once. */
  protected abstract connectionEnded(end: ConnectionEnd): void;
  /** The transport is closed. Once, last. */
  protected abstract connectionClosed(): void;

  /** Sends what a connection begins with: `prefix` and SETTINGS. */
  protected begin(prefix: Uint8Array, settings: readonly (readonly [number, number])[]): void {
    const { writer } = this.output;
    writer.raw(prefix);
    writer.settings(settings);
    const more = this.limits.connectionWindowBytes - this.#connectionWindow;
    if (more > 0) {
      writer.windowUpdate(0, more);
      this.#connectionWindow += more;
      this.#receiveWindow += more;
    }
    this.output.touch();
    const { settingsTimeoutMs } = this.limits;
    this.#cancelSettings = this.runtime.timer(settingsTimeoutMs, () =>
      this.fail(ErrorCode.SETTINGS_TIMEOUT, `SETTINGS were not acknowledged within ${settingsTimeoutMs} ms`),
    );
    this.duplex.start(this);
  }

  protected get isOpen(): boolean {
    return this.#state === "open";
  }

  /** The peer's SETTINGS have come. */
  protected get isReady(): boolean {
    return this.#settingsSeen;
  }

  // What the duplex tells.

  data(chunk: Uint8Array, start: number, end: number): void {
    if (this.#state !== "open") return;
    const at = this.#settingsSeen ? start : this.preface(chunk, start, end);
    if (at >= 0) this.#reader.read(chunk, at, end);
  }

  writable(): void {
    this.output.drained();
  }

  end(): void {
    this.#close({ kind: "lost", cause: undefined });
    this.duplex.destroy();
  }

  closed(cause: unknown): void {
    this.#close({ kind: "lost", cause });
  }

  // What the output tells.

  turnEnded(): void {
    const deferred = this.#deferred;
    if (deferred.length === 0) return;
    this.#deferred = [];
    for (const stream of deferred) stream.deliver();
  }

  backlogged(isBacklogged: boolean): void {
    this.#backlogged = isBacklogged;
    if (isBacklogged) this.duplex.pause();
    else this.duplex.resume();
  }

  // What streams ask.

  get streamWindow(): number {
    // Until SETTINGS are acknowledged, the peer may go by what holds without them.
    return this.#settingsAcknowledged
      ? this.limits.streamWindowBytes
      : Math.max(this.limits.streamWindowBytes, 65_535);
  }

  windowWanted(current: number): number {
    this.#tuner.measure();
    const { target } = this.#tuner;
    return target <= current ? current : current + this.#budget.take(target - current);
  }

  windowReturned(bytes: number): void {
    this.#budget.give(bytes);
  }

  defer(stream: Stream): void {
    if (stream.isDeferred) return;
    stream.isDeferred = true;
    this.#deferred.push(stream);
    this.output.touch();
  }

  headers(stream: Stream, pseudo: Fields, fields: Fields, more: Fields, endStream: boolean): void {
    const { writer, maxFrame } = this.output;
    let at = writer.openHeaders(blockBound(pseudo, fields, more));
    const { buffer } = writer;
    at = this.#encoder.begin(buffer, at);
    at = this.#encoder.write(pseudo, buffer, at);
    if (fields.length > 0) at = this.#encoder.write(fields, buffer, at);
    if (more.length > 0) at = this.#encoder.write(more, buffer, at);
    writer.closeHeaders(stream.id, at, endStream, maxFrame);
    this.output.touch();
  }

  rst(stream: Stream, code: number): void {
    this.output.writer.rstStream(stream.id, code);
    this.output.touch();
    if (!stream.isRemoteEnded) this.#remember(stream.id);
    if (this.streams.delete(stream.id)) this.streamEnded();
  }

  ended(stream: Stream): void {
    this.#mistakes.earn(1);
    this.#idleFrames.earn(4);
    if (this.streams.delete(stream.id)) this.streamEnded();
  }

  lingers(stream: Stream): void {
    this.lingering.add(stream);
  }

  lingered(stream: Stream): void {
    this.lingering.delete(stream);
  }

  timer(ms: number, run: () => void): () => void {
    return this.runtime.timer(ms, run);
  }

  // What frames say. Each gives whether reading goes on.

  frame(type: number, flags: number, id: number, payload: Uint8Array, start: number, end: number): boolean {
    if (!this.#settingsSeen && (type !== FrameType.SETTINGS || (flags & Flag.ACK) !== 0))
      return this.fail(ErrorCode.PROTOCOL_ERROR, "the first frame is not SETTINGS");
    if (this.#gatherer.stream !== 0 && (type !== FrameType.CONTINUATION || id !== this.#gatherer.stream))
      return this.fail(ErrorCode.PROTOCOL_ERROR, "another frame stands in the middle of a header block");
    switch (type) {
      case FrameType.HEADERS:
        return this.#headersFrame(flags, id, payload, start, end);
      case FrameType.CONTINUATION:
        return this.#continuationFrame(flags, payload, start, end);
      case FrameType.WINDOW_UPDATE:
        return this.#windowUpdateFrame(id, payload, start, end);
      case FrameType.RST_STREAM:
        return this.#rstStreamFrame(id, payload, start, end);
      case FrameType.SETTINGS:
        return this.#settingsFrame(flags, id, payload, start, end);
      case FrameType.PING:
        return this.#pingFrame(flags, id, payload, start, end);
      case FrameType.GOAWAY:
        return this.#goawayFrame(id, payload, start, end);
      case FrameType.PRIORITY:
        return this.#priorityFrame(id, payload, start, end);
      case FrameType.PRIORITY_UPDATE:
        return this.#priorityUpdateFrame(id, payload, start, end);
      case FrameType.PUSH_PROMISE:
        return this.fail(ErrorCode.PROTOCOL_ERROR, "PUSH_PROMISE came, and push is off");
      default:
        // RFC 9113 section 5.5: what is unknown is ignored.
        return this.#useless();
    }
  }

  frameTooLong(type: number, id: number, length: number): void {
    const text = `a frame of type ${type} has ${length} bytes: the most is ${this.limits.maxFrameBytes}`;
    // RFC 9113 section 4.2: nothing of the connection's state goes with DATA, but the reader is not made to skip it.
    this.fail(ErrorCode.FRAME_SIZE_ERROR, `${text} (stream ${id})`);
  }

  badPadding(): void {
    this.fail(ErrorCode.PROTOCOL_ERROR, "a frame's padding is as long as its payload");
  }

  dataFrame(flags: number, id: number, length: number): boolean {
    if (!this.#settingsSeen) return this.fail(ErrorCode.PROTOCOL_ERROR, "the first frame is not SETTINGS");
    if (this.#gatherer.stream !== 0)
      return this.fail(ErrorCode.PROTOCOL_ERROR, "another frame stands in the middle of a header block");
    if (id === 0) return this.fail(ErrorCode.PROTOCOL_ERROR, "DATA came on stream 0");
    this.#receiveWindow -= length;
    if (this.#receiveWindow < 0)
      return this.fail(ErrorCode.FLOW_CONTROL_ERROR, "DATA is beyond the connection's window");
    this.#creditConnection(length);
    this.#tuner.received(length);
    this.#dataFlags = flags;
    this.#dataPadding = length;
    this.#dataStream = undefined;
    const stream = this.streams.get(id);
    if (stream === undefined) return this.#onClosed(id, "DATA");
    if (stream.isRemoteEnded)
      return this.#streamError(stream, ErrorCode.STREAM_CLOSED, "DATA came after END_STREAM");
    if (!stream.charge(length))
      return this.#streamError(stream, ErrorCode.FLOW_CONTROL_ERROR, "DATA is beyond the stream's window");
    if (length === 0 && (flags & Flag.END_STREAM) === 0 && !this.#useless()) return false;
    if (!this.isAnswered(stream))
      return this.#streamError(stream, ErrorCode.PROTOCOL_ERROR, "DATA came before the header fields");
    this.#dataStream = stream;
    return true;
  }

  dataPart(chunk: Uint8Array, start: number, end: number): boolean {
    const stream = this.#dataStream;
    if (stream === undefined) return true;
    this.#dataPadding -= end - start;
    if (stream.exceeds(end - start)) {
      this.#dataStream = undefined;
      return this.#streamError(
        stream,
        ErrorCode.PROTOCOL_ERROR,
        "the body is longer than its content-length",
      );
    }
    stream.data(chunk, start, end);
    return this.isOpen;
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
      return true;
    }
    if (stream.isShort)
      return this.#streamError(
        stream,
        ErrorCode.PROTOCOL_ERROR,
        "the body is shorter than its content-length",
      );
    stream.endReceived(null);
    return this.isOpen;
  }

  /** Ends the connection for what the peer did: GOAWAY with this code, and every stream dies. Gives false: stop reading. */
  fail(code: number, text: string): false {
    if (this.#state !== "open") return false;
    this.#state = "failed";
    this.output.writer.goaway(this.lastPeerStream, code, asciiOf(text));
    this.#end({ kind: "protocol", code, text });
    this.#linger();
    return false;
  }

  /** Ends the connection as it should be ended: nothing runs any more, or what runs dies. */
  protected shut(): void {
    for (const stream of [...this.lingering]) this.lose(stream, { kind: "shutdown" });
    if (this.#state !== "open") return;
    this.#state = "failed";
    this.goaway(this.lastPeerStream, ErrorCode.NO_ERROR);
    this.#end({ kind: "shutdown" });
    this.#linger();
  }

  protected goaway(lastStream: number, code: number): void {
    this.output.writer.goaway(lastStream, code, noDebug);
    this.output.touch();
  }

  /** DATA may come: on a client, once the response's head has. */
  protected abstract isAnswered(stream: Stream): boolean;

  /** A stream of the peer's making is refused, or has broken the rules. It counts, whoever resets it (CVE-2025-8671). */
  protected countMistake(): boolean {
    return (
      this.#mistakes.spend() || this.fail(ErrorCode.ENHANCE_YOUR_CALM, "too many streams came to nothing")
    );
  }

  /** RST_STREAM for a stream that was never opened here. */
  protected refuse(id: number, code: number): boolean {
    this.output.writer.rstStream(id, code);
    this.output.touch();
    this.#remember(id);
    return this.countMistake();
  }

  /** The transport ends behind what is written, or soon. */
  #linger(): void {
    if (this.#backlogged) this.duplex.resume();
    this.#cancelLinger = this.runtime.timer(lingerMs, () => this.duplex.destroy());
    this.output.finish();
  }

  #close(end: ConnectionEnd): void {
    if (this.#state === "closed") return;
    const wasOpen = this.#state === "open";
    this.#state = "closed";
    this.#cancelLinger();
    for (const stream of this.output.close()) this.lose(stream, end);
    if (wasOpen) this.#end(end);
    this.connectionClosed();
  }

  #end(end: ConnectionEnd): void {
    this.#cancelHandshake();
    this.#cancelSettings();
    this.#cancelHeaders();
    const streams = [...this.streams.values()];
    this.streams.clear();
    for (const stream of streams) this.lose(stream, end);
    this.connectionEnded(end);
  }

  #headersFrame(flags: number, id: number, payload: Uint8Array, start: number, end: number): boolean {
    if (id === 0) return this.fail(ErrorCode.PROTOCOL_ERROR, "HEADERS came on stream 0");
    let at = start;
    let stop = end;
    if ((flags & Flag.PADDED) !== 0) {
      if (at === stop) return this.fail(ErrorCode.FRAME_SIZE_ERROR, "HEADERS has no room for its pad length");
      stop -= payload[at++]!;
    }
    let dependsOnItself = false;
    if ((flags & Flag.PRIORITY) !== 0) {
      if (stop - at < 5)
        return this.fail(ErrorCode.PROTOCOL_ERROR, "HEADERS has no room for its padding or priority");
      dependsOnItself = (uint32(payload, at) & 0x7fffffff) === id;
      at += 5;
    }
    if (at > stop) return this.fail(ErrorCode.PROTOCOL_ERROR, "HEADERS has more padding than payload");
    const endStream = (flags & Flag.END_STREAM) !== 0;
    if (dependsOnItself && !this.countMistake()) return false;
    if ((flags & Flag.END_HEADERS) !== 0)
      return this.#block(id, endStream, payload, at, stop, dependsOnItself);
    if (dependsOnItself) return this.fail(ErrorCode.PROTOCOL_ERROR, "a stream depends on itself");
    this.#gatherer.begin(id, endStream, payload, at, stop);
    const { headersTimeoutMs } = this.limits;
    this.#cancelHeaders = this.runtime.timer(headersTimeoutMs, () =>
      this.fail(ErrorCode.ENHANCE_YOUR_CALM, `a header block was not complete within ${headersTimeoutMs} ms`),
    );
    return true;
  }

  #continuationFrame(flags: number, payload: Uint8Array, start: number, end: number): boolean {
    const gatherer = this.#gatherer;
    if (gatherer.stream === 0)
      return this.fail(ErrorCode.PROTOCOL_ERROR, "CONTINUATION came without HEADERS");
    const wrong = gatherer.add(payload, start, end);
    if (wrong !== null) return this.#violated(wrong);
    if ((flags & Flag.END_HEADERS) === 0) return true;
    this.#cancelHeaders();
    const { stream, endStream, bytes, length } = gatherer;
    gatherer.done();
    return this.#block(stream, endStream, bytes, 0, length, false);
  }

  /** A whole header block. It is decoded whatever its stream is, for the table's sake (RFC 9113 section 4.3). */
  #block(
    id: number,
    endStream: boolean,
    bytes: Uint8Array,
    start: number,
    end: number,
    dependsOnItself: boolean,
  ): boolean {
    const block = this.#decoder.decode(bytes, start, end);
    if (block.outcome === "compression-error") return this.fail(ErrorCode.COMPRESSION_ERROR, block.problem);
    const stream = this.streams.get(id);
    if (stream === undefined) {
      if (!this.isIdle(id) && !this.#resets.has(id))
        return this.fail(ErrorCode.STREAM_CLOSED, `HEADERS came on stream ${id}, which is closed`);
      if (this.#resets.has(id)) return this.#useless();
      if (!this.headersOfNew(id, block, endStream)) return false;
      const opened = this.streams.get(id);
      if (dependsOnItself && opened !== undefined)
        return this.#streamError(opened, ErrorCode.PROTOCOL_ERROR, "a stream depends on itself");
      return this.isOpen;
    }
    if (stream.isRemoteEnded)
      return this.#streamError(stream, ErrorCode.STREAM_CLOSED, "HEADERS came after END_STREAM");
    if (block.outcome === "too-large")
      return this.#streamError(stream, ErrorCode.ENHANCE_YOUR_CALM, block.problem);
    const wrong = this.headersOf(stream, block, endStream);
    if (wrong !== null) return this.#streamError(stream, ErrorCode.PROTOCOL_ERROR, wrong);
    return this.isOpen;
  }

  #windowUpdateFrame(id: number, payload: Uint8Array, start: number, end: number): boolean {
    if (end - start !== 4)
      return this.fail(ErrorCode.FRAME_SIZE_ERROR, "WINDOW_UPDATE is not four bytes long");
    const increment = uint32(payload, start) & 0x7fffffff;
    this.#idleFrames.earn(2 * this.output.takeDataFrames());
    if (!this.#useless()) return false;
    if (id === 0) {
      if (increment === 0) return this.fail(ErrorCode.PROTOCOL_ERROR, "WINDOW_UPDATE widens by 0");
      if (this.output.widen(increment)) return true;
      return this.fail(ErrorCode.FLOW_CONTROL_ERROR, "the connection's window is beyond 2,147,483,647");
    }
    const stream = this.streams.get(id);
    if (stream === undefined) {
      if (this.isIdle(id))
        return this.fail(ErrorCode.PROTOCOL_ERROR, `WINDOW_UPDATE came on stream ${id}, which is idle`);
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

  #rstStreamFrame(id: number, payload: Uint8Array, start: number, end: number): boolean {
    if (id === 0) return this.fail(ErrorCode.PROTOCOL_ERROR, "RST_STREAM came on stream 0");
    if (end - start !== 4) return this.fail(ErrorCode.FRAME_SIZE_ERROR, "RST_STREAM is not four bytes long");
    if (this.isIdle(id))
      return this.fail(ErrorCode.PROTOCOL_ERROR, `RST_STREAM came on stream ${id}, which is idle`);
    const stream = this.streams.get(id);
    if (stream === undefined) return this.#useless();
    this.streams.delete(id);
    if (!this.resetReceived(stream, uint32(payload, start))) return false;
    this.streamEnded();
    return this.isOpen;
  }

  #settingsFrame(flags: number, id: number, payload: Uint8Array, start: number, end: number): boolean {
    if (id !== 0) return this.fail(ErrorCode.PROTOCOL_ERROR, `SETTINGS came on stream ${id}`);
    if ((flags & Flag.ACK) !== 0) {
      if (start !== end)
        return this.fail(ErrorCode.FRAME_SIZE_ERROR, "the acknowledgement of SETTINGS is not empty");
      this.#cancelSettings();
      this.#settingsAcknowledged = true;
      return this.#useless();
    }
    if ((end - start) % 6 !== 0)
      return this.fail(ErrorCode.FRAME_SIZE_ERROR, "SETTINGS is not a multiple of six bytes long");
    if (this.#settingsSeen && !this.#useless()) return false;
    const { peerSettings, output } = this;
    const windowBefore = peerSettings.initialWindowSize;
    const tableBefore = peerSettings.headerTableSize;
    const wrong = applySettings(peerSettings, this.isClient, payload, start, end);
    if (wrong !== null) return this.#violated(wrong);
    output.maxFrame = peerSettings.maxFrameSize;
    if (peerSettings.headerTableSize !== tableBefore)
      this.#encoder.setMaxTableOctets(peerSettings.headerTableSize);
    const delta = peerSettings.initialWindowSize - windowBefore;
    for (const stream of delta === 0 ? noStreams : this.streams.values()) {
      if (!stream.widen(delta))
        return this.fail(
          ErrorCode.FLOW_CONTROL_ERROR,
          "SETTINGS make a stream's window larger than 2,147,483,647",
        );
    }
    output.writer.settingsAck();
    output.touch();
    if (!this.#settingsSeen) this.#cancelHandshake();
    this.#settingsSeen = true;
    this.settingsReceived();
    return this.isOpen;
  }

  #pingFrame(flags: number, id: number, payload: Uint8Array, start: number, end: number): boolean {
    if (id !== 0) return this.fail(ErrorCode.PROTOCOL_ERROR, `PING came on stream ${id}`);
    if (end - start !== 8) return this.fail(ErrorCode.FRAME_SIZE_ERROR, "PING is not eight bytes long");
    if ((flags & Flag.ACK) !== 0)
      return this.pings.acknowledged(payload, start) ? this.isOpen : this.#useless();
    this.output.writer.ping(payload, start, true);
    this.output.touch();
    return this.#useless();
  }

  #goawayFrame(id: number, payload: Uint8Array, start: number, end: number): boolean {
    if (id !== 0) return this.fail(ErrorCode.PROTOCOL_ERROR, `GOAWAY came on stream ${id}`);
    if (end - start < 8) return this.fail(ErrorCode.FRAME_SIZE_ERROR, "GOAWAY is shorter than eight bytes");
    if (!this.#useless()) return false;
    const last = uint32(payload, start) & 0x7fffffff;
    return this.goawayReceived(
      last,
      uint32(payload, start + 4),
      new Uint8Array(payload.subarray(start + 8, end)),
    );
  }

  #priorityFrame(id: number, payload: Uint8Array, start: number, end: number): boolean {
    if (id === 0) return this.fail(ErrorCode.PROTOCOL_ERROR, "PRIORITY came on stream 0");
    const stream = this.streams.get(id);
    const code = end - start !== 5 ? ErrorCode.FRAME_SIZE_ERROR : ErrorCode.PROTOCOL_ERROR;
    if (code === ErrorCode.PROTOCOL_ERROR && (uint32(payload, start) & 0x7fffffff) !== id)
      return this.#useless();
    const text =
      code === ErrorCode.FRAME_SIZE_ERROR ? "PRIORITY is not five bytes long" : "a stream depends on itself";
    if (stream !== undefined) return this.#streamError(stream, code, text);
    return this.isIdle(id) ? this.fail(code, text) : this.#useless();
  }

  #priorityUpdateFrame(id: number, payload: Uint8Array, start: number, end: number): boolean {
    if (id !== 0) return this.fail(ErrorCode.PROTOCOL_ERROR, `PRIORITY_UPDATE came on stream ${id}`);
    if (end - start < 4)
      return this.fail(ErrorCode.FRAME_SIZE_ERROR, "PRIORITY_UPDATE is shorter than four bytes");
    if (!this.#useless()) return false;
    let value = "";
    for (let i = start + 4; i < end && value.length < 256; i++) value += String.fromCharCode(payload[i]!);
    return this.priorityUpdateReceived(uint32(payload, start) & 0x7fffffff, value);
  }

  /** A frame of a stream that is neither open nor new. */
  #onClosed(id: number, what: string): boolean {
    if (this.isIdle(id))
      return this.fail(ErrorCode.PROTOCOL_ERROR, `${what} came on stream ${id}, which is idle`);
    if (this.#resets.has(id)) return this.#useless();
    return this.fail(ErrorCode.STREAM_CLOSED, `${what} came on stream ${id}, which is closed`);
  }

  #streamError(stream: Stream, code: number, text: string): boolean {
    stream.violated(code, text);
    return this.countMistake() && this.isOpen;
  }

  #violated({ code, text }: Violation): false {
    return this.fail(code, text);
  }

  #useless(): boolean {
    return (
      this.#idleFrames.spend() || this.fail(ErrorCode.ENHANCE_YOUR_CALM, "too many frames that carry nothing")
    );
  }

  #remember(id: number): void {
    const resets = this.#resets;
    if (resets.size === knownResets) for (const oldest of resets) if (resets.delete(oldest)) break;
    resets.add(id);
  }

  #creditConnection(length: number): void {
    this.#uncredited += length;
    if (this.#uncredited * 2 < this.#connectionWindow) return;
    const window = Math.max(this.#connectionWindow, this.#tuner.target);
    const bytes = this.#uncredited + window - this.#connectionWindow;
    this.#connectionWindow = window;
    this.#receiveWindow += bytes;
    this.#uncredited = 0;
    this.output.writer.windowUpdate(0, bytes);
    this.output.touch();
  }
}

const noDebug = new Uint8Array(0);
const noStreams: readonly Stream[] = [];

function nothing(): void {}

function uint32(bytes: Uint8Array, at: number): number {
  return ((bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!) >>> 0;
}

/** Texts of this side's own, which are ASCII. */
function asciiOf(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0) & 0x7f);
}
