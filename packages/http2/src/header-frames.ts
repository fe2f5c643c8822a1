import { ErrorCode } from "@millrace/exchange";
import { uint31 } from "./frame/big-endian.ts";
import type { FrameReader } from "./frame/frame-reader.ts";
import { Flag } from "./frame/frame-type.ts";
import { HeaderGatherer } from "./header-gatherer.ts";
import { Decoder } from "./hpack/decoder.ts";
import type { InboundHost } from "./inbound-host.ts";

/** A new stream is as much work as so many frames. */
const perStream = 8;

/** HEADERS and CONTINUATION that come (RFC 9113 section 4.3): put together, decoded, and held to what a stream may get. */
export class HeaderFrames {
  readonly #host: InboundHost;
  readonly #reader: FrameReader;
  readonly #gatherer: HeaderGatherer;
  readonly #decoder: Decoder;

  constructor(host: InboundHost, reader: FrameReader) {
    this.#host = host;
    this.#reader = reader;
    const { limits } = host;
    this.#gatherer = new HeaderGatherer(limits);
    this.#decoder = new Decoder({ maxOctets: limits.maxHeaderBytes, maxFields: limits.maxHeaderFields });
  }

  /** The stream whose header block is not complete; 0 if there is none. */
  get incomplete(): number {
    return this.#gatherer.stream;
  }

  /** HEADERS. False: read no more. */
  headers(flags: number, id: number, payload: Uint8Array, start: number, end: number): boolean {
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

  /** CONTINUATION. False: read no more. */
  continuation(flags: number, payload: Uint8Array, start: number, end: number): boolean {
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
    const host = this.#host;
    const block = this.#decoder.decode(bytes, start, end);
    // What it is decoded to is work too, here and above, however few octets said it.
    this.#reader.allowance -= ((end - start) >> 5) + (block.octets >> 6);
    if (block.outcome === "compression-error") return host.fail(ErrorCode.COMPRESSION_ERROR, block.problem);
    const { conduct } = host;
    const stream = host.streams.get(id);
    if (stream === undefined) {
      if (!host.isIdle(id)) return conduct.late(id, "HEADERS", 0);
      this.#reader.allowance -= perStream;
      return host.headersOfNew(id, block, endStream);
    }
    if (stream.isRemoteEnded)
      return conduct.streamError(stream, ErrorCode.STREAM_CLOSED, "HEADERS came after END_STREAM");
    if (block.outcome === "too-large")
      return conduct.streamError(stream, ErrorCode.ENHANCE_YOUR_CALM, block.problem);
    const wrong = host.headersOf(stream, block, endStream);
    if (wrong !== null) return conduct.streamError(stream, ErrorCode.PROTOCOL_ERROR, wrong);
    // Interim responses may be many, and say nothing.
    if (!host.isAnswered(stream)) return host.isOpen && conduct.uselessFrame();
    return host.isOpen;
  }
}
