/// <reference lib="esnext.disposable" preserve="true" />
import { once } from "node:events";
import {
  type AddressInfo,
  connect as connectTcp,
  createServer,
  isIP,
  type Server,
  type Socket,
} from "node:net";
import type { Duplex as NodeDuplex } from "node:stream";
import {
  type ConnectionOptions,
  connect as connectTls,
  createServer as createTlsServer,
  type TlsOptions,
  TLSSocket,
} from "node:tls";
import type { Accept, Peer } from "@millrace/exchange";
import { ClientConnection, ServerConnection } from "./connections.ts";
import type { Duplex, DuplexSink } from "./duplex.ts";
import type { IndexingPolicy } from "./hpack/indexing-policy.ts";
import type { KeepaliveOptions } from "./keepalive.ts";
import type { LimitOptions, Limits } from "./limits.ts";
import { checkConnect, checkListen } from "./node-options.ts";
import { nodeRuntime } from "./node-runtime.ts";
import { Offenders } from "./offenders.ts";
import { checkGrace } from "./option-checks.ts";
import { longestMs } from "./runtime.ts";
import { guarded } from "./guarded-accept.ts";
import { connectFailure, leftInHandshake, noAgreement, tlsProblem } from "./tls-problem.ts";
import { WindowBudget } from "./window-budget.ts";

export { nodeRuntime };

/** A socket of Node's, TLS or not, or any other of its duplex streams. */
export class SocketDuplex implements Duplex {
  readonly #socket: NodeDuplex;
  #cause: unknown;

  constructor(socket: NodeDuplex) {
    this.#socket = socket;
  }

