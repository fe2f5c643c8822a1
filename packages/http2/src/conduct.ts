import { ErrorCode } from "@millrace/exchange";
import { Ledger } from "./ledger.ts";
import type { Limits } from "./limits.ts";
import { ResetMemory } from "./reset-memory.ts";
import type { Runtime } from "./runtime.ts";
import type { Stream } from "./stream.ts";

/** Whoever ends when a peer has gone too far. */
export interface ConductHost {
  readonly isOpen: boolean;
  readonly limits: Limits;
  readonly runtime: Runtime;
  fail(code: number, text: string): false;
}

/** What a peer does that is of no use to it or to us. Each is counted; where it gives a boolean, false means: read no more. */
export class Conduct {
  readonly #host: ConductHost;
  readonly #idleFrames: Ledger;
  readonly #mistakes: Ledger;
  readonly #resets = new ResetMemory();

  constructor(host: ConductHost) {
    this.#host = host;
    const { limits, runtime } = host;
    this.#idleFrames = new Ledger(limits.idleFrameBurst, limits.idleFrameRate, runtime);
    this.#mistakes = new Ledger(limits.resetBurst, limits.resetRate, runtime);
  }

  /** A stream has ended as it should: its peer is not idle. */
  worked(): void {
    this.#mistakes.earn(1);
    this.#idleFrames.earn(4);
  }

  /** So many DATA frames went to the peer, which has to give credit for them. */
  sent(dataFrames: number): void {
    this.#idleFrames.earn(2 * dataFrames);
  }

  /** A frame carries nothing. */
  uselessFrame(): boolean {
    return (
      this.#idleFrames.spend() ||
      this.#host.fail(ErrorCode.ENHANCE_YOUR_CALM, "too many frames that carry nothing")
    );
  }

  /** A stream of the peer's making comes to nothing. It counts, whoever resets it (CVE-2023-44487, CVE-2025-8671). */
  mistake(): boolean {
    return (
      this.#mistakes.spend() ||
      this.#host.fail(ErrorCode.ENHANCE_YOUR_CALM, "too many streams came to nothing")
    );
  }

  /** The peer broke the rules on one stream (RFC 9113 section 5.4.2). */
  streamError(stream: Stream, code: number, text: string): boolean {
    stream.violated(code, text);
    return this.mistake() && this.#host.isOpen;
  }

  /** This side has reset a stream: what still comes for it is ignored. `window`: what the peer may send of DATA, in bytes. */
  ignore(id: number, window: number): void {
    this.#resets.add(id, window);
  }

  /** RST_STREAM came for a stream that is over. */
  lateReset(id: number): boolean {
    return this.#resets.wasUnderWay(id, 0) || this.uselessFrame();
  }

  /** A frame came, in which a stream lives on, for one that is over; of DATA, so many bytes. */
  late(id: number, what: string, bytes: number): boolean {
    if (this.#resets.has(id)) return this.#resets.wasUnderWay(id, bytes) || this.uselessFrame();
    return this.#host.fail(ErrorCode.STREAM_CLOSED, `${what} came on stream ${id}, which is closed`);
  }
}
