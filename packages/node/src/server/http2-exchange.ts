import type { ServerHttp2Session, ServerHttp2Stream } from "node:http2";

import type { Caps, Fault, Fields, Peer, RequestHead, ServerExchange, Sink, Span } from "@millrace/exchange";
import { ErrorCode } from "@millrace/exchange";

import { byName, responseHead, withInherited } from "./http2-fields.ts";
import { firstField, http2RequestHead } from "./request-head.ts";
import type { Site } from "./site.ts";

const CAPS: Caps = { http: "2", trailers: true, request: "full", resets: true, duplicates: true };

/**
 * The request's half. `waiting`: accept() has not answered, or the sink has never let it flow. `discarding`: the response
 * has ended first, what still comes is thrown away.
 */
type RequestHalf = "waiting" | "flowing" | "ended" | "discarding";
/** The response's half. `held`: the head is known and not sent. `ending`: all is handed over, not all is sent. */
type ResponseHalf = "none" | "held" | "open" | "ending" | "flushed";

/** One stream of a node:http2 server, raw: the compatibility layer's requests have it as `stream`. */
export class Http2Exchange implements ServerExchange {
  readonly head: RequestHead;
  readonly peer: Peer;
  readonly maxConcurrent: number;
  readonly caps: Caps = CAPS;
  readonly #stream: ServerHttp2Stream;
  readonly #session: ServerHttp2Session | undefined;
  readonly #site: Site;
  #sink: Sink | undefined;
  #life: "live" | "closed" = "live";
  #request: RequestHalf = "waiting";
  #response: ResponseHalf = "none";
  #paused = false;
  /** The request ended while the sink was paused. */
  #endHeld = false;
  #requestTrailers: Fields | null = null;
  #status = 0;
  #fields: Fields = [];
  #trailers: Fields | null = null;
  /** The response has no body whatever is written: the method is HEAD, or the status forbids it. */
  #bodiless = false;
  #choked = false;
  #hearsDrain = false;
  #discarded = 0;
  #drainTimer: NodeJS.Timeout | undefined;

  constructor(stream: ServerHttp2Stream, rawHeaders: readonly string[], peer: Peer, site: Site) {
    this.#stream = stream;
    this.#session = stream.session as ServerHttp2Session | undefined;
    this.#site = site;
    this.maxConcurrent = site.maxConcurrent;
    this.head = http2RequestHead(rawHeaders);
    this.peer = peer;
  }

  /** The layer above has begun to answer. */
  get responded(): boolean {
    return this.#response !== "none";
  }

