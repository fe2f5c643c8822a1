import {
  createServer as createHttp1Server,
  type IncomingMessage,
  type Server as Http1Server,
  type ServerResponse,
} from "node:http";
import type { Socket } from "node:net";
import type { TLSSocket } from "node:tls";

import type { Accept, Sink, ServerExchange } from "@millrace/exchange";
import {
  type KeepaliveOptions,
  type Limits as Http2Limits,
  limitsFrom,
  ServerConnection,
} from "@millrace/http2";
import { SocketDuplex } from "@millrace/http2/node";

import { indexingPolicy } from "../host/indexing-policy.ts";
import { engineRuntime, windowBudget } from "../host/engine-runtime.ts";
import { nodeHost } from "../host/node-host.ts";
import { peerOf } from "../socket/peer.ts";
import { tellProtocol } from "./first-bytes.ts";
import { Http1Exchange } from "./http1-exchange.ts";
import type { ServerLimits } from "./limits.ts";
import type { ConnectionFailure, UpgradeHook } from "./listen-options.ts";
import { answer, nobody, plainText } from "./answer.ts";
import { Pipeline } from "./pipeline.ts";
import type { Site } from "./site.ts";

/** What Connections is made of. */
export interface ConnectionsOptions {
  readonly accept: Accept;
  readonly limits: ServerLimits;
  readonly keepalive: KeepaliveOptions | undefined;
  readonly upgrade: UpgradeHook | undefined;
  readonly report: (failure: ConnectionFailure) => void;
}

/**
 * All connections of one server, whichever address they came to, from the accepted socket to the exchanges on it. It
 * owns a node:http server which never listens itself.
 */
export class Connections {
  readonly #options: ConnectionsOptions;
  readonly #http1: Http1Server;
  readonly #http2Limits: Http2Limits;
  readonly #exchanges = new Set<Http1Exchange>();
  readonly #http2 = new Set<ServerConnection>();
  /** Every socket, also those of which nothing is known yet. */
  readonly #sockets = new Set<Socket>();
  /** Connections that speak HTTP/1.1. */
  readonly #pipelines = new Map<Socket, Pipeline>();
  /** What drain() waits for: connections that speak HTTP, or have been handed to the upgrade hook. */
  readonly #standing = new Set<object>();
  #state: "serving" | "draining" = "serving";
  #onEmpty: (() => void) | undefined;

  constructor(options: ConnectionsOptions) {
    this.#options = options;
    this.#http1 = this.#createHttp1();
    this.#http2Limits = http2Limits(options.limits);
  }

  /** A socket that was accepted, before anything is known of it. */
  track(socket: Socket): void {
    this.#sockets.add(socket);
    // A socket's error without a listener ends the process. What it means, the exchanges on it say.
    socket.on("error", ignore);
    socket.on("close", () => this.#sockets.delete(socket));
  }

  /** A cleartext connection: its first bytes tell what it speaks. */
  clear(socket: Socket, unixPath: string | undefined): void {
    const { address } = peerOf(socket, socket, unixPath);
    tellProtocol(socket, this.#options.limits.handshakeTimeoutMs, (first) => {
      if (first === "http1") this.#serveHttp1(socket);
      else if (first === "http2") this.#serveHttp2(socket);
      else {
        const text = FIRST_BYTES_FAILURES[first];
        if (text !== undefined) this.#options.report({ address, text });
        socket.destroy();
      }
    });
  }

  /** A TLS connection whose handshake is over: ALPN has told what it speaks. */
  secure(socket: TLSSocket, unixPath: string | undefined): void {
    peerOf(socket, socket, unixPath);
    if (socket.alpnProtocol === "h2") this.#serveHttp2(socket);
    else this.#serveHttp1(socket);
  }

  /** A connection that speaks HTTP/2, whatever comes. */
  http2(socket: Socket, unixPath: string | undefined): void {
    peerOf(socket, socket, unixPath);
    this.#serveHttp2(socket);
  }

