import { once } from "node:events";
import { createServer as createHttp1 } from "node:http";
import { createServer as createHttp2 } from "node:http2";
import type { AddressInfo, Server as NetServer } from "node:net";
import { createInMemoryTransport, createNodeHandler, createTransport, serve } from "@millrace/node";
import type { App, CommonTransportOptions, Protocol, Transport } from "@millrace/node";
import type { Connector } from "@millrace/exchange";
import { connect, createFetchHandler, createTransport as createFetchTransport, grpcWeb } from "@millrace/web";
import type { Fetch, TransportOptions as FetchTransportOptions } from "@millrace/web";
import { fetchListener } from "../../support/fetch-listener.ts";
import { TcpRelay } from "./tcp-relay.ts";

/** A server that can be reached. */
export interface Site {
  transport(options: CommonTransportOptions): Transport;
  /** Connections made so far; 0 in memory. */
  connections(): number;
  /** Loses every connection. */
  cut(): void;
  close(): Promise<void>;
}

/** A way to carry calls. */
export interface Carriage {
  readonly name: string;
  /** What the client's side speaks. */
  readonly http: "1.1" | "2" | "fetch";
  /** The package that the client comes from, and the server. */
  readonly client: "node" | "web";
  readonly server: "node" | "web";
  /** Whether bytes go over sockets of the kernel, which hold some too. */
  readonly sockets: boolean;
  open(app: App): Promise<Site>;
}

type Http = Carriage["http"];

async function overSockets(port: number, http: Http, close: () => Promise<void>): Promise<Site> {
  const relay = await TcpRelay.to(port);
  const baseUrl = `http://127.0.0.1:${relay.port}`;
  return {
    transport: (options) =>
      http === "fetch"
        ? overFetch(options, { baseUrl })
        : createTransport({ ...options, baseUrl, httpVersion: http }),
    connections: () => relay.accepted,
    cut: () => relay.cut(),
    async close() {
      await relay.close();
      await close();
    },
  };
}

function overFetch(
  { protocol, ...options }: CommonTransportOptions,
  to: Pick<FetchTransportOptions, "baseUrl" | "fetch">,
): Transport {
  return createFetchTransport({ ...options, ...to, protocol: protocol === "grpc-web" ? grpcWeb : connect });
}

async function served(app: App, http: Http): Promise<Site> {
  const server = await serve({ ...app, port: 0, host: "127.0.0.1" });
  return overSockets(Number(new URL(server.url).port), http, () => server.close({ graceMs: 0 }));
}

async function mounted(server: NetServer, http: Http): Promise<Site> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return overSockets((server.address() as AddressInfo).port, http, async () => void server.close());
}

/** A handler that answers a transport without a network between them, and yet can be lost. */
async function inProcess(app: App): Promise<Site> {
  const handler = createFetchHandler(app);
  let line = new AbortController();
  const fetch: Fetch = async (url, init) => {
    const { signal } = line;
    const lost = new Promise<never>((_, reject) =>
      signal.addEventListener("abort", () => reject(signal.reason)),
    );
    lost.catch(() => {});
    const request = new Request(url, { ...init, signal: AbortSignal.any([signal, init.signal!]) });
    const response = await Promise.race([handler(request), lost]);
    const body =
      response.body?.pipeThrough(new TransformStream<Uint8Array, Uint8Array>(), { signal }) ?? null;
    return new Response(body, response);
  };
  return {
    transport: (options) => overFetch(options, { baseUrl: "http://in.process", fetch }),
    connections: () => 0,
    cut() {
      line.abort(new TypeError("the network is gone"));
      line = new AbortController();
    },
    close: async () => {},
  };
}

const carriages: readonly Carriage[] = [
  {
    name: "in memory",
    http: "2",
    client: "node",
    server: "node",
    sockets: false,
    async open(app) {
      const transports: Transport[] = [];
      const close = (): void => transports.splice(0).forEach((transport) => void transport.close());
      return {
        transport(options) {
          const transport = createInMemoryTransport(app, options);
          transports.push(transport);
          return transport;
        },
        connections: () => 0,
        cut: () => {
          for (const transport of transports) (connectorOf(transport) as Connector & { cut(): void }).cut();
        },
        close: async () => close(),
      };
    },
  },
  {
    name: "HTTP/1.1",
    http: "1.1",
    client: "node",
    server: "node",
    sockets: true,
    open: (app) => served(app, "1.1"),
  },
  {
    name: "HTTP/2",
    http: "2",
    client: "node",
    server: "node",
    sockets: true,
    open: (app) => served(app, "2"),
  },
  {
    name: "mounted, HTTP/1.1",
    http: "1.1",
    client: "node",
    server: "node",
    sockets: true,
    open: (app) => mounted(createHttp1(createNodeHandler(app)), "1.1"),
  },
  {
    name: "mounted, HTTP/2",
    http: "2",
    client: "node",
    server: "node",
    sockets: true,
    open: (app) => mounted(createHttp2(createNodeHandler(app)), "2"),
  },
  {
    name: "fetch",
    http: "fetch",
    client: "web",
    server: "node",
    sockets: true,
    open: (app) => served(app, "fetch"),
  },
  {
    name: "fetch handler, HTTP/1.1",
    http: "1.1",
    client: "node",
    server: "web",
    sockets: true,
    open: (app) => mounted(createHttp1(fetchListener(createFetchHandler(app))), "1.1"),
  },
  {
    name: "fetch handler, HTTP/2",
    http: "2",
    client: "node",
    server: "web",
    sockets: true,
    open: (app) => mounted(createHttp2(fetchListener(createFetchHandler(app))), "2"),
  },
  {
    name: "fetch to a handler",
    http: "fetch",
    client: "web",
    server: "web",
    sockets: false,
    open: inProcess,
  },
];

/** Every carriage with every protocol that it carries. */
export const lanes: readonly (readonly [string, Lane])[] = carriages.flatMap((carriage) =>
  (["connect", "grpc", "grpc-web"] as const)
    .filter((protocol) => protocol !== "grpc" || (carriage.http === "2" && carriage.server === "node"))
    .map((protocol) => [`${carriage.name}, ${protocol}`, laneOf(carriage, protocol)] as const),
);

export interface Lane {
  readonly carriage: Carriage;
  readonly protocol: Protocol;
  /** Whether both directions flow at once. */
  readonly bidi: boolean;
  /** What both sides have. */
  readonly compressions: readonly string[];
  /** Whether a call knows that it is made inside a handler, on either side. */
  readonly contexts: boolean;
  /** Whether the server knows what has arrived; else what it has handed to its runtime counts as delivered. */
  readonly knowsDelivery: boolean;
}

function laneOf(carriage: Carriage, protocol: Protocol): Lane {
  const node = carriage.client === "node" && carriage.server === "node";
  return {
    carriage,
    protocol,
    bidi: carriage.http === "2",
    compressions: node ? ["gzip", "br", "zstd", "deflate"] : ["gzip", "deflate"],
    contexts: node,
    knowsDelivery: carriage.server === "node",
  };
}

/** What carries a transport's calls: for requests by hand. */
export function connectorOf(transport: Transport): Connector {
  return (transport["~transport"] as { readonly core: { readonly connector: Connector } }).core.connector;
}
