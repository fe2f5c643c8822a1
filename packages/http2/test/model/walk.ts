import { ErrorCode, type Exchange, type ServerExchange } from "@millrace/exchange";
import * as fc from "fast-check";
import type { LimitOptions } from "../../src/limits.ts";
import { ClientScript } from "../support/client-script.ts";
import {
  frame,
  type Frame,
  headers,
  padded,
  ping,
  pingAck,
  priority,
  priorityUpdate,
  rstStream,
} from "../support/frames.ts";
import type { RecordedSink } from "../support/recorded-sink.ts";
import { post, ServerScript } from "../support/server-script.ts";
import { bodyPart, isOpen, largest, PeerModel, type StreamModel } from "./peer-model.ts";

const kinds = [
  "open",
  "head",
  "interim",
  "data",
  "data",
  "padded data",
  "end",
  "trailers",
  "reset",
  "window",
  "window",
  "connection window",
  "connection window",
  "settings",
  "ping",
  "priority",
  "priority update",
  "unknown",
  "app opens",
  "app responds",
  "app writes",
  "app writes",
  "app writes",
  "app ends",
  "app resets",
  "app pauses",
  "app resumes",
  "time",
] as const;

/** What either end does next, to which stream, and how much of it. */
export interface Step {
  readonly kind: (typeof kinds)[number];
  readonly which: number;
  readonly size: number;
}

const size = fc.oneof(fc.constantFrom(0, 1, 100, 16_384, 65_535, 100_000), fc.nat(2000));
export const step: fc.Arbitrary<Step> = fc.record({
  kind: fc.constantFrom(...kinds),
  which: fc.nat(20),
  size,
});

/** What an exchange was told to do. */
interface Call {
  readonly sink: RecordedSink;
  readonly exchange: Exchange;
  written: number;
  /** The number of its stream is known once it has started. */
  id: number;
  isEnded: boolean;
  isPaused: boolean;
  wasReset: boolean;
}

export const windowBytes = 10_000;
const connectionBytes = 65_535;
const limits: LimitOptions = {
  streamWindowBytes: windowBytes,
  maxStreamWindowBytes: 50_000,
  connectionWindowBytes: connectionBytes,
  idleFrameBurst: 1_000_000,
  resetBurst: 1_000_000,
};

/** An engine, its peer, and the layer above it, each doing what it may. */
export class Walk {
  readonly script: ServerScript | ClientScript;
  readonly model: PeerModel;
  readonly calls: Call[] = [];
  nextId = 1;
  #started = 0;

