import type { IncomingMessage, ServerResponse } from "node:http";

import type { Caps, Fields, Peer, RequestHead, Sink } from "@millrace/exchange";
import { ErrorCode, firstField } from "@millrace/exchange";

import { isSecure } from "../socket/peer.ts";
import { connectionFault } from "./http1-fault.ts";
import { ignore, NodeExchange } from "./node-exchange.ts";
import { RequestBody } from "./request-body.ts";
import { http1RequestHead, lowerCaseNames } from "./request-head.ts";
import type { Site } from "./site.ts";

const CAPS: Caps = { http: "1.1", trailers: true, request: "half", resets: false, duplicates: true };
const CAPS_1_0: Caps = { ...CAPS, http: "1.0", trailers: false };

/** One request of a node:http server, HTTP/1.1 or 1.0. */
export class Http1Exchange extends NodeExchange {
  readonly head: RequestHead;
  readonly caps: Caps;
  readonly #req: IncomingMessage;
  readonly #res: ServerResponse;
  protected readonly request: RequestBody;
  /** node would close the connection now, were the request not still coming. */
  #last = false;
  #holdsSocket = false;
  #probeTimer: NodeJS.Timeout | undefined;

  constructor(req: IncomingMessage, res: ServerResponse, peer: Peer, site: Site) {
    super(res, peer, site);
    this.#req = req;
    this.#res = res;
    this.request = new RequestBody(req, site, {
      wanted: () => {
        if (site.expectsContinue && this.response === "none") res.writeContinue();
      },
      data: (chunk) => this.sink?.data(chunk, 0, chunk.length),
      end: () => this.sink?.end(req.rawTrailers.length === 0 ? null : lowerCaseNames(req.rawTrailers)),
      drained: () => {
        if (this.response === "flushed") this.#done();
      },
      overrun: () => this.#hangUp(),
    });
    this.caps = req.httpVersionMajor === 1 && req.httpVersionMinor === 0 ? CAPS_1_0 : CAPS;
    this.head = http1RequestHead(req.method ?? "", req.url ?? "/", req.rawHeaders, isSecure(req.socket));
  }

  start(sink: Sink): void {
    this.sink = sink;
    this.#req.on("error", ignore);
    this.#res.on("error", ignore);
    this.#res.on("close", this.#gone);
    if (this.#res.closed || this.#req.socket.destroyed) process.nextTick(this.#gone);
    else this.request.start();
  }

  pause(): void {
    if (this.life === "closed") return;
    this.request.pause();
    this.#probeTimer ??= setInterval(this.#probe, this.site.probeMs).unref();
  }

  override resume(): void {
    this.#stopProbing();
    super.resume();
  }

  inform(status: number, fields: Fields): void {
    const res = this.#res;
    if (this.life === "closed" || res.headersSent || this.caps.http === "1.0") return;
    if (status === 100) {
      res.writeContinue();
      return;
    }
    // node has no call for an interim response of any status. Behind others on the same connection it would overtake
    // them: `socket` is null then.
    const lines = [`HTTP/1.1 ${status} `];
    for (let i = 0; i + 1 < fields.length; i += 2) lines.push(`${fields[i]}: ${fields[i + 1]}`);
    const text = lines.join("\r\n");
    if (status > 101 && status < 200 && lines.every((line) => /^[\t\x20-\x7e\x80-\xff]+$/.test(line)))
      res.socket?.write(`${text}\r\n\r\n`, "latin1");
  }

  flush(): void {
    if (this.response !== "held") return;
    this.sendHead();
    this.#res.flushHeaders();
  }

  end(trailers: Fields | null): void {
    if (this.response === "none") this.reset(ErrorCode.INTERNAL_ERROR);
    else if (this.response === "held") {
      this.response = "none";
      this.reply(this.status, this.fields, null, trailers);
    } else this.#finish(null, trailers);
  }

  reply(status: number, fields: Fields, body: Uint8Array | null, trailers: Fields | null): void {
    if (this.life === "closed" || this.response !== "none") return;
    const head = fields.slice();
    const sent = this.caps.trailers && trailers !== null && trailers.length > 0 ? trailers : null;
    if (sent !== null) {
      // RFC 9110 section 6.6.2. The body is chunked then, so that it has an end to hang trailers on.
      const names = new Set<string>();
      for (let i = 0; i < sent.length; i += 2) names.add(sent[i] as string);
      if (firstField(fields, "trailer") === undefined) head.push("trailer", [...names].join(", "));
    } else if (status >= 200 && status !== 204 && status !== 304) {
      if (firstField(fields, "content-length") === undefined)
        head.push("content-length", String(body?.length ?? 0));
    }
    this.respond(status, head);
    this.sendHead();
    this.#finish(body, sent);
  }

  /** The server ends it: its time to drain is over. */
  cut(): void {
    if (this.life === "closed") return;
    this.die({
      by: "local",
      kind: "shutdown",
      h2: -1,
      processed: "maybe",
      text: "the server shut down",
    });
  }

  protected sendHead(): void {
    const res = this.#res;
    this.response = "open";
    if (res.headersSent || res.destroyed) return;
    let fields = this.fields;
    this.site.inherited(this.status);
    if (this.#isLast() && firstField(fields, "connection") === undefined) {
      fields = [...fields, "connection", "close"];
      this.site.saidClose();
    }
    try {
      res.writeHead(this.status, fields as string[]);
    } catch (error) {
      this.#refused(error);
    }
  }

  #finish(body: Uint8Array | null, trailers: Fields | null): void {
    if (this.life === "closed" || this.response !== "open") return;
    this.response = "ending";
    const res = this.#res;
    if (trailers !== null && this.caps.trailers) {
      try {
        res.addTrailers(pairs(trailers));
      } catch (error) {
        this.#refused(error);
        return;
      }
    }
    res.once("finish", this.#flushed);
    // Behind others on its connection it has no socket yet, and theirs is not its to hold.
    if (res.socket !== null) this.#holdSocket();
    else res.once("socket", () => this.#holdSocket());
    if (body === null || body.length === 0) res.end();
    else res.end(body);
    this.#stopProbing();
    this.request.discard();
  }

  /**
   * Behind a last response node destroys the socket, also when the request is still coming. What a destroyed socket has
   * not read makes the kernel answer with a reset, which overtakes the response. So the closing is ours: #hangUp().
   */
  #holdSocket(): void {
    if (this.#req.complete) return;
    this.#holdsSocket = true;
    this.#req.socket.destroySoon = () => {
      this.#last = true;
    };
  }

  /** node has decided. From here on it may be another response that is the last: one that node gives by itself, say. */
  #releaseSocket(): void {
    if (!this.#holdsSocket) return;
    this.#holdsSocket = false;
    // The prototype's again.
    Reflect.deleteProperty(this.#req.socket, "destroySoon");
  }

  /**
   * Whether the connection takes no further request, which the head has to say: a client that is not told sends the next
   * one into a connection that we are closing. So it is, too, where the rest of the request is not sure to be read to its
   * end: nobody knows how long a chunked one is, and a client that was not told to continue may send it or not (RFC 9110
   * section 10.1.1).
   */
  #isLast(): boolean {
    if (this.site.closing()) return true;
    const { complete, headers } = this.#req;
    if (complete) return false;
    if (headers["transfer-encoding"] !== undefined) return true;
    const left = Number(headers["content-length"] ?? 0) - this.request.received;
    return left > 0 && (left > this.site.drainBytes || (this.site.expectsContinue && this.request.untouched));
  }

  readonly #flushed = (): void => {
    this.#releaseSocket();
    if (this.life === "closed") return;
    this.response = "flushed";
    if (this.request.ended) {
      this.#done();
      if (this.#last) this.#req.socket.end();
      return;
    }
    this.#req.socket.once("close", this.#done);
    if (this.#last) this.#hangUp();
    else this.request.responseSent();
  };

  /** The rest of the request is not read: says that this is the end, and listens a little longer (RFC 9112 section 9.6). */
  readonly #hangUp = (): void => {
    if (this.life === "closed") return;
    const socket = this.#req.socket;
    socket.end();
    const linger = setTimeout(() => socket.destroy(), this.site.drainMs).unref();
    socket.once("close", () => clearTimeout(linger));
    this.#done();
  };

  readonly #done = (): void => {
    if (this.life === "closed") return;
    this.endLife();
    this.close(true);
  };

