// Not by name: who replaces lookup() for a process means this one too.
import dns, { type LookupAddress } from "node:dns";
import { connect, isIP, type Socket } from "node:net";
import { nodeHost } from "../host/node-host.ts";

/** RFC 8305 section 5: how long an address has to itself before the next one is tried beside it. */
const attemptDelayMs = 250;

/** As node asks: for no family that this machine has no address of. */
const hints = process.platform === "win32" ? 0 : dns.ADDRCONFIG;

/** What becomes of a race: one of the two, once, never from inside its start. */
export interface Raced {
  connected(socket: Socket): void;
  failed(error: unknown): void;
}

/**
 * A TCP connection to a name, over whichever of its addresses answers first (RFC 8305): IPv6 and IPv4 by turns, each with a
 * start on the next. Node's own `autoSelectFamily` gives an address up when the next one's turn has come, and so never reaches
 * one that is merely slow.
 */
export class HappyEyeballs {
  readonly #port: number;
  readonly #raced: Raced;
  readonly #attempts = new Set<Socket>();
  readonly #errors: unknown[] = [];
  #addresses: string[] = [];
  #state: "looking up" | "racing" | "over" = "looking up";
  #holds = true;
  #cancelTimer: () => void = () => {};

  /** Not within a call: what it starts belongs to none. */
  constructor(hostname: string, port: number, raced: Raced) {
    this.#port = port;
    this.#raced = raced;
    if (isIP(hostname) !== 0) this.#race([hostname]);
    else
      dns.lookup(hostname, { all: true, hints }, (error, found) => {
        if (this.#state === "over") return;
        if (error !== null) this.#lose(error);
        else if (found.length === 0) this.#lose(new Error("the name has no address"));
        else this.#race(byTurns(found));
      });
  }

  /** Whether it keeps the process alive; it does at first. */
  hold(wanted: boolean): void {
    this.#holds = wanted;
    for (const socket of this.#attempts) ref(socket, wanted);
  }

  /** Ends it, without a word. */
  abandon(): void {
    this.#state = "over";
    this.#cancelTimer();
    for (const socket of this.#attempts) socket.destroy();
    this.#attempts.clear();
  }

  #race(addresses: string[]): void {
    this.#state = "racing";
    this.#addresses = addresses;
    this.#next();
  }

  #next(): void {
    this.#cancelTimer();
    const address = this.#addresses.shift();
    if (address === undefined) {
      const [first, ...others] = this.#errors;
      if (this.#attempts.size === 0)
        this.#lose(others.length === 0 ? first : new AggregateError(this.#errors));
      return;
    }
    this.#attempt(address);
    if (this.#addresses.length > 0)
      this.#cancelTimer = nodeHost.timer(nodeHost.now() + attemptDelayMs, () => this.#next());
  }

  #attempt(host: string): void {
    const socket = connect({ host, port: this.#port });
    this.#attempts.add(socket);
    ref(socket, this.#holds);
    socket.on("error", (error) => {
      if (!this.#attempts.delete(socket)) return;
      this.#errors.push(error);
      this.#next();
    });
    socket.once("connect", () => {
      if (!this.#attempts.delete(socket)) return;
      this.abandon();
      this.#raced.connected(socket);
    });
  }

  #lose(error: unknown): void {
    this.abandon();
    this.#raced.failed(error);
  }
}

/** RFC 8305 section 4: the order that the resolver gave, the families by turns. */
function byTurns(found: readonly LookupAddress[]): string[] {
  const first = found.filter(({ family }) => family === found[0]?.family);
  const second = found.filter(({ family }) => family !== found[0]?.family);
  return first
    .flatMap((one, at) => [one, ...second.slice(at, at + 1)])
    .concat(second.slice(first.length))
    .map(({ address }) => address);
}

function ref(socket: Socket, wanted: boolean): void {
  if (wanted) socket.ref();
  else socket.unref();
}
