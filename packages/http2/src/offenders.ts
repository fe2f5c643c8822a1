import type { Runtime } from "./runtime.ts";

/** How long a connection of an offender's is not read at first, in milliseconds. */
const waitMs = 100;
/** How long an offence is remembered, in milliseconds. */
const memoryMs = 1000;
/** So many addresses are remembered, the last ones. */
const most = 1024;

/** An address that connections come from. */
export interface Origin {
  /** How long a new connection is to wait before it is read, in milliseconds: 0, unless another one has just been cut. */
  readonly waitMs: number;
  /** A connection is cut, since its client broke the rules of HTTP/2. */
  offended(): void;
}

/**
 * Addresses whose connections were cut a moment ago for what their clients did. What they open next waits: otherwise whoever
 * is cut for a flood has another thousand frames to say on a new connection at once, for ever.
 */
export class Offenders {
  readonly #clock: Pick<Runtime, "now">;
  /** When each did so last, the latest at the end. */
  readonly #lately = new Map<string, number>();

  constructor(clock: Pick<Runtime, "now">) {
    this.#clock = clock;
  }

  /** `address`: without a port. Undefined: of a transport that has none, of which nothing is remembered. */
  at(address: string | undefined): Origin | undefined {
    if (address === undefined) return undefined;
    const last = this.#lately.get(address) ?? -Infinity;
    return {
      waitMs: this.#clock.now() - last < memoryMs ? waitMs : 0,
      offended: () => this.#add(address),
    };
  }

  #add(address: string): void {
    this.#lately.delete(address);
    if (this.#lately.size === most)
      for (const oldest of this.#lately.keys()) {
        this.#lately.delete(oldest);
        break;
      }
    this.#lately.set(address, this.#clock.now());
  }
}
