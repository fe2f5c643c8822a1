import { once } from "node:events";
import { type AddressInfo, connect, createServer } from "node:net";
import type { ClientSink, Connector, Exchange, Hints, RequestHead } from "@millrace/exchange";
import { contractFor, type Declaration, type Make, poisonAccept } from "@millrace/exchange/contract";
import { describe, it } from "vitest";
import { ClientConnection } from "../src/client-connection.ts";
import type { Duplex } from "../src/duplex.ts";
import { limitsFrom } from "../src/limits.ts";
import { nodeRuntime, SocketDuplex } from "../src/node.ts";
import type { Runtime } from "../src/runtime.ts";
import { ServerConnection } from "../src/server-connection.ts";
import { StreamDuplex, webRuntime } from "../src/web.ts";
import { WindowBudget } from "../src/window-budget.ts";
import { peer } from "./support/engine-script.ts";
import { memoryPair } from "./support/memory-pair.ts";

const declared: Declaration = {
  caps: { http: "2", trailers: true, request: "full", resets: true, duplicates: true },
  lacks: ["nowhere"],
};
const limits = limitsFrom();
const budget = new WindowBudget(64 * 1024 * 1024);

/** Opens on one connection, and on another in its place once that takes no more. */
class Successive implements Connector {
  readonly caps = declared.caps;
  readonly #dial: () => Duplex;
  readonly #runtime: Runtime;
  readonly #all: ClientConnection[] = [];
  readonly duplexes: Duplex[] = [];
  #isRetired = true;
  #isClosed = false;

  constructor(dial: () => Duplex, runtime: Runtime) {
    this.#dial = dial;
    this.#runtime = runtime;
  }

  open(head: RequestHead, body: Uint8Array | null | undefined, hints: Hints, sink: ClientSink): Exchange {
    if (this.#isRetired && !this.#isClosed) {
      this.#isRetired = false;
      const duplex = this.#dial();
      this.duplexes.push(duplex);
      const retired = (): void => void (this.#isRetired = true);
      this.#all.push(
        new ClientConnection(duplex, this.#runtime, limits, budget, { peer, name: "memory", retired }),
      );
    }
    return this.#all.at(-1)!.open(head, body, hints, sink);
  }

  async close(graceMs: number): Promise<void> {
    this.#isClosed = true;
    await Promise.all(this.#all.map((connection) => connection.close(graceMs)));
  }
}

/** `start` gives what dials; each far end is served. */
function pairOver(
  start: (serve: (far: Duplex) => void) => Promise<{ dial(): Duplex; close?(): void }>,
  runtime: Runtime = nodeRuntime,
): Make {
  return async (accept) => {
    const servers: ServerConnection[] = [];
    const options = { accept: poisonAccept(accept), peer, closed: () => {} };
    const { dial, close } = await start((far) =>
      servers.push(new ServerConnection(far, runtime, limits, budget, options)),
    );
    const connector = new Successive(dial, runtime);
    return {
      connector,
      cut: () => connector.duplexes.forEach((duplex) => duplex.destroy()),
      goaway: () => servers.forEach((server) => server.drain()),
      close: async () => {
        await connector.close(0);
        servers.forEach((server) => server.abort());
        close?.();
      },
    };
  };
}

const inMemory = pairOver(async (serve) => ({
  dial: () => {
    const [near, far] = memoryPair((run) => void setImmediate(run));
    serve(far);
    return near;
  },
}));

const overSockets = pairOver(async (serve) => {
  const server = createServer((socket) => serve(new SocketDuplex(socket))).listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return { dial: () => new SocketDuplex(connect(port, "127.0.0.1")), close: () => server.close() };
});

/** Over Web Streams, on what any runtime has. */
const overStreams = pairOver(
  async (serve) => ({
    dial: () => {
      const [there, back] = [new TransformStream<Uint8Array>(), new TransformStream<Uint8Array>()];
      serve(new StreamDuplex({ readable: there.readable, writable: back.writable }));
      return new StreamDuplex({ readable: back.readable, writable: there.writable });
    },
  }),
  webRuntime,
);

describe.each([
  ["in memory", inMemory],
  ["over sockets", overSockets],
  ["over Web Streams", overStreams],
])("two engines, %s", (_, make) => {
  const { cases } = contractFor(declared);
  it.each(cases)("$name", async ({ run }) => run(make, AbortSignal.timeout(5000)));
});
