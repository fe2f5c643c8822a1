import { RpcError } from "../../error.ts";
import type { Host } from "../../host/host.ts";
import type { Deframer } from "../deframer.ts";

/** How long a client may be silent in the middle of a large message, in milliseconds. */
const mostSilenceMs = 60_000;
/** Less of an incomplete message is no burden. */
const leastBytes = 16 * 1024;

/** Tells when a client has sent a good part of a message and says no more: what there is of it would be held for ever. */
export class StallWatch {
  readonly #host: Host;
  readonly #deframer: Deframer;
  readonly #stalled: () => void;
  /** When something came last, on the host's clock, while the timer runs. */
  #heardAt = 0;
  #stop: (() => void) | undefined;

  constructor(host: Host, deframer: Deframer, stalled: () => void) {
    this.#host = host;
    this.#deframer = deframer;
    this.#stalled = stalled;
  }

  /** Some of the request has come. */
  heard(): void {
    if (this.#stop === undefined) {
      if (this.#deframer.incomplete < leastBytes) return;
      this.#arm(this.#host.now());
    } else this.#heardAt = this.#host.now();
  }

  release(): void {
    this.#stop?.();
    this.#stop = undefined;
  }

  #arm(heardAt: number): void {
    this.#heardAt = heardAt;
    this.#stop = this.#host.timer(heardAt + mostSilenceMs, () => {
      this.#stop = undefined;
      if (this.#deframer.incomplete < leastBytes) return;
      const now = this.#host.now();
      // While it is held back here, nothing can come.
      if (this.#deframer.held) this.#arm(now);
      else if (this.#heardAt + mostSilenceMs > now) this.#arm(this.#heardAt);
      else this.#stalled();
    });
  }
}

/** How a call ends whose client has stopped. */
export function stalled({ incomplete }: Deframer): RpcError {
  const silence = `${mostSilenceMs / 1000} s of silence`;
  return new RpcError(
    "deadline_exceeded",
    `the request stopped in the middle of a message: ${silence} behind its first ${incomplete} bytes`,
  );
}
