import { ErrorCode } from "@millrace/exchange";
import type { InboundHost } from "./inbound-host.ts";
import { noTimer } from "./runtime.ts";

/** Whatever comes in parts. */
export interface Incomplete {
  /** Names the header block (below 0), or the frame but DATA, of which a part has come; 0 if there is none. */
  readonly incomplete: number;
}

/** Sees to it that what is incomplete does not stay so. */
export class IncompleteWatch {
  readonly #host: InboundHost;
  readonly #watched: Incomplete;
  #isArmed = false;
  #cancel: () => void = noTimer;

  constructor(host: InboundHost, watched: Incomplete) {
    this.#host = host;
    this.#watched = watched;
  }

  /** Something has been read. */
  look(): void {
    if (!this.#isArmed && this.#watched.incomplete !== 0) this.#arm();
  }

  /** Nothing is waited for any more: what ended the connection may have come in the middle of a header block. */
  stop(): void {
    this.#cancel();
    this.#isArmed = true;
  }

  #arm(): void {
    const what = this.#watched.incomplete;
    const { headersTimeoutMs } = this.#host.limits;
    this.#isArmed = true;
    this.#cancel = this.#host.runtime.timer(headersTimeoutMs, () => {
      this.#isArmed = false;
      const { incomplete } = this.#watched;
      if (incomplete === 0) return;
      if (incomplete !== what) return this.#arm();
      const text = `a ${what < 0 ? "header block" : "frame"} was not complete within ${headersTimeoutMs} ms`;
      this.#host.fail(ErrorCode.ENHANCE_YOUR_CALM, text);
    });
  }
}
