import { Flag, FrameType } from "../../src/frame/frame-type.ts";
import { codeName } from "../../src/goaway.ts";
import type { Setting } from "../../src/settings.ts";
import { data, type Frame, settings, windowUpdate } from "../support/frames.ts";
import type { RecordedSink } from "../support/recorded-sink.ts";

export const largest = 0x7fffffff;

/** What both ends know of one stream. Windows are what may still be sent. */
export interface StreamModel {
  readonly id: number;
  sink: RecordedSink | undefined;
  engineWindow: number;
  peerWindow: number;
  /** Bytes of the engine's body that came, and of the peer's that went. */
  fromEngine: number;
  fromPeer: number;
  /** Bytes that the layer above has written. */
  written: number;
  engineHeaded: boolean;
  peerHeaded: boolean;
  engineEnded: boolean;
  peerEnded: boolean;
  reset: "no" | "by engine" | "by peer";
}

/** The octet at a place of a body: each stream has its own sequence. */
export function octetAt(id: number, at: number): number {
  return (id * 31 + at * 7) & 0xff;
}

export function bodyPart(id: number, from: number, length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => octetAt(id, from + i));
}

/** The peer of an engine, as simple as RFC 9113 allows: it keeps the accounts of both sides, and knows what is legal. */
export class PeerModel {
  readonly streams: Map<number, StreamModel> = new Map();
  engineWindow = 65_535;
  peerWindow = 65_535;
  /** What new streams get from the peer's SETTINGS, and from the engine's. */
  engineInitial = 65_535;
  peerInitial = 65_535;
  maxFrame = 16_384;
  /** PING frames of the engine's, to be answered. */
  readonly pings: Uint8Array[] = [];
  /** What SETTINGS change when they are acknowledged. */
  readonly #unacknowledged: (() => void)[] = [];
  readonly #opened: (id: number) => RecordedSink | undefined;

  /** `opened`: the sink of a stream that the engine has opened; undefined on servers, which open none. */
  constructor(opened: (id: number) => RecordedSink | undefined) {
    this.#opened = opened;
  }

  add(id: number, sink?: RecordedSink): StreamModel {
    const stream: StreamModel = {
      id,
      sink,
      engineWindow: this.engineInitial,
      peerWindow: this.peerInitial,
      fromEngine: 0,
      fromPeer: 0,
      written: 0,
      engineHeaded: false,
      peerHeaded: false,
      engineEnded: false,
      peerEnded: false,
      reset: "no",
    };
    this.streams.set(id, stream);
    return stream;
  }

  /** SETTINGS that the peer sends now. */
  settings(values: { readonly [Name in keyof typeof Setting]?: number }): Frame {
    this.#unacknowledged.push(() => {
      this.maxFrame = values.MAX_FRAME_SIZE ?? this.maxFrame;
      const initial = values.INITIAL_WINDOW_SIZE ?? this.engineInitial;
      for (const stream of this.streams.values()) stream.engineWindow += initial - this.engineInitial;
      this.engineInitial = initial;
    });
    return settings(values);
  }

  windowUpdate(stream: StreamModel | undefined, increment: number): Frame {
    if (stream === undefined) this.engineWindow += increment;
    else stream.engineWindow += increment;
    return windowUpdate(stream?.id ?? 0, increment);
  }

  /** DATA of the peer's: as much of `length` as the windows have room for. */
  data(stream: StreamModel, length: number, endStream: boolean): Frame {
    const bytes = Math.max(0, Math.min(length, stream.peerWindow, this.peerWindow, 16_384));
    stream.peerWindow -= bytes;
    this.peerWindow -= bytes;
    const part = bodyPart(stream.id, stream.fromPeer, bytes);
    stream.fromPeer += bytes;
    stream.peerEnded ||= endStream;
    return endStream ? data(stream.id, part, "END_STREAM") : data(stream.id, part);
  }

  /** Takes what the engine has sent. Throws if it may not. */
  observe(frames: readonly Frame[]): void {
    for (const frame of frames) {
      const wrong = this.#observe(frame);
      if (wrong !== undefined) throw new Error(`type ${frame.type} on stream ${frame.stream}: ${wrong}`);
    }
  }

  #observe({ type, flags, stream: id, payload }: Frame): string | undefined {
    const view = new DataView(payload.buffer, payload.byteOffset, payload.length);
    const stream = this.streams.get(id);
    const endStream = (flags & Flag.END_STREAM) !== 0;
    switch (type) {
      case FrameType.SETTINGS:
        if ((flags & Flag.ACK) === 0) return undefined;
        this.#unacknowledged.shift()?.();
        return undefined;
      case FrameType.PING:
        if ((flags & Flag.ACK) === 0) this.pings.push(payload);
        return undefined;
      case FrameType.GOAWAY:
        return `GOAWAY ${codeName(view.getUint32(4))}`;
      case FrameType.WINDOW_UPDATE:
        return this.#credit(stream, id, view.getUint32(0));
      case FrameType.RST_STREAM: {
        if (stream === undefined || stream.reset !== "no") return "RST_STREAM of a stream that is not open";
        stream.reset = "by engine";
        const code = codeName(view.getUint32(0));
        return code === "CANCEL" || code === "NO_ERROR" ? undefined : `RST_STREAM ${code}`;
      }
      case FrameType.HEADERS: {
        const known = stream ?? this.#open(id);
        if (known === undefined) return "HEADERS of a stream that is not open";
        known.engineHeaded = true;
        return this.#ends(known, endStream);
      }
      case FrameType.DATA:
        if (stream === undefined) return "DATA of a stream that is not open";
        return this.#data(stream, payload) ?? this.#ends(stream, endStream);
      default:
        return "unexpected";
    }
  }

  #open(id: number): StreamModel | undefined {
    const sink = this.#opened(id);
    return sink === undefined ? undefined : this.add(id, sink);
  }

  #credit(stream: StreamModel | undefined, id: number, increment: number): string | undefined {
    if (increment === 0) return "an increment of 0";
    if (id === 0) this.peerWindow += increment;
    else if (stream === undefined) return "WINDOW_UPDATE of an idle stream";
    else stream.peerWindow += increment;
    return this.peerWindow > largest || (stream?.peerWindow ?? 0) > largest
      ? "a window too large"
      : undefined;
  }

  #data(stream: StreamModel, payload: Uint8Array): string | undefined {
    const { length } = payload;
    stream.engineWindow -= length;
    this.engineWindow -= length;
    if (length > this.maxFrame) return `${length} bytes: at most ${this.maxFrame}`;
    if (length > 0 && stream.engineWindow < 0) return "more than the stream's window";
    if (length > 0 && this.engineWindow < 0) return "more than the connection's window";
    for (const octet of payload)
      if (octet !== octetAt(stream.id, stream.fromEngine++))
        return `another octet at ${stream.fromEngine - 1}`;
    return undefined;
  }

  #ends(stream: StreamModel, endStream: boolean): string | undefined {
    if (stream.engineEnded) return "behind END_STREAM";
    if (stream.reset !== "no") return `behind a reset ${stream.reset}`;
    stream.engineEnded = endStream;
    return undefined;
  }
}

/** Frames may pass both ways. */
export function isOpen({ reset, engineEnded, peerEnded }: StreamModel): boolean {
  return reset === "no" && !(engineEnded && peerEnded);
}
