import type { Runtime } from "./runtime.ts";

/** How long a connection of an offender's is not read at first, in milliseconds. */
const waitMs = 100;
/** How long an offence is remembered, in milliseconds. */
const memoryMs = 1000;
/** So many networks are remembered, the last ones. */
const most = 1024;

/** What is known of the address that a connection comes from. */
export interface Reputation {
  /** How long a new connection is to wait before it is read, in milliseconds: 0, unless another one has just been cut. */
  readonly waitMs: number;
  /** A connection is cut, since its client broke the rules of HTTP/2. */
  offended(): void;
}

/**
 * Addresses whose connections were cut a moment ago for what their clients did; of IPv6 the networks, as a client has all
 * addresses of one. What they open next waits: otherwise whoever is cut for a flood has another thousand frames to say on a new
 * connection at once, for ever.
 */
export class Offenders {
  readonly #clock: Pick<Runtime, "now">;
  /** When each did so last, the latest at the end. */
  readonly #lately = new Map<string, number>();

  constructor(clock: Pick<Runtime, "now">) {
    this.#clock = clock;
  }

  /** `address`: without a port. Undefined: of a transport that has none, of which nothing is remembered. */
  reputationOf(address: string | undefined): Reputation | undefined {
    if (address === undefined) return undefined;
    const network = networkOf(address);
    const last = this.#lately.get(network) ?? -Infinity;
    return {
      waitMs: this.#clock.now() - last < memoryMs ? waitMs : 0,
      offended: () => this.#add(network),
    };
  }

  #add(network: string): void {
    this.#lately.delete(network);
    if (this.#lately.size === most)
      for (const oldest of this.#lately.keys()) {
        this.#lately.delete(oldest);
        break;
      }
    this.#lately.set(network, this.#clock.now());
  }
}

/** An address of IPv4, or the first 64 bits of one of IPv6 (RFC 4291 section 2.2). */
function networkOf(address: string): string {
  if (!address.includes(":") || address.includes(".")) return address;
  const [left = [], right] = address.split("::").map((groups) => (groups === "" ? [] : groups.split(":")));
  const zeros = Array<string>(8).fill("0");
  const groups = right === undefined ? left : [...left, ...zeros.slice(left.length + right.length), ...right];
  return groups.slice(0, 4).join(":");
}
