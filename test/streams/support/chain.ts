import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { createClient, createTransport, implementPartial, serve } from "@millrace/node";
import type { Protocol, Server, Transport } from "@millrace/node";
import { GreetService } from "../../../gen/greet/v1/greet_millrace.ts";
import type { GreetServiceClient, GreetServiceHandlers } from "../../../gen/greet/v1/greet_millrace.ts";
import { Ends } from "../../life/support/life.ts";
import { Fuse } from "../../soak/vanishing/fuse.ts";

/** One half of the way: from a client to a relay, or from the relay to its upstream. */
export interface Leg {
  readonly protocol: Protocol;
  readonly httpVersion: "1.1" | "2";
}

export const legs: readonly Leg[] = [
  { protocol: "connect", httpVersion: "1.1" },
  { protocol: "connect", httpVersion: "2" },
  { protocol: "grpc", httpVersion: "2" },
  { protocol: "grpc-web", httpVersion: "1.1" },
  { protocol: "grpc-web", httpVersion: "2" },
];

/** A way with a client at its end, which can be lost. */
interface Way {
  readonly client: GreetServiceClient;
  readonly transport: Transport;
  readonly fuse: Fuse;
}

/** A client, a relay and its upstream. Disposal ends all of it. */
export class Chain implements AsyncDisposable {
  /** How calls ended for the client, on the relay's two sides, and for the upstream. */
  readonly ends = { client: new Ends(), front: new Ends(), back: new Ends(), upstream: new Ends() };
  /** What the relay's onError heard. */
  readonly errors: unknown[] = [];
  readonly #legs: { readonly front: Leg; readonly back: Leg };
  readonly #servers: Server[] = [];
  readonly #ways: Way[] = [];
  readonly #silent = createServer();
  #front: Way | undefined;
  #back: Way | undefined;

  private constructor(front: Leg, back: Leg) {
    this.#legs = { front, back };
  }

  static async of(front: Leg, back: Leg, handlers: Partial<GreetServiceHandlers>): Promise<Chain> {
    const chain = new Chain(front, back);
    const { upstream, front: relay } = chain.ends;
    const local = { host: "127.0.0.1", port: 0 };
    chain.#servers.push(
      await serve({
        ...local,
        services: [implementPartial(GreetService, handlers)],
        observers: [upstream.observer],
      }),
      await serve({
        ...local,
        services: [
          implementPartial(GreetService, {
            greet: (request) => chain.back.client.greet(request),
            watch: (request) => chain.back.client.watch(request),
            collect: (requests) => chain.back.client.collect(requests),
            chat: (requests) => chain.back.client.chat(requests),
          }),
        ],
        observers: [relay.observer],
        onError: (error) => void chain.errors.push(error),
      }),
    );
    await chain.renew();
    return chain;
  }

  get front(): Way {
    return this.#front!;
  }

  get back(): Way {
    return this.#back!;
  }

  /** New connections, on both halves of the way. */
  async renew(): Promise<void> {
    const [upstream, relay] = this.#servers;
    this.#back = await this.#way(this.#legs.back, portOf(upstream!), this.ends.back);
    this.#front = await this.#way(this.#legs.front, portOf(relay!), this.ends.client);
  }

  /** The relay's upstream is now one that takes connections and says nothing. Gives when it has taken one. */
  async silence(): Promise<{ readonly taken: Promise<unknown> }> {
    const taken = once(this.#silent, "connection");
    await once(this.#silent.listen(0, "127.0.0.1"), "listening");
    const { port } = this.#silent.address() as AddressInfo;
    this.#back = await this.#way(this.#legs.back, port, this.ends.back);
    return { taken };
  }

  /** Waits until all four have heard of the ends of `calls` calls. */
  async over(calls: number): Promise<void> {
    await Promise.all(Object.values(this.ends).map((ends) => ends.reach(calls)));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { transport, fuse } of this.#ways) {
      await transport.close();
      await fuse.close();
    }
    for (const server of this.#servers) await server.close({ graceMs: 0 });
    this.#silent.close();
  }

  async #way(leg: Leg, port: number, ends: Ends): Promise<Way> {
    const fuse = await Fuse.to(port);
    const baseUrl = `http://127.0.0.1:${fuse.port}`;
    const transport = createTransport({ ...leg, baseUrl, observers: [ends.observer] });
    const way = { client: createClient(GreetService, transport), transport, fuse };
    this.#ways.push(way);
    return way;
  }
}

function portOf(server: Server): number {
  return Number(new URL(server.url).port);
}