  /** The connection is gone, or node has let go of a response that it has sent. */
  readonly #gone = (): void => {
    if (this.life === "closed" || this.response === "flushed") return;
    this.die(connectionFault(this.#req));
  };

  /** What node would not send, nobody sends. The client gets a 500 if its response has not begun. */
  #refused(cause: unknown): void {
    const res = this.#res;
    const begun = res.headersSent;
    this.response = "ending";
    if (!begun) {
      for (const name of res.getHeaderNames()) res.removeHeader(name);
      res.writeHead(500, ["content-length", "0", "connection", "close"]);
      res.end();
    }
    process.nextTick(() => {
      if (this.life === "closed") return;
      this.die(this.unsendable("fields", cause), begun ? ErrorCode.INTERNAL_ERROR : null);
    });
  }

  /**
   * Once so much is unread that node has stopped to read, it does not hear of a reset any more. A write does, also of
   * nothing. An orderly close stays behind the unread bytes, where nobody can see it.
   */
  readonly #probe = (): void => {
    const { socket } = this.#req;
    if (this.#req.readableLength > 0 && socket.writable) socket.write("");
  };

  #stopProbing(): void {
    clearInterval(this.#probeTimer);
    this.#probeTimer = undefined;
  }

  /** Ends the connection: HTTP/1.1 has no other way to take a response back. */
  protected abandon(): void {
    const { socket } = this.#req;
    this.#req.on("error", ignore);
    this.#res.on("error", ignore);
    // An HTTP/1.0 response ends where the connection does: an orderly end would make a whole one of it.
    if (this.caps.http === "1.0" && this.response === "open" && !isSecure(socket)) {
      try {
        socket.resetAndDestroy();
      } catch {
        // Unix sockets know no reset.
      }
    }
    socket.destroy();
  }

  protected override close(delivered: boolean): void {
    this.#stopProbing();
    this.#req.socket.off("close", this.#done);
    this.#releaseSocket();
    super.close(delivered);
  }
}

function pairs(fields: Fields): [string, string][] {
  const list: [string, string][] = [];
  for (let i = 0; i + 1 < fields.length; i += 2) list.push([fields[i] as string, fields[i + 1] as string]);
  return list;
}