  constructor(side: "server" | "client") {
    this.script = side === "server" ? ServerScript.open({ limits }) : ClientScript.open({ limits });
    this.model = new PeerModel(() => {
      // Requests start in their order, but for those that were reset before.
      while (this.calls[this.#started]!.wasReset && this.calls[this.#started]!.id === 0) this.#started++;
      const call = this.calls[this.#started++]!;
      call.id = this.nextId;
      this.nextId += 2;
      return call.sink;
    });
    this.model.peerInitial = windowBytes;
  }

  get isServer(): boolean {
    return this.script instanceof ServerScript;
  }

  get streams(): StreamModel[] {
    return [...this.model.streams.values()];
  }

  /** The peer sends; the engine has its turns, and what it sends is looked at. */
  receive(...frames: Frame[]): void {
    this.script.receive(...frames);
    this.look();
  }

  look(): void {
    do {
      this.script.runtime.settle();
      this.model.observe(this.script.wire.frames());
      for (const opaque of this.model.pings.splice(0)) this.script.receive(pingAck(opaque));
      this.script.runtime.settle();
    } while (this.model.pings.length > 0);
    this.model.observe(this.script.wire.frames());
  }

  /** Does it, if it is legal now. */
  do({ kind, which, size }: Step): void {
    if (kind.startsWith("app")) this.#app(kind, which, size);
    else this.#peer(kind, which, size);
    this.look();
  }

  #peer(kind: Step["kind"], which: number, size: number): void {
    const { model } = this;
    const stream = this.streams[which % Math.max(1, this.streams.length)];
    if (kind === "time") this.script.runtime.advance(size / 10);
    else if (kind === "settings") {
      const least = Math.min(...this.streams.map(({ engineWindow }) => largest - engineWindow));
      if (size < least)
        this.receive(
          model.settings({
            INITIAL_WINDOW_SIZE: size,
            MAX_FRAME_SIZE: 16_384 + size,
            HEADER_TABLE_SIZE: size,
          }),
        );
    } else if (kind === "ping") this.receive(ping("a model!"));
    else if (kind === "unknown")
      this.receive(frame(0x20 + which, which, which, bodyPart(1, 0, size % 16_384)));
    else if (kind === "connection window") {
      if (size > 0) this.receive(model.windowUpdate(undefined, size));
    } else if (kind === "open") this.#open(which);
    else if (stream === undefined) return;
    else if (kind === "priority") this.receive(priority(stream.id, stream.id + 2));
    else if (kind === "priority update") {
      if (this.isServer)
        this.receive(priorityUpdate(stream.id, `u=${which % 8}${size % 2 === 0 ? ", i" : ""}`));
    } else if (kind === "window") {
      if (size > 0) this.receive(model.windowUpdate(stream, size));
    } else this.#peerOn(stream, kind, size);
  }

  #open(which: number): void {
    if (!(this.script instanceof ServerScript) || this.streams.filter(isOpen).length > 50) return;
    const stream = this.model.add(this.nextId);
    this.nextId += 2;
    stream.peerHeaded = true;
    stream.peerEnded = which % 2 === 0;
    this.script.receive(stream.peerEnded ? headers(stream.id, post, "END_STREAM") : headers(stream.id, post));
    const sink = this.script.last;
    stream.sink = sink;
    this.calls.push(newCall(sink, stream.id));
  }

  #peerOn(stream: StreamModel, kind: Step["kind"], size: number): void {
    const { model } = this;
    const { id } = stream;
    // What a stream that the engine has reset still gets was under way.
    if (stream.peerEnded || stream.reset === "by peer") return;
    if (kind === "reset") {
      if (stream.reset === "no") stream.reset = "by peer";
      return this.receive(rstStream(id, "CANCEL"));
    }
    if (kind === "interim" || kind === "head") {
      if (stream.peerHeaded) return;
      stream.peerHeaded = kind === "head";
      return this.receive(headers(id, [":status", kind === "head" ? "200" : "103"]));
    }
    if (!stream.peerHeaded) return;
    if (kind === "data") this.receive(model.data(stream, size, false));
    else if (kind === "end") this.receive(model.data(stream, size, true));
    else if (kind === "padded data") {
      const padding = size % 200;
      const whole = padding + 1;
      if (Math.min(stream.peerWindow, model.peerWindow) <= whole) return;
      stream.peerWindow -= whole;
      model.peerWindow -= whole;
      this.receive(padded(model.data(stream, Math.min(size, 16_000), false), padding));
    } else if (kind === "trailers") {
      stream.peerEnded = true;
      this.receive(headers(id, ["t", "x"], "END_STREAM"));
    }
  }

  #app(kind: Step["kind"], which: number, size: number): void {
    if (kind === "app opens") {
      if (!(this.script instanceof ClientScript) || this.calls.length > 50) return;
      const sink = which % 3 === 0 ? this.script.open() : this.script.upload();
      const call = newCall(sink, 0);
      call.isEnded = which % 3 === 0;
      this.calls.push(call);
      return;
    }
    const call = this.calls[which % Math.max(1, this.calls.length)];
    if (call === undefined) return;
    const { exchange } = call;
    if (kind === "app responds") (exchange as ServerExchange).respond?.(200, []);
    else if (kind === "app writes") this.#write(call, size);
    else if (kind === "app ends") this.end(call, size % 2 === 0);
    else if (kind === "app resets") {
      if (which % 3 > 0) return;
      call.wasReset ||= !call.sink.isClosed;
      exchange.reset(ErrorCode.CANCEL);
    } else if (kind === "app pauses") {
      exchange.pause();
      call.isPaused = true;
    } else if (kind === "app resumes") {
      exchange.resume();
      call.isPaused = false;
    }
  }

  #write(call: Call, size: number): void {
    if (call.isEnded || call.wasReset || call.sink.isClosed) return;
    // The octets are those of its stream, which has no number before it starts.
    if (call.id === 0) return;
    (call.exchange as ServerExchange).respond?.(200, []);
    call.exchange.write(bodyPart(call.id, call.written, size));
    call.written += size;
    this.model.streams.get(call.id)!.written = call.written;
  }

  end(call: Call, withTrailers: boolean): void {
    if (call.isEnded) return;
    call.isEnded = true;
    (call.exchange as ServerExchange).respond?.(200, []);
    call.exchange.end(withTrailers ? ["t", "x"] : null);
  }
}

function newCall(sink: RecordedSink, id: number): Call {
  const { exchange } = sink;
  return { sink, exchange, written: 0, id, isEnded: false, isPaused: false, wasReset: false };
}
