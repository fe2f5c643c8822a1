import { checkNames, checkWhole, type OptionNames, wrongOption } from "./option-checks.ts";
import type { Pings } from "./pings.ts";
import { longestMs, type Runtime } from "./runtime.ts";

/** How a peer that says nothing is found dead. */
export interface KeepaliveOptions {
  /** After so long without a byte of the peer's it is asked, in milliseconds. */
  readonly intervalMs: number;
  /** After so long without an answer, or any other byte, it is dead, in milliseconds. */
  readonly timeoutMs: number;
  /**
   * A client's: it is asked while no stream is open too. Default false: servers of gRPC count such a PING as abuse if it
   * comes within two hours of the one before. The first stream after a silence of `intervalMs` then asks at once. Servers
   * always ask.
   */
  readonly whileIdle?: boolean | undefined;
}

const names: OptionNames<KeepaliveOptions> = { intervalMs: true, timeoutMs: true, whileIdle: true };

/** Throws TypeError, naming option and value, if one of them cannot be. */
export function checkKeepalive(options: KeepaliveOptions): void {
  checkNames("keepalive", options, names, "{ intervalMs: 300_000, timeoutMs: 20_000 }");
  const { intervalMs, timeoutMs, whileIdle } = options;
  checkWhole("keepalive.intervalMs", intervalMs, 1, longestMs, " of milliseconds");
  checkWhole("keepalive.timeoutMs", timeoutMs, 1, longestMs, " of milliseconds");
  if (whileIdle !== undefined && typeof whileIdle !== "boolean")
    throw wrongOption("keepalive.whileIdle", whileIdle, "true or false");
}

/** Asks a peer that says nothing whether it lives, by PING (RFC 9113 section 6.7). */
export class Keepalive {
  readonly #options: KeepaliveOptions;
  readonly #runtime: Runtime;
  readonly #pings: Pings;
  readonly #dead: () => void;
  /** `dormant`: it is silent, and nobody wants to know why. */
  #state: "listening" | "asked" | "dormant" | "stopped" = "listening";
  #asksNow: boolean;
  #heardAt: number;
  #cancel: () => void;

  /** `isBusy`: it asks from the start, without a word of busy(). */
  constructor(options: KeepaliveOptions, runtime: Runtime, pings: Pings, dead: () => void, isBusy: boolean) {
    this.#options = options;
    this.#runtime = runtime;
    this.#pings = pings;
    this.#dead = dead;
    this.#asksNow = isBusy;
    this.#heardAt = runtime.now();
    this.#cancel = runtime.timer(options.intervalMs, this.#look);
  }

  /** The peer has said something. */
  heard(): void {
    this.#heardAt = this.#runtime.now();
    if (this.#state === "asked") this.#listen();
  }

  /** Streams are open, or none is any more. */
  busy(isBusy: boolean): void {
    this.#asksNow = isBusy;
    if (isBusy && this.#state === "dormant") this.#look();
  }

  stop(): void {
    this.#state = "stopped";
    this.#cancel();
  }

  #listen(): void {
    this.#state = "listening";
    this.#cancel();
    const left = this.#heardAt + this.#options.intervalMs - this.#runtime.now();
    this.#cancel = this.#runtime.timer(Math.ceil(left), this.#look);
  }

  readonly #look = (): void => {
    const { intervalMs, timeoutMs } = this.#options;
    if (this.#runtime.now() - this.#heardAt < intervalMs) return this.#listen();
    if (!this.#asksNow) {
      this.#state = "dormant";
      return;
    }
    this.#state = "asked";
    this.#pings.send(() => {});
    // A turn that took too long has run into the timer before what the peer said could be read: once more round, then.
    this.#cancel = this.#runtime.timer(timeoutMs, () => this.#runtime.soon(this.#judge));
  };

  readonly #judge = (): void => {
    if (this.#state === "asked") this.#dead();
  };
}
