import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { Socket } from "node:net";
import type { Accept } from "@millrace/exchange";
import { nodeHost } from "../host/node-host.ts";
import { peerOf } from "../socket/peer.ts";
import { answer } from "./answer.ts";
import { Http1Exchange } from "./http1-exchange.ts";
import { withoutUpgrade } from "./http1-upgrade.ts";
import type { ServerLimits } from "./limits.ts";
import type { ConnectionFailure, UpgradeHook } from "./listen-options.ts";
import { Pipeline } from "./pipeline.ts";
import { hostFault } from "./request-head.ts";
import type { Site } from "./site.ts";

/** How long a draining server waits for a request on an idle connection, in milliseconds: a round trip, and who calls often. */
const leaveMs = 250;

/** What Http1Connections is made of. */
export interface Http1Options {
  readonly accept: Accept;
  readonly limits: ServerLimits;
  readonly upgrade: UpgradeHook | undefined;
  readonly report: (failure: ConnectionFailure) => void;
}

/** A server's connections that speak HTTP/1.1: those of a node:http server, which never listens itself. */
export class Http1Connections {
  readonly #options: Http1Options;
  readonly #server: Server;
  readonly #pipelines = new Map<Socket, Pipeline>();
  #isDraining = false;

  constructor(options: Http1Options) {
    this.#options = options;
    this.#server = this.#createServer();
  }

  serve(socket: Socket): void {
    const pipeline = new Pipeline();
    this.#pipelines.set(socket, pipeline);
    socket.on("close", () => {
      pipeline.close();
      this.#pipelines.delete(socket);
    });
    this.#server.emit("connection", socket);
  }

  /** Each is to end when nothing runs on it. */
  drain(): void {
    this.#isDraining = true;
    for (const [socket, pipeline] of this.#pipelines) if (pipeline.idle) leave(socket, pipeline);
  }

  /** Ends what still runs, now. */
  cut(): void {
    this.#isDraining = true;
    for (const pipeline of [...this.#pipelines.values()]) pipeline.running?.cut();
    // It never listened: this only stops the timer that looks for slow requests.
    this.#server.close();
  }

  #createServer(): Server {
    const { limits, upgrade = declined } = this.#options;
    const server = createServer({
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
    server.on("request", (req, res) => this.#accept(req, res, false));
    server.on("checkContinue", (req, res) => this.#accept(req, res, true));
    // Also where all are declined: left to node, what is read behind such a request is lost, and a malformed one hangs.
    server.on("upgrade", (req, socket, head) => this.#upgrade(upgrade, req, socket as Socket, head));
    // node starts to look for slow requests when a server listens; this one is fed by hand.
    server.emit("listening");
    return server;
  }

  #accept(req: IncomingMessage, res: ServerResponse, expectsContinue: boolean): void {
    const { socket } = req;
    const pipeline = this.#pipelines.get(socket);
    // What was read before the hook took the connection.
    if (pipeline === undefined) return;
    const closed = (): void => {
      // It took the connection with it: nobody waits for the answers to those behind.
      if (socket.destroyed) pipeline.close();
      pipeline.leave();
      if (pipeline.idle && this.#isDraining) leave(socket, pipeline);
    };
    const wrong = hostFault(req.httpVersion, req.rawHeaders);
    const site = this.#site(expectsContinue, closed, () => pipeline.close(), wrong !== undefined);
    const exchange = new Http1Exchange(req, res, peerOf(socket, socket), site);
    const begin = (): void => {
      if (wrong !== undefined) answer(exchange, 400, wrong);
      else this.#settle(exchange, pipeline);
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

  #settle(exchange: Http1Exchange, pipeline: Pipeline): void {
    pipeline.running = exchange;
    const sink = this.#options.accept(exchange);
    if (sink === null) answer(exchange, 404, "not found");
    else exchange.start(sink);
  }

  #site(expectsContinue: boolean, closed: () => void, saidClose: () => void, isLast: boolean): Site {
    const { drainBytes, drainMs, probeMs, maxConcurrentStreams } = this.#options.limits;
    const closing = (): boolean => isLast || this.#isDraining;
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
    this.#server.emit("connection", socket);
  }
}

/**
 * Ends a connection on which nothing runs, and whose client has not been told. HTTP/1.1 has no word for it but
 * `connection: close` in a response (RFC 9112 section 9.6), so that a request may be on its way: one that comes in time is
 * served, and its response says so.
 */
function leave(socket: Socket, pipeline: Pipeline): void {
  const timer = setTimeout(() => {
    if (pipeline.idle) socket.destroySoon();
  }, leaveMs);
  socket.once("close", () => clearTimeout(timer));
}

/** The size of a list of fields, as RFC 9113 section 6.5.2 counts it. */
function headerBytes(raw: readonly string[]): number {
  let bytes = raw.length * 16;
  for (const text of raw) bytes += text.length;
  return bytes;
}

function declined(): boolean {
  return false;
}

function noFields(): readonly string[] {
  return [];
}
