import { once } from "node:events";
import { unlink } from "node:fs/promises";
import { connect, createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { createServer as createTlsServer, type TLSSocket } from "node:tls";

import { checkOptions, shown } from "@millrace/core/host";
import type { Accept } from "@millrace/exchange";

import { longestMs, nodeHost } from "../host/node-host.ts";
import { hostPort } from "../socket/host-port.ts";
import { serverKeepalive } from "../socket/keepalive.ts";
import { addressOf } from "../socket/peer.ts";
import { Connections } from "./connections.ts";
import { serverLimits, type ServerLimits } from "./limits.ts";
import { listenError } from "./listen-error.ts";
import { closeOptions } from "./listen-options.ts";
import type {
  CloseOptions,
  ConnectionFailure,
  ListenAddress,
  Listening,
  ListenOptions,
} from "./listen-options.ts";
import { serverTlsOptions } from "./server-tls.ts";

/** How long a draining server waits for what runs, in milliseconds, unless told. */
const GRACE_MS = 10_000;
/** When TCP asks a silent connection whether it is alive, in milliseconds. */
const TCP_KEEPALIVE_MS = 60_000;

/**
 * Listens, and hands each request to `accept`. Rejects with a ListenError naming the address when one of them cannot be
 * had, and with a TypeError for an option that cannot be; none is open then.
 */
export async function listen(accept: Accept, options: ListenOptions = {}): Promise<Listening> {
  const limits = serverLimits(options.limits);
  const keepalive = serverKeepalive(options.keepalive);
  const report = (failure: ConnectionFailure): void => {
    try {
      options.onConnectionFailure?.(failure);
    } catch (error) {
      nodeHost.report("onConnectionFailure threw", error);
    }
  };
  const connections = new Connections({ accept, limits, keepalive, upgrade: options.upgrade, report });
  const listeners = addressesOf(options).map(
    (address) => [address, createListener(address, connections, limits, report)] as const,
  );
  const servers: Server[] = [];
  const urls: string[] = [];
  try {
    for (const [address, server] of listeners) {
      await open(server, address);
      servers.push(server);
      urls.push(urlOf(server, address));
    }
  } catch (error) {
    connections.cut();
    await Promise.all(servers.map(closeListener));
    throw error;
  }
  return new OpenServer(connections, servers, urls);
}

function addressesOf(options: ListenOptions): readonly ListenAddress[] {
  const { addresses, port, host, path, tls, httpVersion } = options;
  const list = addresses ?? [{ port, host, path, tls, httpVersion }];
  if (addresses !== undefined && (port ?? host ?? path ?? tls ?? httpVersion) !== undefined)
    throw new TypeError("give either `addresses`, or one of port, host, path, tls and httpVersion; not both");
  if (list.length === 0) throw new TypeError("`addresses` is empty: name at least one");
  for (const address of list) {
    if (address.path !== undefined && (address.port ?? address.host) !== undefined)
      throw new TypeError(`a Unix socket has no port or host: ${address.path}`);
    checkPort(address.port ?? 0);
    checkText("host", address.host, 'give a name or an address of this machine, such as "127.0.0.1"');
    checkText("path", address.path, "give the path of a Unix socket");
    if (address.httpVersion !== undefined && address.httpVersion !== "2")
      throw new TypeError(`httpVersion is ${shown(address.httpVersion)}: "2", or absent for both`);
  }
  return list;
}

/** Unknown: environment variables and configuration files give strings. */
function checkPort(port: unknown): void {
  if (typeof port === "string")
    throw new TypeError(`port is the string "${port}": give a number, as Number("8080") makes one`);
  if (!Number.isInteger(port) || Number(port) < 0 || Number(port) > 65_535)
    throw new TypeError(`port ${String(port)} is not a whole number between 0 and 65535`);
}

/** Unknown, too. */
function checkText(name: string, value: unknown, fix: string): void {
  if (value !== undefined && typeof value !== "string")
    throw new TypeError(`${name} is ${shown(value)}: ${fix}`);
}

function createListener(
  address: ListenAddress,
  connections: Connections,
  limits: ServerLimits,
  report: (failure: ConnectionFailure) => void,
): Server {
  const { path, tls, httpVersion } = address;
  const tcp = { noDelay: true, keepAlive: true, keepAliveInitialDelay: TCP_KEEPALIVE_MS };
  if (tls === undefined)
    return createServer(tcp, (socket) => {
      connections.track(socket);
      if (httpVersion === "2") connections.http2(socket, path);
      else connections.clear(socket, path);
    });
  const alpn = httpVersion === "2" ? ["h2"] : ["h2", "http/1.1"];
  const server = createTlsServer({
    ...tcp,
    ...serverTlsOptions(placeOf(address), tls, alpn, limits.handshakeTimeoutMs),
  });
  server.on("connection", (socket: Socket) => connections.track(socket));
  server.on("secureConnection", (socket: TLSSocket) => {
    connections.track(socket);
    if (httpVersion !== "2") connections.secure(socket, path);
    else if (socket.alpnProtocol === "h2") connections.http2(socket, path);
    else {
      report({ address: addressOf(socket, path), text: "TLS: the client does not ask for h2 by ALPN" });
      socket.destroy();
    }
  });
  server.on("tlsClientError", (cause: Error & { readonly reason?: string }, socket: TLSSocket) => {
    // `message` is OpenSSL's, with places in its sources.
    const text = `TLS handshake: ${cause.reason ?? cause.message}`;
    report({ address: addressOf(socket, path), text, cause });
    socket.destroy();
  });
  return server;
}

async function open(server: Server, address: ListenAddress): Promise<void> {
  try {
    await bind(server, address);
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code;
    const { path } = address;
    if (code !== "EADDRINUSE" || path === undefined || !(await isStale(path)))
      throw listenError(placeOf(address), cause);
    await unlink(path);
    await bind(server, address).catch((again: unknown) => {
      throw listenError(placeOf(address), again);
    });
  }
  // What the system says later, of single connections (no file descriptors left), must not end the process.
  server.on("error", () => {});
}

async function bind(server: Server, { port, host, path }: ListenAddress): Promise<void> {
  const listening = once(server, "listening");
  if (path === undefined) server.listen({ port: port ?? 0, host });
  else server.listen({ path });
  await listening;
}

/** Whether a socket file is left of a server that is gone: nobody answers there. */
async function isStale(path: string): Promise<boolean> {
  const socket = connect(path);
  try {
    await once(socket, "connect");
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "ECONNREFUSED";
  } finally {
    socket.destroy();
  }
}

/** An address as options name it, for messages. */
function placeOf({ host, port, path }: ListenAddress): string {
  return path ?? hostPort(host ?? "*", port ?? 0);
}

function urlOf(server: Server, { host, path, tls }: ListenAddress): string {
  if (path !== undefined) return `unix:${path}`;
  const { port } = server.address() as AddressInfo;
  const every = host === undefined || host === "0.0.0.0" || host === "::";
  return `${tls === undefined ? "http" : "https"}://${hostPort(every ? "localhost" : host, port)}`;
}

async function closeListener(server: Server): Promise<void> {
  await new Promise<void>((resolve) => {
    server.close(() => resolve());
  });
}

class OpenServer implements Listening {
  readonly urls: readonly string[];
  readonly #connections: Connections;
  readonly #servers: readonly Server[];
  #closing: Promise<void> | undefined;
  #cut: NodeJS.Timeout | undefined;
  /** When what still runs is cut, on the performance clock. */
  #cutAt = Infinity;

  constructor(connections: Connections, servers: readonly Server[], urls: readonly string[]) {
    this.#connections = connections;
    this.#servers = servers;
    this.urls = urls;
  }

  get url(): string {
    return this.urls[0] as string;
  }

  async close(options: CloseOptions = {}): Promise<void> {
    checkOptions("close()", options, closeOptions);
    const { graceMs = GRACE_MS } = options;
    if (typeof graceMs !== "number" || !(graceMs >= 0))
      throw new TypeError(`graceMs is ${shown(graceMs)}: it must be a number of milliseconds from 0 on`);
    this.#closing ??= this.#drain();
    const at = performance.now() + graceMs;
    if (at < this.#cutAt) {
      this.#cutAt = at;
      clearTimeout(this.#cut);
      if (graceMs === 0) this.#connections.cut();
      else this.#cut = setTimeout(() => this.#connections.cut(), Math.min(graceMs, longestMs));
    }
    await this.#closing;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #drain(): Promise<void> {
    const closed = this.#servers.map(closeListener);
    await this.#connections.drain();
    clearTimeout(this.#cut);
    // No connection is left: this ends what watched them.
    this.#connections.cut();
    await Promise.all(closed);
  }
}
