import type { IncomingMessage, ServerResponse } from "node:http";
import type { Http2ServerRequest, Http2ServerResponse, ServerHttp2Session } from "node:http2";

import type { Accept, Fault, Fields, Sink } from "@millrace/exchange";

import { nodeHost } from "../../host/node-host.ts";
import { peerOf } from "../../socket/peer.ts";
import { answer } from "../answer.ts";
import { endBehindGoaway } from "./client-goaway.ts";
import { Http1Exchange } from "../http1-exchange.ts";
import { Http2Exchange } from "./http2-exchange.ts";
import { SERVER_LIMITS } from "../limits.ts";
import type { Site } from "../site.ts";

/**
 * A request listener for node:http, node:https and node:http2 servers, and for frameworks in front of them. `next`, where
 * there is one, gets the requests that are not ours; without it they are answered with 404.
 */
export type NodeHandler = (
  request: IncomingMessage | Http2ServerRequest,
  response: ServerResponse | Http2ServerResponse,
  next?: (error?: unknown) => void,
) => void;

/**
 * Serves an entry inside a user's own server. Fields that were set on the response before are kept. It must come before
 * anything that reads request bodies: a request whose body somebody else has read is answered with 500, saying so; the
 * first of them is reported, too.
 */
export function mount(accept: Accept): NodeHandler {
  const mounted = new Mounted(accept);
  return (request, response, next) => {
    if (isHttp2(request)) mountHttp2(mounted, request, response as Http2ServerResponse, next);
    else mountHttp1(mounted, request, response as ServerResponse, next);
  };
}

/** What the requests of one handler have in common. */
class Mounted {
  readonly accept: Accept;
  #bodyTaken: "never seen" | "reported" = "never seen";

  constructor(accept: Accept) {
    this.accept = accept;
  }

  /** Who mounted it in the wrong place learns it once, where they look; clients learn it each time. */
  reportBodyTaken(): void {
    if (this.#bodyTaken === "reported") return;
    this.#bodyTaken = "reported";
    nodeHost.report(BODY_TAKEN.text);
  }
}

function mountHttp1(
  mounted: Mounted,
  request: IncomingMessage,
  response: ServerResponse,
  next: ((error?: unknown) => void) | undefined,
): void {
  const { socket } = request;
  // node puts the fields together itself.
  const site = siteOf(() => [], SERVER_LIMITS.maxConcurrentStreams);
  const exchange = new Http1Exchange(request, response, peerOf(socket, socket), site);
  settle(mounted, exchange, mounted.accept(exchange), request, response, next);
}

function mountHttp2(
  mounted: Mounted,
  request: Http2ServerRequest,
  response: Http2ServerResponse,
  next: ((error?: unknown) => void) | undefined,
): void {
  const stream = request.stream;
  const own = stream.session?.localSettings.maxConcurrentStreams ?? unlimited;
  const site = siteOf(
    (status) => {
      response.statusCode = status;
      return inheritedFields(response);
    },
    own === unlimited ? SERVER_LIMITS.maxConcurrentStreams : own,
  );
  const session = stream.session as ServerHttp2Session | undefined;
  if (session !== undefined) endBehindGoaway(session, SERVER_LIMITS.probeMs);
  const connection = session ?? stream;
  const exchange = new Http2Exchange(stream, request.rawHeaders, peerOf(connection, request.socket), site);
  // The compatibility layer sends its own trailers, which are none, before we can send ours.
  const theirs = stream.listeners("wantTrailers");
  stream.removeAllListeners("wantTrailers");
  const sink = mounted.accept(exchange);
  if (sink === null) for (const listener of theirs) stream.on("wantTrailers", listener as () => void);
  settle(mounted, exchange, sink, request, response, next);
}

function settle(
  mounted: Mounted,
  exchange: Http1Exchange | Http2Exchange,
  sink: Sink | null,
  request: IncomingMessage | Http2ServerRequest,
  response: ServerResponse | Http2ServerResponse,
  next: ((error?: unknown) => void) | undefined,
): void {
  if (sink === null) {
    if (next === undefined) answer(exchange, 404, "not found");
    else next();
  } else if (bodyTaken(request) && !exchange.responded) {
    mounted.reportBodyTaken();
    exchange.forgo(sink, BODY_TAKEN);
    response.statusCode = 500;
    response.setHeader("content-type", "text/plain; charset=utf-8");
    response.end(`${BODY_TAKEN.text}\n`);
  } else exchange.start(sink);
}

const BODY_TAKEN: Fault = {
  by: "local",
  kind: "protocol",
  h2: -1,
  processed: "maybe",
  text: "the request's body was read before it came here: mount the RPC handler before body parsers such as express.json()",
};

/** Whether somebody has read from a request that has a body. */
function bodyTaken(request: IncomingMessage | Http2ServerRequest): boolean {
  if (!request.readableDidRead) return false;
  if (isHttp2(request)) return !request.stream.endAfterHeaders;
  const { "content-length": length = "0", "transfer-encoding": coding } = request.headers;
  return coding !== undefined || Number(length) > 0;
}

function isHttp2(request: IncomingMessage | Http2ServerRequest): request is Http2ServerRequest {
  return request.httpVersionMajor >= 2;
}

/** SETTINGS_MAX_CONCURRENT_STREAMS of a server that has not set it. */
const unlimited = 2 ** 32 - 1;

function siteOf(inherited: (status: number) => Fields, maxConcurrent: number): Site {
  const { drainBytes, drainMs, probeMs } = SERVER_LIMITS;
  return {
    drainBytes,
    drainMs,
    probeMs,
    maxConcurrent,
    expectsContinue: false,
    inherited,
    closing: () => false,
    saidClose: () => {},
    closed: () => {},
  };
}

function inheritedFields(response: Http2ServerResponse): Fields {
  const fields: string[] = [];
  for (const [name, value] of Object.entries(response.getHeaders()))
    for (const one of Array.isArray(value) ? value : [value])
      if (one !== undefined && !name.startsWith(":")) fields.push(name, String(one));
  return fields;
}
