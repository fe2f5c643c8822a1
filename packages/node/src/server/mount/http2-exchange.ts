import type { ServerHttp2Session, ServerHttp2Stream } from "node:http2";

import type { Caps, Fields, Peer, RequestHead, Sink } from "@millrace/exchange";
import { ErrorCode, firstField } from "@millrace/exchange";

import { http2Caps } from "@millrace/http2";
import { byName, checkListSize, responseHead, withInherited } from "./http2-fields.ts";
import { ignore, NodeExchange } from "../node-exchange.ts";
import { RequestBody } from "../request-body.ts";
import { http2RequestHead } from "../request-head.ts";
import type { Site } from "../site.ts";

/** One stream of a node:http2 server, raw: the compatibility layer's requests have it as `stream`. */
export class Http2Exchange extends NodeExchange {
  readonly head: RequestHead;
  readonly caps: Caps = http2Caps;
  readonly #stream: ServerHttp2Stream;
  readonly #session: ServerHttp2Session | undefined;
  protected readonly request: RequestBody;
  #requestTrailers: Fields | null = null;
  #trailers: Fields | null = null;

  constructor(stream: ServerHttp2Stream, rawHeaders: readonly string[], peer: Peer, site: Site) {
    super(stream, peer, site);
    this.#stream = stream;
    this.#session = stream.session as ServerHttp2Session | undefined;
    this.head = http2RequestHead(rawHeaders);
    this.request = new RequestBody(stream, site, {
      wanted: () => {
        if (site.expectsContinue && this.response === "none") this.inform(100, []);
      },
      data: (chunk) => this.sink?.data(chunk, 0, chunk.length),
      end: () => this.sink?.end(this.#requestTrailers),
      drained: () => {},
      overrun: () => this.#endRequest(),
    });
  }

  start(sink: Sink): void {
    this.sink = sink;
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
    else this.request.start();
  }

  pause(): void {
    if (this.life === "live") this.request.pause();
  }

  inform(status: number, fields: Fields): void {
    if (this.life === "closed" || this.#stream.headersSent || this.#stream.closed) return;
    try {
      this.#stream.additionalHeaders({ ...byName(fields), ":status": status });
    } catch {
      // An interim response is advice. One that node refuses is not sent.
    }
  }

  flush(): void {
    if (this.response === "held") this.sendHead();
  }

  end(trailers: Fields | null): void {
    if (this.response === "none") this.reset(ErrorCode.INTERNAL_ERROR);
    this.#finish(null, trailers);
  }

  reply(status: number, fields: Fields, body: Uint8Array | null, trailers: Fields | null): void {
    if (this.life === "closed" || this.response !== "none") return;
    const sized = body !== null && trailers === null && firstField(fields, "content-length") === undefined;
    this.respond(status, sized ? [...fields, "content-length", String(body.length)] : fields);
    this.#finish(body, trailers);
  }

  protected sendHead(endStream = false, waitForTrailers = true): void {
    const stream = this.#stream;
    this.response = "open";
    // The end of the stream is on its way, as 'close'.
    if (stream.destroyed || stream.closed) return;
    this.bodiless = this.head.method === "HEAD" || [204, 205, 304].includes(this.status);
    const wait = waitForTrailers && !endStream && !this.bodiless;
    if (wait) stream.once("wantTrailers", this.#sendTrailers);
    try {
      const options = { endStream: endStream || this.bodiless, waitForTrailers: wait };
      const fields = withInherited(this.fields, this.site.inherited(this.status));
      checkListSize(fields);
      stream.respond(responseHead(this.status, fields), options);
    } catch (error) {
      this.#refused("head", error);
    }
  }

  #finish(body: Uint8Array | null, trailers: Fields | null): void {
    if (this.life === "closed" || this.response === "none") return;
    if (this.response === "ending" || this.response === "flushed") return;
    const empty = body === null || body.length === 0;
    this.#trailers = trailers;
    if (this.response === "held") this.sendHead(empty && trailers === null, trailers !== null);
    if (this.response !== "open") return;
    this.response = "ending";
    const stream = this.#stream;
    // With trailers, #sendTrailers knows when all is out.
    if (stream.listenerCount("wantTrailers") === 0) stream.once("finish", this.#flushed);
    if (!stream.writableEnded) {
      if (empty || this.bodiless) stream.end();
      else stream.end(body);
    }
    this.request.discard();
  }

  readonly #sendTrailers = (): void => {
    const trailers = this.#trailers ?? [];
    try {
      checkListSize(trailers);
      this.#stream.sendTrailers(byName(trailers));
    } catch (error) {
      this.#refused("trailers", error);
      return;
    }
    // node hands the trailers to the connection in a setImmediate of its own, which comes before this one; a reset
    // before it would drop them.
    setImmediate(this.#flushed);
  };

  readonly #flushed = (): void => {
    if (this.life === "closed") return;
    this.response = "flushed";
    this.request.responseSent();
  };

  /** RFC 9113 section 8.1: the response is complete, and the rest of the request is not wanted. */
  #endRequest(): void {
    if (this.life === "closed") return;
    this.endLife();
    this.abandon(ErrorCode.NO_ERROR);
    this.close(true);
  }

  /** The stream is gone: by its natural end, by the peer's reset, or with the connection. */
  readonly #gone = (): void => {
    if (this.life === "closed") return;
    const stream = this.#stream;
    const lost = connectionLost(this.#session);
    const clean = stream.rstCode === ErrorCode.NO_ERROR && !lost;
    if (this.response === "flushed" || (this.response === "ending" && clean)) {
      this.endLife();
      this.close(true);
      return;
    }
    const cause = stream.errored ?? undefined;
    const processed = "maybe";
    if (!lost) {
      const h2 = stream.rstCode ?? ErrorCode.CANCEL;
      this.die({ by: "peer", kind: "reset", h2, processed, text: "the client reset the stream", cause });
    } else if (this.request.ended) {
      const text = "the connection was lost before the response was complete";
      this.die({ by: "transport", kind: "lost", h2: -1, processed, text, cause });
    } else {
      const text = "the connection was lost in the middle of the request";
      this.die({ by: "transport", kind: "truncated", h2: -1, processed, text, cause });
    }
  };

  /** What node would not send, nobody sends: the stream ends as our own error. Never from inside the call. */
  #refused(what: string, cause: unknown): void {
    this.response = "ending";
    process.nextTick(() => {
      if (this.life === "closed") return;
      this.die(this.unsendable(what, cause), ErrorCode.INTERNAL_ERROR);
    });
  }

  protected abandon(h2: number): void {
    const stream = this.#stream;
    stream.on("error", ignore);
    // With NO_ERROR it would wait for what is unsent.
    if (h2 !== ErrorCode.NO_ERROR) stream.close(h2);
    // While the connection writes, node keeps the reset back, and loses it when what the stream had left is written
    // meanwhile: nghttp2 then ends the stream as if all were well, or sends empty DATA frames without end. destroy() hands
    // the reset over.
    stream.destroy();
  }
}

function connectionLost(session: ServerHttp2Session | undefined): boolean {
  if (session === undefined || session.destroyed) return true;
  // The proxy in front of the socket throws once the session has let go of it.
  try {
    return session.socket.destroyed;
  } catch {
    return true;
  }
}
