import { Agent, type ClientRequestArgs } from "node:http";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { dial, type Target } from "./dial.ts";
import { DialFailure, unwanted } from "./dial-failure.ts";
import { http1IdleMs } from "./http1-limits.ts";

/** What a request over a DialAgent is made with. */
export interface DialRequestArgs extends ClientRequestArgs {
  readonly agent: DialAgent;
  /** Runs if a connection has to be made, with what gives it up when it is wanted no more. */
  readonly onDial: (giveUp: () => void) => void;
}

type Connected = (error: Error | null, stream: Duplex) => void;

function asksForDial(options: ClientRequestArgs): options is DialRequestArgs {
  return "onDial" in options;
}

/** Node's pool of kept connections, which for an https origin are TLS sockets. */
export class DialAgent extends Agent {
  readonly #target: Target;
  readonly #spare: () => Socket | undefined;

  /** `spare` gives a socket that is made already, if there is one. */
  constructor(target: Target, spare: () => Socket | undefined) {
    // Node closes idle connections after it; those in use only emit an event that nobody listens to.
    super({ keepAlive: true, timeout: http1IdleMs });
    this.#target = target;
    this.#spare = spare;
  }

  override createConnection(options: ClientRequestArgs, connected?: Connected): Duplex | null | undefined {
    const spare = this.#spare();
    if (spare !== undefined) return spare;
    const fail = (failure: DialFailure): void => connected?.(failure, undefined as never);
    const dialling = dial(this.#target, ["http/1.1"], {
      connected: (socket) => connected?.(null, socket),
      failed: (fault) => fail(new DialFailure(fault)),
    });
    if (asksForDial(options))
      options.onDial(() => {
        dialling.abandon();
        fail(unwanted(this.#target));
      });
    return undefined;
  }
}
