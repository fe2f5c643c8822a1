import type { Fields } from "@millrace/exchange";

/** What travels in one direction of an exchange. */
export type Item =
  | { readonly kind: "inform"; readonly status: number; readonly fields: Fields }
  | { readonly kind: "head"; readonly status: number; readonly fields: Fields }
  | { readonly kind: "data"; readonly chunk: Uint8Array; at: number }
  | { readonly kind: "end"; readonly trailers: Fields | null };

/**
 * One direction of an exchange: what its writer has not sent yet, and what has arrived at its reader. As on a real
 * carriage the first is lost by a reset, and the second is bounded by a window.
 *
 * `open`: the writer may write; `ended`: its end is queued; `sent`: the end has arrived; `dead`: nothing will arrive any
 * more, though what has may still be read.
 */
export class Pipe {
  state: "open" | "ended" | "sent" | "dead" = "open";
  /** Bytes of data that the reader has not done with. */
  level = 0;
  readonly #window: number;
  readonly #unsent: Item[] = [];
  readonly #arrived: Item[] = [];
  #arrivedBytes = 0;

  constructor(window: number) {
    this.#window = window;
  }

  /** Queues an item at the writer. */
  push(item: Item): void {
    if (this.state !== "open") return;
    this.#unsent.push(item);
    if (item.kind === "data") this.level += item.chunk.length;
    else if (item.kind === "end") this.state = "ended";
  }

  /** Moves to the reader what the window has room for. True if anything moved. */
  cross(): boolean {
    let moved = false;
    for (;;) {
      const item = this.#unsent[0];
      if (item === undefined || (item.kind === "data" && this.#arrivedBytes >= this.#window)) return moved;
      this.#unsent.shift();
      this.#arrived.push(item);
      moved = true;
      if (item.kind === "data") this.#arrivedBytes += item.chunk.length;
      else if (item.kind === "end") this.state = "sent";
    }
  }

  /** The next item at the reader, without taking it. */
  peek(): Item | undefined {
    return this.#arrived[0];
  }

  /** Takes the next item. */
  shift(): void {
    this.#arrived.shift();
  }

  /** Gives the writer credit for bytes that the reader has done with. */
  credit(length: number): void {
    this.level = Math.max(0, this.level - length);
    this.#arrivedBytes = Math.max(0, this.#arrivedBytes - length);
  }

  /** Loses what is unsent. What has arrived can still be read. */
  die(): void {
    if (this.state !== "sent") this.state = "dead";
    for (const item of this.#unsent) if (item.kind === "data") this.level -= item.chunk.length;
    this.#unsent.length = 0;
  }

  /** Loses everything. */
  discard(): void {
    this.die();
    this.#arrived.length = 0;
    this.level = 0;
    this.#arrivedBytes = 0;
  }
}
