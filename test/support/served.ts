// Our server, over every carriage, to be asked by hand.
import { createServer } from "node:http";
import { createServer as createHttp2Server } from "node:http2";
import type { AddressInfo } from "node:net";
import { createNodeHandler, serve } from "@millrace/node";
import type { App, CallEnd, Observer } from "@millrace/node";
import { createFetchHandler } from "@millrace/web";
import type { Answer } from "./answer.ts";
import { askerOf } from "./asker.ts";
import type { Ask, Asking } from "./asker.ts";
import { fetchListener } from "./fetch-listener.ts";
import { Watchable } from "./watchable.ts";

/** How many calls began and how each ended. */
export class CallLog {
  begun = 0;
  readonly ends: CallEnd[] = [];
  readonly #watch = new Watchable();

  readonly observer: Observer = () => {
    this.begun++;
    return {
      end: (end) => {
        this.ends.push(end);
        this.#watch.changed();
      },
    };
  };

  /** Resolves when `count` calls have ended. */
  async ended(count: number): Promise<readonly CallEnd[]> {
    return this.#watch.until(() => (this.ends.length >= count ? this.ends : undefined));
  }
}

/** A server under test. */
export interface Served extends AsyncDisposable {
  readonly http: "1.1" | "2";
  readonly port: number;
  readonly calls: CallLog;
  /** Asks on the one connection that it keeps, or on a new one if the server has closed that. */
  ask(request: Ask): Promise<Answer>;
  /** Begins a request whose body comes in pieces; over HTTP/1.1 on a connection of its own. */
  begin(request: Omit<Ask, "body">): Asking;
}

export interface Carriage {
  readonly name: string;
  readonly http: "1.1" | "2";
  /** Whether it is a function from Request to Response, which does not see all of HTTP. */
  readonly byFetch: boolean;
  readonly compressions: readonly string[];
  stand(app: App): Promise<{ readonly port: number; close(): Promise<void> }>;
}

async function listening(app: App): Promise<{ port: number; close(): Promise<void> }> {
  const server = await serve({ ...app, port: 0, host: "127.0.0.1" });
  // Longer than a test may take: what hangs fails it.
  return { port: Number(new URL(server.url).port), close: () => server.close({ graceMs: 600_000 }) };
}

async function mounted(
  server: ReturnType<typeof createServer | typeof createHttp2Server>,
): Promise<{ port: number; close(): Promise<void> }> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    port: (server.address() as AddressInfo).port,
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
}

const byNode = { byFetch: false, compressions: ["gzip", "br", "zstd", "deflate"] };

export const carriages: readonly Carriage[] = [
  { name: "serve() over HTTP/1.1", http: "1.1", ...byNode, stand: listening },
  { name: "serve() over HTTP/2", http: "2", ...byNode, stand: listening },
  {
    name: "a handler in node:http",
    http: "1.1",
    ...byNode,
    stand: (app) => mounted(createServer(createNodeHandler(app))),
  },
  {
    name: "a handler in node:http2",
    http: "2",
    ...byNode,
    stand: (app) => mounted(createHttp2Server(createNodeHandler(app))),
  },
  {
    name: "a fetch handler",
    http: "1.1",
    byFetch: true,
    compressions: ["gzip", "deflate"],
    stand: (app) => mounted(createServer(fetchListener(createFetchHandler(app)))),
  },
];

/** Serves an App over a carriage. */
export async function served(carriage: Carriage, app: App): Promise<Served> {
  const calls = new CallLog();
  const { port, close } = await carriage.stand({
    onError: () => {},
    ...app,
    observers: [...(app.observers ?? []), calls.observer],
  });
  const asker = askerOf(carriage.http, port);
  return {
    http: carriage.http,
    port,
    calls,
    ask: (request) => asker.ask(request),
    begin: (request) => asker.begin(request),
    async [Symbol.asyncDispose]() {
      asker.leave();
      await close();
    },
  };
}
