import type { Accept, Caps, Connector, Exchange, Fault } from "@millrace/exchange";
import { ErrorCode } from "@millrace/exchange";
import type { Host } from "../host/host.ts";
import { Shutdown, type Stoppable } from "../host/shutdown.ts";
import { MemoryClient } from "./memory-client.ts";
import { scratchSize, type Terms } from "./memory-end.ts";
import { type Drain, MemoryServer } from "./memory-server.ts";
import type { Linked } from "../host/linked-list.ts";
import { Pipe } from "./pipe.ts";

/** How an in-memory carriage behaves. */
export interface MemoryOptions {
  /**
   * What it can do: everything that HTTP/2 can, but for what is said here. A lack is real: without `trailers` they are
   * lost, with `request: "half"` the response waits for the request's end, with `"whole"` nothing starts before it.
   */
  readonly caps?: Partial<Caps> | undefined;
  /** Bytes under way in one direction of an exchange at which write() answers false. 65,535 by default. */
  readonly window?: number | undefined;
  /** Bytes of a request that a server still reads after its reply, before it stops the client. 262,144 by default. */
  readonly drainBytes?: number | undefined;
  /** The milliseconds after which it stops the client in any case. 1,000 by default. */
  readonly drainMs?: number | undefined;
  /** Exchanges that run at once, until their handlers have ended. No bound by default. */
  readonly maxConcurrent?: number | undefined;
}

/** A connector whose carriage can be broken by hand, for tests of what then happens. */
export interface MemoryConnector extends Connector {
  /** Breaks every exchange that runs, as a connection that is lost. Exchanges opened later are not affected. */
  cut(): void;
  /** As GOAWAY: exchanges that the server has not seen yet fail, never processed; those that run go on. */
  goaway(): void;
}

/**
 * Joins clients to a server's entry inside one process: both directions at once, with flow control, trailers and resets,
 * bytes copied as a network would. `accept` null: nobody listens, and every exchange fails to connect. The host's clock
 * times close() and the drain after an early reply, and its root is where events are delivered.
 */
export function memoryConnector(
  accept: Accept | null,
  host: Pick<Host, "now" | "timer" | "root">,
  options: MemoryOptions = {},
): MemoryConnector {
  const caps: Caps = {
    http: "2",
    trailers: true,
    request: "full",
    resets: true,
    duplicates: true,
    ...options.caps,
  };
  const terms: Terms = {
    caps,
    maxConcurrent: options.maxConcurrent ?? Infinity,
    window: options.window ?? 65_535,
    scratch: new Uint8Array(scratchSize),
    root: (run) => host.root(run),
  };
  const drainMs = options.drainMs ?? 1_000;
  const drain: Drain = {
    bytes: options.drainBytes ?? 262_144,
    timer: (run) => host.timer(host.now() + drainMs, run),
  };
  const shutdown = new Shutdown<MemoryExchange>(host, "the server in this process");

  return {
    caps,
    open(head, body, _hints, sink): Exchange {
      const up = new Pipe(terms.window);
      const down = new Pipe(terms.window);
      const client: MemoryClient = new MemoryClient(terms, up, down, sink, () => shutdown.left(exchange));
      const server = new MemoryServer(terms, down, up, head, accept ?? (() => null), drain, client);
      client.join(server);
      const exchange = new MemoryExchange(client, server);
      if (!shutdown.admits(exchange)) return client;
      if (accept === null) client.fail(unreachable);
      else {
        if (body !== undefined && body !== null) client.write(body);
        if (body !== undefined) client.end(null);
        client.schedule();
      }
      return client;
    },
    close: (graceMs) => shutdown.begin(graceMs),
    cut(): void {
      for (const { client, server } of shutdown.running) {
        client.fail(lost(client));
        server.fail({ ...lost(client), kind: "lost" });
      }
    },
    goaway(): void {
      for (const { client, server } of shutdown.running)
        if (server.untouched) {
          client.fail(gone);
          server.fail(gone);
        }
    },
  };
}

/** Both ends of an exchange. */
class MemoryExchange implements Stoppable {
  previous: Linked | null = null;
  next: Linked | null = null;
  readonly client: MemoryClient;
  readonly server: MemoryServer;

  constructor(client: MemoryClient, server: MemoryServer) {
    this.client = client;
    this.server = server;
  }

  fail(fault: Fault): void {
    this.client.fail(this.client.unsent ? { ...fault, processed: "never" } : fault);
    this.server.fail(cancelled);
  }
}

const unreachable: Fault = {
  by: "transport",
  kind: "connect",
  h2: -1,
  processed: "never",
  text: "nobody listens",
};
const gone: Fault = {
  by: "peer",
  kind: "goaway",
  h2: ErrorCode.NO_ERROR,
  processed: "never",
  text: "the server takes no new exchanges",
};
const cancelled: Fault = {
  by: "peer",
  kind: "reset",
  h2: ErrorCode.CANCEL,
  processed: "maybe",
  text: "the client's connector was closed",
};

function lost(client: MemoryClient): Fault {
  return {
    by: "transport",
    kind: client.headSeen ? "truncated" : "lost",
    h2: -1,
    processed: client.unsent ? "never" : "maybe",
    text: "the connection was lost",
  };
}