  /** Begins to deliver events: accept() has answered. */
  start(sink: Sink): void {
    this.#sink = sink;
    const stream = this.#stream;
    // A stream's error without a listener ends the process; what it says is in 'close' and rstCode too.
    stream.on("error", ignore);
    // node keeps 'close' back until the request has been read, so a paused exchange hears of a reset by 'aborted'. It may
    // come from inside a call of ours, hence the tick.
    stream.on("aborted", () => process.nextTick(this.#gone));
    stream.on("close", this.#gone);
    stream.on("trailers", (_fields, _flags, raw) => {
      this.#requestTrailers = raw ?? null;
    });
    if (stream.destroyed) process.nextTick(this.#gone);
    else if (!this.#paused && this.#request === "waiting") this.#read();
  }

  /** Instead of start(): somebody else answers. The sink hears why. */
  forgo(sink: Sink, fault: Fault): void {
    this.#life = "closed";
    process.nextTick(() => {
      this.#site.closed();
      sink.fault(fault);
      sink.closed(false);
    });
  }

  pause(): void {
    this.#paused = true;
    if (this.#request === "flowing") this.#stream.pause();
  }

  resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    if (this.#life === "closed") return;
    if (this.#endHeld) process.nextTick(this.#deliverEnd);
    else if (this.#request === "flowing") this.#stream.resume();
    else if (this.#request === "waiting" && this.#sink !== undefined) this.#read();
  }

  inform(status: number, fields: Fields): void {
    if (this.#life === "closed" || this.#stream.headersSent || this.#stream.closed) return;
    try {
      this.#stream.additionalHeaders({ ...byName(fields), ":status": status });
    } catch {
      // An interim response is advice. One that node refuses is not sent.
    }
  }

  respond(status: number, fields: Fields): void {
    if (this.#life === "closed" || this.#response !== "none") return;
    this.#status = status;
    this.#fields = fields;
    this.#response = "held";
  }

  write(chunk: Uint8Array): boolean {
    if (this.#response === "held") this.#sendHead(false, true);
    else if (this.#response === "none") this.reset(ErrorCode.INTERNAL_ERROR);
    if (this.#life === "closed" || this.#response !== "open") return true;
    if (this.#bodiless || chunk.length === 0) return !this.#choked;
    if (!this.#stream.write(chunk) && !this.#choked) {
      this.#choked = true;
      this.#hearDrain();
    }
    return !this.#choked;
  }

  reserve(): Span | null {
    return null;
  }

  commit(_pos: number): boolean {
    return !this.#choked;
  }

  flush(): void {
    if (this.#response === "held") this.#sendHead(false, true);
  }

  end(trailers: Fields | null): void {
    if (this.#response === "none") this.reset(ErrorCode.INTERNAL_ERROR);
    this.#finish(null, trailers);
  }

  reply(status: number, fields: Fields, body: Uint8Array | null, trailers: Fields | null): void {
    if (this.#life === "closed" || this.#response !== "none") return;
    const sized = body !== null && trailers === null && firstField(fields, "content-length") === undefined;
    this.respond(status, sized ? [...fields, "content-length", String(body.length)] : fields);
    this.#finish(body, trailers);
  }

  reset(h2: number): void {
    if (this.#life === "closed") return;
    this.#life = "closed";
    this.#abandon(h2);
    process.nextTick(() => this.#close(false));
  }

  /** The server ends it: its time to drain is over. */
  cut(): void {
    if (this.#life === "closed") return;
    this.#die({
      by: "local",
      kind: "shutdown",
      h2: ErrorCode.CANCEL,
      processed: "maybe",
      text: "the server shut down",
    });
  }

  #read(): void {
    this.#request = "flowing";
    if (this.#site.expectsContinue && this.#response === "none") this.inform(100, []);
    this.#stream.on("data", this.#data);
    this.#stream.on("end", this.#requestEnded);
    if (this.#stream.readableEnded) process.nextTick(this.#deliverEnd);
    else this.#stream.resume();
  }

  readonly #data = (chunk: Buffer): void => {
    if (this.#request === "flowing") {
      if (this.#life === "live") this.#sink?.data(chunk, 0, chunk.length);
      return;
    }
    this.#discarded += chunk.length;
    if (this.#discarded > this.#site.drainBytes) this.#stopDiscarding();
  };

  readonly #requestEnded = (): void => {
    if (this.#request === "discarding") this.#request = "ended";
    else if (this.#paused) this.#endHeld = true;
    else this.#deliverEnd();
  };

  readonly #deliverEnd = (): void => {
    if (this.#life === "closed" || this.#request !== "flowing") return;
    if (this.#paused) {
      this.#endHeld = true;
      return;
    }
    this.#endHeld = false;
    this.#request = "ended";
    this.#sink?.end(this.#requestTrailers);
  };

  /** Sends the head. Afterwards the response is `open`, or the exchange is dead. */
  #sendHead(endStream: boolean, waitForTrailers: boolean): void {
    const stream = this.#stream;
    this.#response = "open";
    // The end of the stream is on its way, as 'close'.
    if (stream.destroyed || stream.closed) return;
    this.#bodiless = this.head.method === "HEAD" || [204, 205, 304].includes(this.#status);
    const wait = waitForTrailers && !endStream && !this.#bodiless;
    if (wait) stream.once("wantTrailers", this.#sendTrailers);
    try {
      const options = { endStream: endStream || this.#bodiless, waitForTrailers: wait };
      const fields = withInherited(this.#fields, this.#site.inherited(this.#status));
      stream.respond(responseHead(this.#status, fields), options);
    } catch (error) {
      this.#refused("head", error);
    }
  }

  #finish(body: Uint8Array | null, trailers: Fields | null): void {
    if (this.#life === "closed" || this.#response === "none") return;
    if (this.#response === "ending" || this.#response === "flushed") return;
    const empty = body === null || body.length === 0;
    this.#trailers = trailers;
    if (this.#response === "held") this.#sendHead(empty && trailers === null, trailers !== null);
    if (this.#response !== "open") return;
    this.#response = "ending";
    const stream = this.#stream;
    // With trailers, #sendTrailers knows when all is out.
    if (stream.listenerCount("wantTrailers") === 0) stream.once("finish", this.#flushed);
    if (!stream.writableEnded) {
      if (empty || this.#bodiless) stream.end();
      else stream.end(body);
    }
    if (this.#request !== "ended") this.#discard();
  }

  readonly #sendTrailers = (): void => {
    try {
      this.#stream.sendTrailers(byName(this.#trailers ?? []));
    } catch (error) {
      this.#refused("trailers", error);
      return;
    }
    // node hands the trailers to the connection in a setImmediate of its own, which comes before this one; a reset
    // before it would drop them.
    setImmediate(this.#flushed);
  };

  /** Reads and throws away what is left of the request: a client that is still sending has no ear for the response. */
  #discard(): void {
    const reads = this.#request === "flowing";
    this.#request = "discarding";
    if (this.#endHeld) this.#request = "ended";
    else if (reads) this.#stream.resume();
    else {
      this.#stream.on("data", this.#data);
      this.#stream.on("end", this.#requestEnded);
      this.#stream.resume();
    }
  }

  #stopDiscarding(): void {
    if (this.#response === "flushed") this.#endRequest();
    else this.#stream.pause();
  }

  readonly #flushed = (): void => {
    if (this.#life === "closed") return;
    this.#response = "flushed";
    if (this.#request !== "discarding") return;
    if (this.#discarded > this.#site.drainBytes) this.#endRequest();
    else this.#drainTimer = setTimeout(this.#endRequest, this.#site.drainMs).unref();
  };

  /** RFC 9113 section 8.1: the response is complete, and the rest of the request is not wanted. */
  readonly #endRequest = (): void => {
    if (this.#life === "closed") return;
    this.#life = "closed";
    this.#abandon(ErrorCode.NO_ERROR);
    this.#close(true);
  };

  /** The stream is gone: by its natural end, by the peer's reset, or with the connection. */
  readonly #gone = (): void => {
    if (this.#life === "closed") return;
    const stream = this.#stream;
    const lost = connectionLost(this.#session);
    const clean = stream.rstCode === ErrorCode.NO_ERROR && !lost;
    if (this.#response === "flushed" || (this.#response === "ending" && clean)) {
      this.#life = "closed";
      this.#close(true);
      return;
    }
    const cause = stream.errored ?? undefined;
    const processed = "maybe";
    if (!lost) {
      const h2 = stream.rstCode ?? ErrorCode.CANCEL;
      this.#die({ by: "peer", kind: "reset", h2, processed, text: "the client reset the stream", cause });
    } else if (this.#request === "ended") {
      const text = "the connection was lost before the response was complete";
      this.#die({ by: "transport", kind: "lost", h2: -1, processed, text, cause });
    } else {
      const text = "the connection was lost in the middle of the request";
      this.#die({ by: "transport", kind: "truncated", h2: -1, processed, text, cause });
    }
  };

  /** What node would not send, nobody sends: the stream ends as our own error. Never from inside the call. */
  #refused(what: string, cause: unknown): void {
    this.#response = "ending";
    const reason = cause instanceof Error ? cause.message : String(cause);
    process.nextTick(() => {
      if (this.#life === "closed") return;
      this.#die(
        {
          by: "local",
          kind: "protocol",
          h2: ErrorCode.INTERNAL_ERROR,
          processed: "maybe",
          text: `the response's ${what} cannot be sent: ${reason}`,
          cause,
        },
        ErrorCode.INTERNAL_ERROR,
      );
    });
  }

  #die(fault: Fault, h2: number = ErrorCode.CANCEL): void {
    this.#life = "closed";
    this.#abandon(h2);
    this.#sink?.fault(fault);
    this.#close(false);
  }

  /** Lets go of the stream. */
  #abandon(h2: number): void {
    const stream = this.#stream;
    stream.on("error", ignore);
    // close(NO_ERROR) waits for what is unsent; destroy() does not.
    if (h2 !== ErrorCode.NO_ERROR) stream.close(h2);
    else stream.destroy();
    // What node holds of a request that nobody will read now.
    stream.off("data", this.#data);
    stream.resume();
  }

  #close(delivered: boolean): void {
    clearTimeout(this.#drainTimer);
    this.#site.closed();
    this.#sink?.closed(delivered);
  }

  #hearDrain(): void {
    if (this.#hearsDrain) return;
    this.#hearsDrain = true;
    this.#stream.on("drain", () => {
      if (this.#life === "closed" || !this.#choked) return;
      this.#choked = false;
      if (this.#response === "open") this.#sink?.writable();
    });
  }
}

function ignore(): void {}

function connectionLost(session: ServerHttp2Session | undefined): boolean {
  if (session === undefined || session.destroyed) return true;
  // The proxy in front of the socket throws once the session has let go of it.
  try {
    return session.socket.destroyed;
  } catch {
    return true;
  }
}
