import { uint24 } from "./frame/big-endian.ts";
import type { Output } from "./output.ts";

/** So many are waited for: a peer that answers none makes the list no longer. */
const mostWaiting = 8;

/** PING frames of this side's (RFC 9113 section 6.7), each known by its number. */
export class Pings {
  readonly #output: Output;
  #waiting: Map<number, () => void> | undefined;
  #last = 0;

  constructor(output: Output) {
    this.#output = output;
  }

  send(onAck: () => void): void {
    const number = (this.#last = (this.#last + 1) % 0x1000000);
    const waiting = (this.#waiting ??= new Map());
    if (waiting.size === mostWaiting) for (const oldest of waiting.keys()) if (waiting.delete(oldest)) break;
    waiting.set(number, onAck);
    const opaque = [0, 0, 0, 0, 0, number >>> 16, number >>> 8, number];
    this.#output.writer.ping(Uint8Array.from(opaque), 0, false);
    this.#output.touch();
  }

  /** Takes an acknowledgement. False: of no PING of ours. */
  acknowledged(opaque: Uint8Array, at: number): boolean {
    for (let i = 0; i < 5; i++) if (opaque[at + i] !== 0) return false;
    const number = uint24(opaque, at + 5);
    const onAck = this.#waiting?.get(number);
    if (onAck === undefined) return false;
    this.#waiting!.delete(number);
    onAck();
    return true;
  }
}
