import { ErrorCode, type Fault } from "@millrace/exchange";

/** Attempts of one call at most, however often it fails before it has left. */
const mostAttempts = 5;

/**
 * Which attempts are followed by another that nobody hears of (gRFC A6, "Transparent Retries"): those that the peer has not
 * processed, at once. One that had been sent is followed once in a call.
 */
export class Retries {
  #followed = 0;
  #followedSent = false;

  /** How many attempts were followed by another. */
  get followed(): number {
    return this.#followed;
  }

  /** Whether another one follows an attempt that ended so. `wasSent`: it had left this process. */
  follow(fault: Fault, wasSent: boolean): boolean {
    if (this.#followed === mostAttempts - 1 || !isUnprocessed(fault)) return false;
    if (wasSent && this.#followedSent) return false;
    this.#followed++;
    if (wasSent) this.#followedSent = true;
    return true;
  }
}

/** It was turned away by a server that is there. Where none can be reached, another attempt would meet the same. */
function isUnprocessed({ kind, h2, processed }: Fault): boolean {
  if (processed !== "never") return false;
  return kind === "goaway" || kind === "lost" || (kind === "reset" && h2 === ErrorCode.REFUSED_STREAM);
}
