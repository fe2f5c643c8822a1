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
  /** What it waits for, as `incomplete` names it. */
  #awaited = 0;
  #cancel: () => void = noTimer;
  #isStopped = false;

  constructor(host: InboundHost, watched: Incomplete) {
    this.#host = host;
    this.#watched = watched;
  }

  /** Something has been read. */
  look(): void {
    const { incomplete } = this.#watched;
    if (incomplete === this.#awaited || this.#isStopped) return;
    this.#awaited = incomplete;
    this.#cancel();
    this.#cancel = noTimer;
    if (incomplete !== 0) this.#wait(incomplete);
  }

  #wait(incomplete: number): void {
    const { headersTimeoutMs } = this.#host.limits;
    this.#cancel = this.#host.runtime.timer(headersTimeoutMs, () => {
      // The rest may have come.
      if (this.#host.isHeldBack) return this.#wait(incomplete);
      const what = incomplete < 0 ? "header block" : "frame";
      const text = `a ${what} was not complete within ${headersTimeoutMs} ms`;
      this.#host.fail(ErrorCode.ENHANCE_YOUR_CALM, text);
    });
  }

  /** Nothing is waited for any more: what ended the connection may have come in the middle of a header block. */
  stop(): void {
    this.#isStopped = true;
    this.#cancel();
  }
}
