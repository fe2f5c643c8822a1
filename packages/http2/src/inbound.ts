import { ErrorCode } from "@millrace/exchange";
import { DataFrames } from "./data-frames.ts";
import { uint31, uint32 } from "./frame/big-endian.ts";
import { FrameReader, type FrameSink } from "./frame/frame-reader.ts";
import { frameFault } from "./frame/frame-rules.ts";
import { Flag, FrameType } from "./frame/frame-type.ts";
import { HeaderFrames } from "./header-frames.ts";
import type { InboundHost } from "./inbound-host.ts";
import { type Incomplete, IncompleteWatch } from "./incomplete-watch.ts";
import { mostPriorityOctets } from "./message/priority.ts";
import { SettingsExchange } from "./settings-exchange.ts";
import { TurnShare } from "./turn-share.ts";

/** What a connection receives: frames, held to the rules of RFC 9113 and to the limits, on their way to the streams. */
export class Inbound implements FrameSink, Incomplete {
  readonly settings: SettingsExchange;
  readonly #host: InboundHost;
  readonly #reader: FrameReader;
  readonly #turn: TurnShare;
  readonly #headers: HeaderFrames;
  readonly #data: DataFrames;
  readonly #watch: IncompleteWatch;

  constructor(host: InboundHost) {
    this.#host = host;
    this.#reader = new FrameReader(this, host.limits.maxFrameBytes);
    this.#turn = new TurnShare(this.#reader, host.runtime);
    this.#headers = new HeaderFrames(host, this.#reader);
    this.#data = new DataFrames(host);
    this.#watch = new IncompleteWatch(host, this);
    this.settings = new SettingsExchange(host, this.#reader);
  }

  /** Makes the connection's window larger than it is at first (RFC 9113 section 6.9.2). */
  open(): void {
    this.#data.open();
  }

  /** Reads as much as the turn allows. Gives where it stopped. */
  read(chunk: Uint8Array, start: number, end: number): number {
    this.#turn.begin();
    let at = start;
    do at = this.#reader.read(chunk, at, end);
    while (at >= 0 && at < end && this.#turn.extend());
    this.#watch.look();
    return at;
  }

  /** A turn begins, or is over. */
  nextTurn(): void {
    this.#turn.renew();
  }

  get incomplete(): number {
    const { incomplete } = this.#headers;
    return incomplete === 0 ? this.#reader.incomplete : -incomplete;
  }

  /** Nothing is read any more. */
  stop(): void {
    this.settings.stop();
    this.#watch.stop();
  }

  frame(type: number, flags: number, id: number, payload: Uint8Array, start: number, end: number): boolean {
    if (!this.#mayCome(type, flags, id, end - start)) return false;
    switch (type) {
      case FrameType.HEADERS:
        return this.#headers.headers(flags, id, payload, start, end);
      case FrameType.CONTINUATION:
        return this.#headers.continuation(flags, payload, start, end);
      case FrameType.WINDOW_UPDATE:
        return this.#windowUpdateFrame(id, payload, start);
      case FrameType.RST_STREAM:
        return this.#rstStreamFrame(id, payload, start);
      case FrameType.SETTINGS:
        if ((flags & Flag.ACK) !== 0) return this.settings.ackReceived();
        return this.settings.received(payload, start, end);
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
        return this.#host.conduct.uselessFrame();
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
    return this.#mayCome(FrameType.DATA, flags, id, length) && this.#data.begin(flags, id, length);
  }

  dataPart(chunk: Uint8Array, start: number, end: number): boolean {
    return this.#data.part(chunk, start, end);
  }

  dataFrameEnd(): boolean {
    return this.#data.end();
  }

  /** A frame of this type may come here, as its header says it is. */
  #mayCome(type: number, flags: number, id: number, length: number): boolean {
    if (!this.settings.seen && (type !== FrameType.SETTINGS || (flags & Flag.ACK) !== 0))
      return this.#host.fail(ErrorCode.PROTOCOL_ERROR, "the first frame is not SETTINGS");
    if (
      this.#headers.incomplete !== 0 &&
      (type !== FrameType.CONTINUATION || id !== this.#headers.incomplete)
    )
      return this.#host.fail(
        ErrorCode.PROTOCOL_ERROR,
        "another frame stands in the middle of a header block",
      );
    const fault = frameFault(type, flags, id, length);
    return fault === null || this.#host.fail(fault.code, fault.text);
  }

  #windowUpdateFrame(id: number, payload: Uint8Array, start: number): boolean {
    const host = this.#host;
    const { conduct, output } = host;
    const increment = uint31(payload, start);
    conduct.sent(output.takeDataFrames());
    if (!conduct.uselessFrame()) return false;
    if (id === 0) {
      if (increment === 0) return host.fail(ErrorCode.PROTOCOL_ERROR, "WINDOW_UPDATE widens by 0");
      if (output.widen(increment)) return true;
      return host.fail(ErrorCode.FLOW_CONTROL_ERROR, "the connection's window is beyond 2,147,483,647");
    }
    const stream = host.streams.get(id);
    if (stream === undefined) {
      if (host.isIdle(id))
        return host.fail(ErrorCode.PROTOCOL_ERROR, `WINDOW_UPDATE came on stream ${id}, which is idle`);
      return true;
    }
    if (increment === 0)
      return conduct.streamError(stream, ErrorCode.PROTOCOL_ERROR, "WINDOW_UPDATE widens by 0");
    if (stream.widen(increment)) return true;
    return conduct.streamError(
      stream,
      ErrorCode.FLOW_CONTROL_ERROR,
      "the stream's window is beyond 2,147,483,647",
    );
  }

  #rstStreamFrame(id: number, payload: Uint8Array, start: number): boolean {
    const host = this.#host;
    const { conduct } = host;
    if (host.isIdle(id))
      return host.fail(ErrorCode.PROTOCOL_ERROR, `RST_STREAM came on stream ${id}, which is idle`);
    const stream = host.streams.get(id);
    if (stream === undefined) return conduct.lateReset(id);
    host.streams.delete(id);
    host.resetReceived(stream, uint32(payload, start));
    if (!host.isClient && !conduct.mistake()) return false;
    host.streamEnded();
    return host.isOpen;
  }

  #pingFrame(flags: number, payload: Uint8Array, start: number): boolean {
    const host = this.#host;
    const { conduct, output } = host;
    if ((flags & Flag.ACK) !== 0)
      return host.pings.acknowledged(payload, start) ? host.isOpen : conduct.uselessFrame();
    output.writer.ping(payload, start, true);
    output.touch();
    return conduct.uselessFrame();
  }

