import type { Output } from "./output.ts";

/** So many are waited for: a peer that answers none makes the list no longer. */
const mostWaiting = 8;

/** PING frames of this side's (RFC 9113 section 6.7), each known by its number. */
export class Pings {
  readonly #output: Output;
  readonly #waiting = new Map<number, () => void>();
  readonly #opaque = new Uint8Array(8);
  #last = 0;

  constructor(output: Output) {
    this.#output = output;
  }

  send(onAck: () => void): void {
    const number = (this.#last = (this.#last + 1) % 0x1000000);
    if (this.#waiting.size === mostWaiting)
      for (const oldest of this.#waiting.keys()) if (this.#waiting.delete(oldest)) break;
    this.#waiting.set(number, onAck);
    this.#opaque[5] = number >>> 16;
    this.#opaque[6] = number >>> 8;
    this.#opaque[7] = number;
    this.#output.writer.ping(this.#opaque, 0, false);
    this.#output.touch();
  }

  /** Takes an acknowledgement. False: of no PING of ours. */
  acknowledged(opaque: Uint8Array, at: number): boolean {
    for (let i = 0; i < 5; i++) if (opaque[at + i] !== 0) return false;
    const number = (opaque[at + 5]! << 16) | (opaque[at + 6]! << 8) | opaque[at + 7]!;
    const onAck = this.#waiting.get(number);
    if (onAck === undefined) return false;
    this.#waiting.delete(number);
    onAck();
    return true;
  }
}
