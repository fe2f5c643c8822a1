import { type ClientRequest, type IncomingMessage, request } from "node:http";
import type { Socket } from "node:net";
import { withOneCookie } from "@millrace/exchange";
import type { ClientSink, Fault, Fields, RequestHead } from "@millrace/exchange";
import { peerOf } from "../socket/peer.ts";
import { ClientExchange } from "./client-exchange.ts";
import { unsentFault } from "./connect-failure.ts";
import type { DialAgent, DialRequestArgs } from "./dial-agent.ts";
import { DialFailure } from "./dial-failure.ts";
import type { Target } from "./dial.ts";
import { endsWithConnection, http1Fault, type Http1Failure } from "./http1-fault.ts";
import { http1Caps, http1HeaderSize } from "./http1-limits.ts";

function fieldsOf(raw: readonly string[]): Fields {
  return raw.map((part, i) => (i % 2 === 0 ? part.toLowerCase() : part));
}

/**
 * One request whose body is streamed, over node:http. Undici sends a head only together with the first byte of the body,
 * so that a server would not hear of a call, nor refuse it, before its first message.
 */
export class Http1Upload extends ClientExchange {
  readonly #target: Target;
  /** The request. `flushed`: all of it has been handed to the socket. */
  #local: "open" | "ended" | "flushed" = "open";
  #remote: "waiting" | "body" | "ended" = "waiting";
  #request: ClientRequest | undefined;
  /** Gives up the connection that is being made for it. */
  #giveUp: (() => void) | undefined;
  #response: IncomingMessage | undefined;
  #socket: Socket | undefined;

  constructor(target: Target, sink: ClientSink, ended: () => void) {
    super(sink, ended);
    this.#target = target;
  }

  /** Sends the head. */
  start(agent: DialAgent, head: RequestHead): void {
    const { method, authority, path, query, fields } = head;
    const options: DialRequestArgs = {
      agent,
      onDial: (giveUp) => {
        this.#giveUp = giveUp;
      },
      method,
      host: this.#target.url.hostname,
      port: this.#target.url.port,
      path: query === "" ? path : `${path}?${query}`,
      headers: ["host", authority, ...withOneCookie(fields), "transfer-encoding", "chunked"],
      maxHeaderSize: http1HeaderSize,
    };
    let sending: ClientRequest;
    try {
      sending = request(options);
    } catch (error) {
      this.fail(unsentFault(error));
      return;
    }
    this.#request = sending;
    sending.on("socket", (socket) => this.#started(socket));
    sending.on("information", ({ statusCode, rawHeaders }) => {
      if (this.state === "running") this.sink.inform(statusCode, fieldsOf(rawHeaders));
    });
    sending.on("response", (response) => this.#responded(response));
    sending.on("drain", () => this.sink.writable());
    sending.on("finish", () => {
      if (this.#local === "ended") this.#local = "flushed";
      if (this.#remote === "ended") this.#done();
    });
    sending.on("error", (error) => this.#failed(error));
    sending.on("close", () => {
      if (this.state === "closed" || this.#remote === "ended") this.#done();
      else this.#failed(new Error("socket hang up"));
    });
    sending.flushHeaders();
  }

  write(chunk: Uint8Array): boolean {
    const sending = this.#request;
    if (this.#local !== "open" || this.state === "closed" || chunk.length === 0) return true;
    if (sending === undefined || sending.destroyed) return true;
    return this.sink.answered(sending.write(chunk));
  }

  /** Trailers of a request are not among what this carriage can do. */
  end(): void {
    if (this.#local !== "open" || this.state === "closed") return;
    this.#local = "ended";
    if (this.#request?.destroyed === false) this.#request.end();
  }

  #started(socket: Socket): void {
    this.#socket = socket;
    if (this.state !== "waiting") return;
    this.state = "running";
    this.sink.sent(peerOf(socket, socket), http1Caps);
  }

  #responded(response: IncomingMessage): void {
    if (this.state !== "running") return;
    const { sink } = this;
    const status = response.statusCode ?? 0;
    const fields = fieldsOf(response.rawHeaders);
    const untilClose = endsWithConnection(status, fields);
    this.#response = response;
    this.#remote = "body";
    response.on("data", (chunk: Uint8Array) => {
      if (this.state === "running" && !sink.data(chunk)) response.pause();
    });
    response.on("error", (error) => this.#failed(error));
    response.on("end", () => {
      if (this.state !== "running") return;
      const broken = this.#socket?.errored ?? null;
      if (!response.complete || (untilClose && broken !== null)) {
        this.#failed(broken ?? new Error("socket hang up"));
        return;
      }
      this.#remote = "ended";
      const trailers = fieldsOf(response.rawTrailers);
      sink.end(trailers.length === 0 ? null : trailers);
      // Nobody reads the rest of the upload.
      if (this.#local !== "ended") this.#done();
    });
    sink.head(status, fields);
  }

  #failed(error: Error): void {
    if (this.state === "closed") return;
    if (this.#remote === "ended") return this.#done();
    const fault = this.#faultOf(error);
    this.abort();
    this.sink.fault(fault);
    this.sink.closed(false);
  }

  /** The response is whole, and the request as far as it will be. */
  #done(): void {
    if (this.state === "closed") return;
    this.state = "closed";
    // A connection with half a request on it is of no use; node keeps the others.
    if (this.#local !== "flushed") this.#request?.destroy();
    this.sink.closed(this.#local === "flushed");
  }

  protected abort(): void {
    const waited = this.state === "waiting";
    this.state = "closed";
    this.#request?.destroy();
    if (waited) this.#giveUp?.();
  }

  protected readOn(): void {
    this.#response?.resume();
  }

  #faultOf(error: Error): Fault {
    if (error instanceof DialFailure) return error.fault;
    if (this.state === "waiting") return unsentFault(error);
    return http1Fault({
      target: this.#target,
      error,
      what: whatIs(error),
      socket: this.#socket,
      rest: "rawPacket" in error && error.rawPacket instanceof Uint8Array ? error.rawPacket : undefined,
      answered: this.#remote !== "waiting",
    });
  }
}

function whatIs(error: Error): Http1Failure["what"] {
  const code = "code" in error && typeof error.code === "string" ? error.code : "";
  if (code === "HPE_HEADER_OVERFLOW") return "too large";
  if (code === "HPE_INVALID_EOF_STATE") return "cut";
  if (code.startsWith("HPE_")) return "malformed";
  if (error.message === "socket hang up" || error.message === "aborted") return "cut";
  return "lost";
}
