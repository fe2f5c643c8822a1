import { Agent, type ClientRequestArgs } from "node:http";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { dial, type Target } from "./dial.ts";
import { DialFailure } from "./dial-failure.ts";
import { http1IdleMs } from "./http1-limits.ts";

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

  override createConnection(
    _options: ClientRequestArgs,
    connected?: (error: Error | null, stream: Duplex) => void,
  ): Duplex | null | undefined {
    const spare = this.#spare();
    if (spare !== undefined) return spare;
    dial(this.#target, ["http/1.1"], {
      connected: (socket) => connected?.(null, socket),
      failed: (fault) => connected?.(new DialFailure(fault), undefined as never),
    });
    return undefined;
  }
}