  /** Tells every connection that it is to end; each closes when nothing runs on it. Resolves when none stands. */
  async drain(): Promise<void> {
    this.#state = "draining";
    for (const [socket, pipeline] of this.#pipelines) if (pipeline.idle) socket.destroySoon();
    for (const connection of this.#http2) connection.drain();
    await new Promise<void>((resolve) => {
      this.#onEmpty = resolve;
      this.#lookEmpty();
    });
  }

  /** Ends what still runs, now. */
  cut(): void {
    this.#state = "draining";
    for (const exchange of [...this.#exchanges]) exchange.cut();
    for (const connection of [...this.#http2]) connection.abort();
    for (const socket of [...this.#sockets]) socket.destroy();
    // It never listened: this only stops the timer that looks for slow requests.
    this.#http1.close();
  }

  #serveHttp1(socket: Socket): void {
    this.#stand(socket, socket);
    const pipeline = new Pipeline();
    this.#pipelines.set(socket, pipeline);
    socket.on("close", () => {
      pipeline.close();
      this.#pipelines.delete(socket);
    });
    this.#http1.emit("connection", socket);
  }

  #serveHttp2(socket: Socket): void {
    this.#stand(socket, socket);
    const { accept, keepalive, report } = this.#options;
    const peer = peerOf(socket, socket);
    const connection = new ServerConnection(
      new SocketDuplex(socket),
      engineRuntime,
      this.#http2Limits,
      windowBudget,
      {
        keepalive,
        peer,
        indexing: indexingPolicy,
        accept: (exchange) => accept(exchange) ?? notFound(exchange),
        closed: (problem, cause) => {
          this.#http2.delete(connection);
          if (problem !== undefined) report({ address: peer.address, text: `HTTP/2: ${problem}`, cause });
        },
      },
    );
    this.#http2.add(connection);
    if (this.#state === "draining") connection.drain();
  }

  #stand(connection: object, socket: Socket): void {
    this.#standing.add(connection);
    socket.once("close", () => {
      this.#standing.delete(connection);
      this.#lookEmpty();
    });
  }

  #lookEmpty(): void {
    if (this.#state === "draining" && this.#standing.size === 0) this.#onEmpty?.();
  }

  #createHttp1(): Http1Server {
    const { limits, upgrade } = this.#options;
    const server = createHttp1Server({
      maxHeaderSize: limits.maxHeaderBytes,
      headersTimeout: limits.headersTimeoutMs,
      // How often node looks: by itself each 30 seconds, which would be the least bound there is.
      connectionsCheckingInterval: Math.min(limits.headersTimeoutMs, 30_000),
      // A client may stream a request for as long as it likes; its messages are what a deadline bounds.
      requestTimeout: 0,
      keepAliveTimeout: limits.keepAliveTimeoutMs,
      // node would end the connection past the pipeline, which would serve the requests behind.
      requireHostHeader: false,
    });
    server.maxHeadersCount = limits.maxHeaderFields;
    server.on("request", (req, res) => this.#acceptHttp1(req, res, false));
    server.on("checkContinue", (req, res) => this.#acceptHttp1(req, res, true));
    if (upgrade !== undefined)
      server.on("upgrade", (req, socket, head) => this.#upgrade(upgrade, req, socket as Socket, head));
    // node starts to look for slow requests when a server listens; this one is fed by hand.
    server.emit("listening");
    return server;
  }

  #acceptHttp1(req: IncomingMessage, res: ServerResponse, expectsContinue: boolean): void {
    const { socket } = req;
    const pipeline = this.#pipelines.get(socket);
    // What was read before the hook took the connection.
    if (pipeline === undefined) return;
    const closed = (): void => {
      this.#exchanges.delete(exchange);
      pipeline.leave();
      if (pipeline.idle && this.#state === "draining") socket.end();
    };
    const wrong = wrongHost(req);
    const site = this.#site(expectsContinue, closed, () => pipeline.close(), wrong !== undefined);
    const exchange = new Http1Exchange(req, res, peerOf(socket, socket), site);
    const begin = (): void => {
      if (wrong !== undefined) answer(exchange, 400, wrong);
      else this.#settle(exchange);
    };
    if (!socket.destroyed) this.#enter(pipeline, req, begin);
  }

  /** Begins a request in its turn, or ends the connection if too much waits for its own. */
  #enter(pipeline: Pipeline, request: IncomingMessage, begin: () => void): void {
    const bytes = (): number =>
      String(request.url).length + headerBytes(request.rawHeaders) + request.readableLength;
    if (pipeline.enter(begin, bytes)) return;
    const { socket } = request;
    this.#options.report({
      address: peerOf(socket, socket).address,
      text: "HTTP/1.1: more requests were sent ahead than can wait for their answers",
    });
    socket.destroy();
  }

  #settle(exchange: Http1Exchange): void {
    this.#exchanges.add(exchange);
    const sink = this.#options.accept(exchange);
    if (sink === null) answer(exchange, 404, "not found");
    else exchange.start(sink);
  }

  #site(expectsContinue: boolean, closed: () => void, saidClose: () => void = ignore, isLast = false): Site {
    const { drainBytes, drainMs, probeMs, maxConcurrentStreams } = this.#options.limits;
    const closing = (): boolean => isLast || this.#state === "draining";
    const maxConcurrent = maxConcurrentStreams;
    return {
      drainBytes,
      drainMs,
      probeMs,
      maxConcurrent,
      expectsContinue,
      inherited: noFields,
      closing,
      saidClose,
      closed,
    };
  }

  /** Asks the hook when what came before the request has been answered. */
  #upgrade(hook: UpgradeHook, request: IncomingMessage, socket: Socket, head: Buffer): void {
    const pipeline = this.#pipelines.get(socket);
    if (pipeline === undefined || socket.destroyed) return;
    this.#enter(pipeline, request, () => this.#upgradeNow(hook, request, socket, head, pipeline));
  }

  #upgradeNow(
    hook: UpgradeHook,
    request: IncomingMessage,
    socket: Socket,
    head: Buffer,
    pipeline: Pipeline,
  ): void {
    let taken: boolean;
    try {
      taken = hook(request, socket, head);
    } catch (error) {
      nodeHost.report("upgrade threw", error);
      socket.destroy();
      return;
    }
    if (taken) {
      this.#pipelines.delete(socket);
      return;
    }
    pipeline.leave();
    // RFC 9110 section 7.8: an upgrade may be ignored. node has taken the connection out of HTTP already, so the request
    // is put back in front of what followed it, without the asking.
    if (head.length > 0) socket.unshift(head);
    socket.unshift(Buffer.from(withoutUpgrade(request), "latin1"));
    this.#http1.emit("connection", socket);
  }
}

const FIRST_BYTES_FAILURES: { readonly [first: string]: string | undefined } = {
  tls: "a TLS client came to a cleartext port",
  silent: "the connection said nothing, or half of an HTTP/2 preface",
};

/** The size of a list of fields, as RFC 9113 section 6.5.2 counts it. */
function headerBytes(raw: readonly string[]): number {
  let bytes = raw.length * 16;
  for (const text of raw) bytes += text.length;
  return bytes;
}

/** The bounds of HTTP/2 among a server's. */
function http2Limits(limits: ServerLimits): Http2Limits {
  return limitsFrom({
    maxHeaderBytes: limits.maxHeaderBytes,
    maxHeaderFields: limits.maxHeaderFields,
    maxConcurrentStreams: limits.maxConcurrentStreams,
    streamWindowBytes: limits.streamWindowBytes,
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

/** RFC 9112 section 3.2: what is wrong with the host fields of a request. */
function wrongHost({ httpVersion, rawHeaders }: IncomingMessage): string | undefined {
  let hosts = 0;
  for (let i = 0; i < rawHeaders.length; i += 2) if (/^host$/i.test(rawHeaders[i] as string)) hosts++;
  if (hosts === 0 && httpVersion === "1.1") return "the host field is missing";
  return hosts > 1 ? "there is more than one host field" : undefined;
}

/** A request's head, as text, without what asks for an upgrade. */
function withoutUpgrade(request: IncomingMessage): string {
  const lines = [`${request.method} ${request.url} HTTP/${request.httpVersion}`];
  const raw = request.rawHeaders;
  for (let i = 0; i + 1 < raw.length; i += 2) {
    const name = raw[i] as string;
    let value = raw[i + 1] as string;
    if (asksUpgrade(name)) continue;
    if (name.toLowerCase() === "connection") {
      const options = value.split(",").map((option) => option.trim());
      value = options.filter((option) => option !== "" && !asksUpgrade(option)).join(", ");
      if (value === "") continue;
    }
    lines.push(`${name}: ${value}`);
  }
  return `${lines.join("\r\n")}\r\n\r\n`;
}

/** Whether a field, or the option of Connection that names it, is there for an upgrade. */
function asksUpgrade(name: string): boolean {
  return /^(upgrade|http2-settings)$/i.test(name);
}

function noFields(): readonly string[] {
  return [];
}

function ignore(): void {}