  #goawayFrame(payload: Uint8Array, start: number, end: number): boolean {
    const host = this.#host;
    const { conduct } = host;
    if (!conduct.uselessFrame()) return false;
    const last = uint31(payload, start);
    return host.goawayReceived(
      last,
      uint32(payload, start + 4),
      new Uint8Array(payload.subarray(start + 8, end)),
    );
  }

  #priorityFrame(id: number, payload: Uint8Array, start: number, end: number): boolean {
    const host = this.#host;
    const { conduct, output } = host;
    const stream = host.streams.get(id);
    const code = end - start !== 5 ? ErrorCode.FRAME_SIZE_ERROR : ErrorCode.PROTOCOL_ERROR;
    if (code === ErrorCode.PROTOCOL_ERROR && uint31(payload, start) !== id) return conduct.uselessFrame();
    const text =
      code === ErrorCode.FRAME_SIZE_ERROR ? "PRIORITY is not five bytes long" : "a stream depends on itself";
    if (stream !== undefined) return conduct.streamError(stream, code, text);
    if (host.isIdle(id)) return host.fail(code, text);
    output.writer.rstStream(id, code);
    output.touch();
    return conduct.mistake();
  }

  #priorityUpdateFrame(payload: Uint8Array, start: number, end: number): boolean {
    const host = this.#host;
    const { conduct } = host;
    if (!conduct.uselessFrame()) return false;
    const prioritized = uint31(payload, start);
    if (prioritized === 0) return host.fail(ErrorCode.PROTOCOL_ERROR, "PRIORITY_UPDATE came for stream 0");
    let value = "";
    for (let i = start + 4; i < end && value.length <= mostPriorityOctets; i++)
      value += String.fromCharCode(payload[i]!);
    return host.priorityUpdateReceived(prioritized, value);
  }
}
