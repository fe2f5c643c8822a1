import { once } from "node:events";
import { createServer as createHttp1 } from "node:http";
import { createServer as createHttp2 } from "node:http2";
import type { AddressInfo, Server as NetServer } from "node:net";
import { createInMemoryTransport, createNodeHandler, createTransport, serve } from "@millrace/node";
import type { App, CommonTransportOptions, Protocol, Transport } from "@millrace/node";
import type { Connector } from "@millrace/exchange";
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
  readonly http: "1.1" | "2";
  /** Whether bytes go over sockets of the kernel, which hold some too. */
  readonly sockets: boolean;
  open(app: App): Promise<Site>;
}

async function overSockets(
  port: number,
  httpVersion: "1.1" | "2",
  close: () => Promise<void>,
): Promise<Site> {
  const relay = await TcpRelay.to(port);
  const baseUrl = `http://127.0.0.1:${relay.port}`;
  return {
    transport: (options) => createTransport({ ...options, baseUrl, httpVersion }),
    connections: () => relay.accepted,
    cut: () => relay.cut(),
    async close() {
      await relay.close();
      await close();
    },
  };
}

async function served(app: App, httpVersion: "1.1" | "2"): Promise<Site> {
  const server = await serve({ ...app, port: 0, host: "127.0.0.1" });
  return overSockets(Number(new URL(server.url).port), httpVersion, () => server.close({ graceMs: 0 }));
}

async function mounted(server: NetServer, httpVersion: "1.1" | "2"): Promise<Site> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return overSockets((server.address() as AddressInfo).port, httpVersion, async () => void server.close());
}

const carriages: readonly Carriage[] = [
  {
    name: "in memory",
    http: "2",
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
  { name: "HTTP/1.1", http: "1.1", sockets: true, open: (app) => served(app, "1.1") },
  { name: "HTTP/2", http: "2", sockets: true, open: (app) => served(app, "2") },
  {
    name: "mounted, HTTP/1.1",
    http: "1.1",
    sockets: true,
    open: (app) => mounted(createHttp1(createNodeHandler(app)), "1.1"),
  },
  {
    name: "mounted, HTTP/2",
    http: "2",
    sockets: true,
    open: (app) => mounted(createHttp2(createNodeHandler(app)), "2"),
  },
];

/** Every carriage with every protocol that it carries. */
export const lanes: readonly (readonly [string, Lane])[] = carriages.flatMap((carriage) =>
  (["connect", "grpc", "grpc-web"] as const)
    .filter((protocol) => protocol !== "grpc" || carriage.http === "2")
    .map(
      (protocol) =>
        [`${carriage.name}, ${protocol}`, { carriage, protocol, bidi: carriage.http === "2" }] as const,
    ),
);

export interface Lane {
  readonly carriage: Carriage;
  readonly protocol: Protocol;
  /** Whether both directions flow at once. */
  readonly bidi: boolean;
}

/** What carries a transport's calls: for requests by hand. */
export function connectorOf(transport: Transport): Connector {
  return (transport["~transport"] as { readonly core: { readonly connector: Connector } }).core.connector;
}
