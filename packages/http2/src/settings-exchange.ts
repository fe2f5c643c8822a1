import { ErrorCode } from "@millrace/exchange";
import type { FrameReader } from "./frame/frame-reader.ts";
import type { InboundHost } from "./inbound-host.ts";
import { noTimer } from "./runtime.ts";
import { applySettings, initialWindow } from "./settings.ts";
import type { Stream } from "./stream.ts";

/** SETTINGS of both sides (RFC 9113 section 6.5): the peer's come and are acknowledged, ours are to be. */
export class SettingsExchange {
  /** The peer's have come. */
  seen = false;
  /** Ours have been acknowledged. */
  acknowledged = false;
  readonly #host: InboundHost;
  readonly #reader: FrameReader;
  /** Replaced when they are done, for what they hold. */
  #cancelHandshake: () => void;
  #cancelAck: () => void;

  constructor(host: InboundHost, reader: FrameReader) {
    this.#host = host;
    this.#reader = reader;
    const { handshakeTimeoutMs, settingsTimeoutMs } = host.limits;
    this.#cancelHandshake = host.runtime.timer(handshakeTimeoutMs, () =>
      host.fail(ErrorCode.SETTINGS_TIMEOUT, `no SETTINGS came within ${handshakeTimeoutMs} ms`),
    );
    this.#cancelAck = host.runtime.timer(settingsTimeoutMs, () =>
      host.fail(ErrorCode.SETTINGS_TIMEOUT, `SETTINGS were not acknowledged within ${settingsTimeoutMs} ms`),
    );
  }

  /** Nothing is waited for any more. */
  stop(): void {
    this.#cancelHandshake();
    this.#cancelAck();
  }

  /** The peer's SETTINGS. False: read no more. */
  received(payload: Uint8Array, start: number, end: number): boolean {
    const host = this.#host;
    if (this.seen && !host.conduct.uselessFrame()) return false;
    const { peerSettings, output, streams } = host;
    const windowBefore = peerSettings.initialWindowSize;
    const wrong = applySettings(peerSettings, host.isClient, payload, start, end);
    if (wrong !== null) return host.fail(wrong.code, wrong.text);
    output.maxFrame = peerSettings.maxFrameSize;
    const delta = peerSettings.initialWindowSize - windowBefore;
    if (delta !== 0) this.#reader.allowance -= streams.size >> 3;
    for (const stream of delta === 0 ? noStreams : streams.values()) {
      if (!stream.widen(delta))
        return host.fail(
          ErrorCode.FLOW_CONTROL_ERROR,
          "SETTINGS make a stream's window larger than 2,147,483,647",
        );
    }
    output.writer.settingsAck();
    output.touch();
    if (!this.seen) {
      this.#cancelHandshake();
      this.#cancelHandshake = noTimer;
    }
    this.seen = true;
    host.settingsReceived();
    return host.isOpen;
  }

  /** The peer goes by our SETTINGS from here on: what it could send more than those allow is taken back. */
  ackReceived(): boolean {
    const { conduct, limits, streams } = this.#host;
    this.#cancelAck();
    this.#cancelAck = noTimer;
    if (!this.acknowledged) {
      this.acknowledged = true;
      const less = initialWindow - limits.streamWindowBytes;
      if (less > 0) for (const stream of streams.values()) stream.narrow(less);
    }
    return conduct.uselessFrame();
  }
}

const noStreams: readonly Stream[] = [];