  start(sink: DuplexSink): void {
    const socket = this.#socket;
    socket.on("error", (error) => (this.#cause ??= error));
    if (socket.destroyed) {
      setImmediate(() => sink.closed(this.#cause ?? socket.errored ?? undefined));
      return;
    }
    socket.on("drain", () => sink.writable());
    socket.on("end", () => sink.end());
    socket.on("close", () => sink.closed(this.#cause));
    socket.on("data", (chunk: Uint8Array) => sink.data(chunk, 0, chunk.length));
  }

  write(parts: readonly Uint8Array[]): boolean {
    const socket = this.#socket;
    if (socket.destroyed || socket.writableEnded) return true;
    if (parts.length === 1) return socket.write(parts[0]);
    socket.cork();
    let hasRoom = true;
    for (const part of parts) hasRoom = socket.write(part);
    socket.uncork();
    return hasRoom;
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  end(): void {
    if (!this.#socket.destroyed) this.#socket.end();
  }

  destroy(): void {
    this.#socket.destroy();
  }
}

/**
 * What the HTTP/2 connections of a process may grant together beyond the windows that streams have at first, in bytes: those of
 * listen() and connect(), and of @millrace/node. 128 MiB.
 */
export const windowBudget: WindowBudget = new WindowBudget(128 * 1024 * 1024);
/** RFC 9113 section 3.2: HTTP/2 over TLS, by ALPN. */
const alpn = "h2";
/** When TCP asks a silent connection whether it is alive, in milliseconds. */
const tcp = { noDelay: true, keepAlive: true, keepAliveInitialDelay: 60_000 };

/** What listen() takes. */
export interface ListenOptions {
  /**
   * Called with the head of each request; gives the sink for the rest. Null: 404. If it throws, or gives something else, the
   * answer is 500, and `onProblem` is told why.
   */
  readonly accept: Accept;
  /** 0, or absent: one that is free, which `port` of the server then names. */
  readonly port?: number | undefined;
  /** An address or a name of this machine. Absent: all its addresses. */
  readonly host?: string | undefined;
  /**
   * As in node:tls; ALPN offers `h2` alone, and a handshake may take `limits.handshakeTimeoutMs`. Absent: cleartext, with prior
   * knowledge (RFC 9113 section 3.3).
   */
  readonly tls?: TlsOptions | undefined;
  /** Other bounds than the defaults. */
  readonly limits?: LimitOptions | undefined;
  /** Absent: a client that says nothing is not asked whether it lives. */
  readonly keepalive?: KeepaliveOptions | undefined;
  /** Which fields HPACK keeps out of its table. Absent: `defaultIndexingPolicy`. */
  readonly indexing?: IndexingPolicy | undefined;
  /** For logs: in one line, what a client did wrong that ended its connection, or its TLS handshake. Absent: nobody hears of it. */
  readonly onProblem?: ((text: string, peer: Peer) => void) | undefined;
}

/** A server that listens. */
export interface Listening extends AsyncDisposable {
  readonly port: number;
  /**
   * Takes no new connections and no new requests, so that none is lost (RFC 9113 section 6.8); gives those that run `graceMs`
   * milliseconds (10,000 if absent), and then cuts them. Resolves when all connections are closed; until then it keeps the
   * process alive. Rejects with a TypeError for what is no such number.
   */
  close(graceMs?: number): Promise<void>;
}

/**
 * Serves HTTP/2 over TCP or TLS. Rejects with node's error if it cannot listen there, and with a TypeError for an option that
 * cannot be.
 */
export async function listen(options: ListenOptions): Promise<Listening> {
  const server = new OpenServer(options);
  await server.open();
  return server;
}

class OpenServer implements Listening {
  readonly #options: ListenOptions;
  readonly #limits: Limits;
  readonly #listener: Server;
  readonly #offenders = new Offenders(nodeRuntime);
  /** Also those whose TLS handshake is not over. */
  readonly #sockets = new Set<Socket>();
  /** Who is in a TLS handshake, by address: that socket's own is lost with it, and node tells of it later. */
  readonly #handshakes = new Map<string, Peer>();
  readonly #connections = new Set<ServerConnection>();
  readonly #closed = Promise.withResolvers<void>();
  #port = 0;
  #isClosing = false;

  constructor(options: ListenOptions) {
    this.#options = options;
    this.#limits = checkListen(options);
    const { tls } = options;
    if (tls === undefined) this.#listener = createServer(tcp, (socket) => this.#serve(socket));
    else {
      const { handshakeTimeoutMs: handshakeTimeout } = this.#limits;
      const secure = { handshakeTimeout, ...tls, ...tcp, ALPNProtocols: [alpn] };
      this.#listener = usable(() => createTlsServer(secure, (socket) => this.#secured(socket)));
      this.#listener.on("tlsClientError", (error, socket) => this.#failed(error, socket));
    }
    this.#listener.on("connection", (socket: Socket) => {
      this.#sockets.add(socket);
      const peer = peerOf(socket);
      if (tls !== undefined) this.#handshakes.set(peer.address, peer);
      // Without a listener an error ends the process; what it means, exchanges are told.
      socket.on("error", () => {}).on("close", () => this.#gone(socket, peer));
    });
  }

  async open(): Promise<void> {
    const { port = 0, host } = this.#options;
    this.#listener.listen({ port, host });
    await once(this.#listener, "listening");
    this.#port = (this.#listener.address() as AddressInfo).port;
    // What the system says later, of single connections, must not end the process.
    this.#listener.on("error", () => {}).once("close", () => this.#closed.resolve());
  }

  get port(): number {
    return this.#port;
  }

  async close(graceMs = 10_000): Promise<void> {
    checkGrace(graceMs);
    this.#isClosing = true;
    this.#listener.close();
    for (const connection of this.#connections) connection.drain();
    this.#cutIfThrough();
    const cancel = nodeRuntime.timer(graceMs, () => this.#cut());
    // Neither that timer nor a socket that is not read keeps the process alive, which would end in the middle of this.
    const hold = setInterval(() => {}, longestMs);
    await this.#closed.promise;
    clearInterval(hold);
    cancel();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #secured(socket: TLSSocket): void {
    this.#handshakes.delete(peerOf(socket).address);
    if (socket.alpnProtocol === alpn) this.#serve(socket);
    else this.#refuse(socket, "TLS: the client does not ask for h2 by ALPN");
  }

  #serve(socket: Socket): void {
    const { keepalive, indexing, onProblem } = this.#options;
    const peer = peerOf(socket);
    const accept = guarded(this.#options.accept, (text) => onProblem?.(text, peer));
    const connection = new ServerConnection(
      new SocketDuplex(socket),
      nodeRuntime,
      this.#limits,
      windowBudget,
      {
        accept,
        keepalive,
        indexing,
        peer,
        reputation: this.#offenders.reputationOf(socket.remoteAddress),
        closed: (problem) => {
          this.#connections.delete(connection);
          if (problem !== undefined) onProblem?.(problem, peer);
          this.#cutIfThrough();
        },
      },
    );
    this.#connections.add(connection);
  }

  /** A handshake went wrong. Of a client that has left already #gone() tells. */
  #failed(error: Error, socket: TLSSocket): void {
    if (this.#handshakes.delete(peerOf(socket).address)) this.#refuse(socket, tlsProblem(error));
  }

  #gone(socket: Socket, peer: Peer): void {
    this.#sockets.delete(socket);
    if (this.#handshakes.delete(peer.address) && !this.#isClosing)
      this.#options.onProblem?.(leftInHandshake, peer);
  }

  #refuse(socket: Socket, text: string): void {
    this.#options.onProblem?.(text, peerOf(socket));
    socket.destroy();
  }

  /** Who is still in a handshake has nothing to lose. */
  #cutIfThrough(): void {
    if (this.#isClosing && this.#connections.size === 0) this.#cut();
  }

  #cut(): void {
    for (const connection of this.#connections) connection.abort();
    if (this.#connections.size === 0) for (const socket of this.#sockets) socket.destroy();
  }
}

/** What connect() takes. */
export interface ConnectOptions {
  /** For `https:`, as in node:tls; ALPN offers `h2` alone. */
  readonly tls?: ConnectionOptions | undefined;
  /** Until TCP and TLS stand, in milliseconds; what the server may take after that is in `limits`. 10,000. */
  readonly timeoutMs?: number | undefined;
  /** Other bounds than the defaults. */
  readonly limits?: LimitOptions | undefined;
  /** Absent: a server that says nothing is not asked whether it lives. */
  readonly keepalive?: KeepaliveOptions | undefined;
  /** Which fields HPACK keeps out of its table. Absent: `defaultIndexingPolicy`. */
  readonly indexing?: IndexingPolicy | undefined;
}

/** A connection to a server. `await using` closes it, and gives what runs no time. */
export interface Connected
  extends
    AsyncDisposable,
    Pick<
      ClientConnection,
      "abort" | "caps" | "close" | "goawaySaid" | "name" | "open" | "peer" | "retire" | "room"
    > {}

/**
 * Connects to the origin of a URL, `http:` with prior knowledge (RFC 9113 section 3.3) or `https:`. The connection's `name` is
 * the `authority` of requests to it. It keeps the process alive until it is closed.
 *
 * Rejects with node's error if there is no connection, with an Error if the server does not agree on h2 by ALPN, or takes
 * longer than `timeoutMs`, and with a TypeError for another URL, or an option that cannot be.
 */
export async function connect(url: string | URL, options: ConnectOptions = {}): Promise<Connected> {
  const limits = checkConnect(options);
  const parsed = URL.parse(String(url));
  if (parsed === null || (parsed.protocol !== "http:" && parsed.protocol !== "https:"))
    throw new TypeError(
      `cannot connect to ${String(url)}: it must be a URL that begins with http: or https:`,
    );
  const { protocol, hostname, host, port } = parsed;
  const { tls, timeoutMs = 10_000, keepalive, indexing } = options;
  const isSecure = protocol === "https:";
  const address = hostname.replace(/^\[|\]$/g, "");
  const to = { host: address, port: port === "" ? (isSecure ? 443 : 80) : Number(port), ...tcp };
  // An address is no name that SNI could carry (RFC 6066 section 3).
  const name = isIP(address) === 0 ? { servername: address } : {};
  const secure = { ...name, ...tls, ...to, ALPNProtocols: [alpn] };
  const socket = isSecure ? usable(() => connectTls(secure)) : connectTcp(to);
  const cancel = nodeRuntime.timer(timeoutMs, () =>
    socket.destroy(new Error(`cannot connect to ${host} within ${timeoutMs} ms`)),
  );
  try {
    await once(socket, isSecure ? "secureConnect" : "connect");
  } catch (error) {
    throw connectFailure(host, error as Error);
  } finally {
    cancel();
  }
  if (socket instanceof TLSSocket && socket.alpnProtocol !== alpn) {
    socket.destroy();
    throw noAgreement(host);
  }
  return new ClientConnection(new SocketDuplex(socket), nodeRuntime, limits, windowBudget, {
    keepalive,
    indexing,
    peer: peerOf(socket),
    name: host,
  });
}

/** What is made with options of TLS, of which OpenSSL may refuse a key or a certificate. */
function usable<T>(make: () => T): T {
  try {
    return make();
  } catch (cause) {
    const { message, reason = message } = cause as Error & { readonly reason?: string };
    throw new TypeError(`tls cannot be used: ${reason}`, { cause });
  }
}

/** Who is at the other end. A socket loses its addresses when it is destroyed: ask early. */
function peerOf(socket: Socket): Peer {
  const { remoteAddress = "unknown", remotePort = 0 } = socket;
  // An IPv4 address that a dual-stack socket maps into IPv6.
  const address = remoteAddress.replace(/^::ffff:(?=[\d.]+$)/, "");
  const secure = socket instanceof TLSSocket ? socket : undefined;
  return {
    address: `${isIP(address) === 6 ? `[${address}]` : address}:${remotePort}`,
    tls: secure !== undefined,
    certificate: () => (secure?.authorized === true ? (secure.getPeerX509Certificate()?.raw ?? null) : null),
  };
}
