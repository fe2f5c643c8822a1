import type { Socket } from "node:net";
import type { Accept, ServerExchange, Sink } from "@millrace/exchange";
import {
  defaultLimits,
  type KeepaliveOptions,
  type Limits,
  limitsFrom,
  Offenders,
  ServerConnection,
} from "@millrace/http2";
import { SocketDuplex, windowBudget } from "@millrace/http2/node";
import { engineRuntime } from "../host/engine-runtime.ts";
import { indexingPolicy } from "../host/indexing-policy.ts";
import { peerOf } from "../socket/peer.ts";
import { nobody, plainText } from "./answer.ts";
import type { ServerLimits } from "./limits.ts";
import type { ConnectionFailure } from "./listen-options.ts";

/** What Http2Connections is made of. */
export interface Http2Options {
  readonly accept: Accept;
  readonly limits: ServerLimits;
  readonly keepalive: KeepaliveOptions | undefined;
  readonly report: (failure: ConnectionFailure) => void;
}

/** A server's connections that speak HTTP/2. */
export class Http2Connections {
  readonly #options: Http2Options;
  readonly #limits: Limits;
  readonly #connections = new Set<ServerConnection>();
  readonly #offenders = new Offenders(engineRuntime);
  #isDraining = false;

  constructor(options: Http2Options) {
    this.#options = options;
    this.#limits = http2Limits(options.limits);
  }

  serve(socket: Socket): void {
    const { accept, keepalive, report } = this.#options;
    const peer = peerOf(socket, socket);
    const connection = new ServerConnection(
      new SocketDuplex(socket),
      engineRuntime,
      this.#limits,
      windowBudget,
      {
        keepalive,
        peer,
        reputation: this.#offenders.reputationOf(socket.remoteAddress),
        indexing: indexingPolicy,
        accept: (exchange) => accept(exchange) ?? notFound(exchange),
        closed: (problem, cause) => {
          this.#connections.delete(connection);
          if (problem !== undefined) report({ address: peer.address, text: `HTTP/2: ${problem}`, cause });
        },
      },
    );
    this.#connections.add(connection);
    if (this.#isDraining) connection.drain();
  }

  /** Each is to end when nothing runs on it. */
  drain(): void {
    this.#isDraining = true;
    for (const connection of this.#connections) connection.drain();
  }

  /** Ends what still runs, now. */
  cut(): void {
    this.#isDraining = true;
    for (const connection of [...this.#connections]) connection.abort();
  }
}

/** The bounds of HTTP/2 among a server's. */
function http2Limits(limits: ServerLimits): Limits {
  return limitsFrom({
    maxHeaderBytes: limits.maxHeaderBytes,
    maxHeaderFields: limits.maxHeaderFields,
    maxConcurrentStreams: limits.maxConcurrentStreams,
    streamWindowBytes: limits.streamWindowBytes,
    // Where it is more than windows grow to, it is what they are.
    maxStreamWindowBytes: Math.max(defaultLimits.maxStreamWindowBytes, limits.streamWindowBytes),
    connectionWindowBytes: limits.connectionWindowBytes,
    resetBurst: limits.streamResetBurst,
    resetRate: limits.streamResetRate,
    handshakeTimeoutMs: limits.handshakeTimeoutMs,
    headersTimeoutMs: limits.headersTimeoutMs,
    idleTimeoutMs: limits.idleTimeoutMs,
    drainBytes: limits.drainBytes,
    drainMs: limits.drainMs,
  });
}

/** Nobody serves this path. */
function notFound(exchange: ServerExchange): Sink {
  exchange.reply(404, plainText, Buffer.from("404 not found\n"), null);
  return nobody;
}
