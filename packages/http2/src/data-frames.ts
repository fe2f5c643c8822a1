import { ErrorCode } from "@millrace/exchange";
import { ConnectionWindow } from "./connection-window.ts";
import { Flag } from "./frame/frame-type.ts";
import type { InboundHost } from "./inbound-host.ts";
import type { Stream } from "./stream.ts";

/** DATA frames that come (RFC 9113 section 6.1), part by part, and the connection's window. False means: read no more. */
export class DataFrames {
  readonly #host: InboundHost;
  readonly #window = new ConnectionWindow();
  /** Of the frame that is being read. */
  #stream: Stream | undefined;
  #flags = 0;
  #padding = 0;
  #hasData = false;

  constructor(host: InboundHost) {
    this.#host = host;
  }

  /** Makes the connection's window larger than it is at first (RFC 9113 section 6.9.2). */
  open(): void {
    this.#credit(this.#window.grow(this.#host.limits.connectionWindowBytes));
  }

  begin(flags: number, id: number, length: number): boolean {
    const host = this.#host;
    if (!this.#window.charge(length))
      return host.fail(ErrorCode.FLOW_CONTROL_ERROR, "DATA is beyond the connection's window");
    host.tuner.received(length);
    this.#credit(this.#window.credit(host.tuner.target));
    this.#flags = flags;
    this.#padding = length;
    this.#hasData = false;
    this.#stream = undefined;
    const { conduct } = host;
    const stream = host.streams.get(id);
    if (stream === undefined) {
      if (!host.isIdle(id)) return conduct.late(id, "DATA", length);
      return host.fail(ErrorCode.PROTOCOL_ERROR, `DATA came on stream ${id}, which is idle`);
    }
    if (stream.isRemoteEnded)
      return conduct.streamError(stream, ErrorCode.STREAM_CLOSED, "DATA came after END_STREAM");
    if (!stream.charge(length))
      return conduct.streamError(stream, ErrorCode.FLOW_CONTROL_ERROR, "DATA is beyond the stream's window");
    if (!host.isAnswered(stream))
      return conduct.streamError(stream, ErrorCode.PROTOCOL_ERROR, "DATA came before the header fields");
    this.#stream = stream;
    return true;
  }

  part(chunk: Uint8Array, start: number, end: number): boolean {
    const stream = this.#stream;
    if (stream === undefined) return true;
    this.#padding -= end - start;
    this.#hasData = true;
    if (stream.exceeds(end - start)) {
      this.#stream = undefined;
      const text = "the body is longer than its content-length";
      return this.#host.conduct.streamError(stream, ErrorCode.PROTOCOL_ERROR, text);
    }
    stream.data(chunk, start, end);
    return this.#host.isOpen;
  }

  end(): boolean {
    const stream = this.#stream;
    if (stream === undefined) return true;
    this.#stream = undefined;
    // A callback may have reset it.
    if (stream.isRemoteEnded) return true;
    const isLast = (this.#flags & Flag.END_STREAM) !== 0;
    const { conduct } = this.#host;
    if (!isLast) {
      stream.refund(this.#padding);
      // Padding and nothing else is as good as an empty frame.
      return this.#hasData || conduct.uselessFrame();
    }
    if (stream.isShort) {
      const text = "the body is shorter than its content-length";
      return conduct.streamError(stream, ErrorCode.PROTOCOL_ERROR, text);
    }
    stream.endReceived(null);
    return this.#host.isOpen;
  }

  #credit(bytes: number): void {
    if (bytes === 0) return;
    this.#host.output.writer.windowUpdate(0, bytes);
    this.#host.output.touch();
  }
}
