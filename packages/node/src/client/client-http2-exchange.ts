import { type ClientHttp2Stream, sensitiveHeaders } from "node:http2";
import {
  type Caps,
  type ClientSink,
  ErrorCode,
  type Fault,
  type Fields,
  type RequestHead,
} from "@millrace/exchange";
import { ClientExchange } from "./client-exchange.ts";
import { unsentFault } from "./connect-failure.ts";
import type { Http2Connection } from "./http2-connection.ts";

export const http2Caps: Caps = {
  http: "2",
  trailers: true,
  request: "full",
  resets: true,
  duplicates: true,
};

/** RFC 7541 section 7.1.3: these are never put into a table that others' requests share. */
const neverIndexed = ["authorization", "proxy-authorization", "cookie"];

/** Who is told when an exchange needs its connector no more. */
export interface Http2Owner {
  /** Before it was started: it leaves the queue. */
  withdrawn(exchange: ClientHttp2Exchange): void;
  /** After its closed(). */
  ended(exchange: ClientHttp2Exchange): void;
}

/** The flat list without its pseudo-header fields. */
function fieldsOf(raw: readonly string[]): Fields {
  return raw[0]?.startsWith(":") === true ? raw.filter((_, i) => raw[i & ~1]?.startsWith(":") !== true) : raw;
}

/** sendTrailers() takes no list. */
function grouped(fields: Fields): Record<string, string[]> {
  const groups: Record<string, string[]> = { __proto__: null } as never;
  for (let i = 0; i < fields.length; i += 2) {
    (groups[fields[i] as string] ??= []).push(fields[i + 1] as string);
  }
  return groups;
}

/**
 * One request over a stream of node:http2.
 *
 * Its push() is replaced: chunks come at once and are never lost to destroy(), and push(null) tells the one thing that no
 * event does, whether END_STREAM was received (the stream is then not closed) or the stream was cut off (it is). Node
 * emits 'end' for both.
 */
export class ClientHttp2Exchange extends ClientExchange {
  readonly #owner: Http2Owner;
  readonly #head: RequestHead;
  /** What is to be sent once there is a stream. */
  #unsent: Uint8Array[] = [];
  #trailers: Fields | null = null;
  /** This side's half. `flushed`: all of it has been handed to the connection. */
  #local: "open" | "ended" | "flushed";
  /** The peer's half. `ending`: END_STREAM was received, and the sink has not heard of it. */
  #remote: "open" | "ending" | "ended" = "open";
  /** Chunks that came before the head was emitted; null once it was. */
  #early: Uint8Array[] | null = [];
  /** The peer's trailers. */
  #received: Fields | null = null;
  #stream: ClientHttp2Stream | undefined;
  #cause: unknown;
  /** The header block is more than node puts on the wire. */
  #unsendable = false;

  constructor(owner: Http2Owner, head: RequestHead, body: Uint8Array | null | undefined, sink: ClientSink) {
    super(sink, () => owner.ended(this));
    this.#owner = owner;
    this.#head = head;
    this.#local = body === undefined ? "open" : "ended";
    if (body !== undefined && body !== null && body.length > 0) this.#unsent.push(body);
  }

  /** Opens the stream. False: the session takes no more, and nothing was sent. */
  start(connection: Http2Connection): boolean {
    const { method, scheme, authority, path, query, protocol, fields } = this.#head;
    const target = query === "" ? path : `${path}?${query}`;
    const list = [":method", method, ":scheme", scheme, ":authority", authority, ":path", target, ...fields];
    if (protocol !== undefined) list.push(":protocol", protocol);
    const headers = Object.assign(list, { [sensitiveHeaders]: neverIndexed });
    const whole = this.#local === "ended" && this.#trailers === null;
    const endStream = whole && this.#unsent.length === 0;
    let stream: ClientHttp2Stream;
    try {
      stream = connection.request(headers, { endStream, waitForTrailers: !whole });
    } catch (error) {
      if (!connection.usable) return false;
      this.fail(unsentFault(error));
      return true;
    }
    this.state = "running";
    this.#stream = stream;
    this.#listen(stream, connection);
    this.sink.sent(connection.peer, http2Caps);
    if (!endStream) this.#sendUnsent(stream);
    return true;
  }

  write(chunk: Uint8Array): boolean {
    if (this.#local !== "open" || this.state === "closed" || chunk.length === 0) return true;
    const stream = this.#stream;
    if (stream === undefined) {
      this.#unsent.push(chunk);
      return this.sink.answered(false);
    }
    // The peer has closed the stream, and the events that say so are on their way.
    if (stream.closed || stream.destroyed) return true;
    return this.sink.answered(stream.write(chunk));
  }

  end(trailers: Fields | null): void {
    if (this.#local !== "open" || this.state === "closed") return;
    this.#local = "ended";
    this.#trailers = trailers;
    const stream = this.#stream;
    if (stream !== undefined && !stream.closed && !stream.destroyed) stream.end();
  }

  protected abort(h2: number): void {
    const stream = this.#stream;
    const waited = this.state === "waiting";
    this.state = "closed";
    this.#unsent = [];
    if (waited) this.#owner.withdrawn(this);
    if (stream === undefined || stream.destroyed) return;
    // With NO_ERROR node would wait for what is unsent.
    const unsent = stream.writableEnded && !stream.writableFinished;
    if (!stream.closed) stream.close(h2 === ErrorCode.NO_ERROR && unsent ? ErrorCode.CANCEL : h2);
    // While the connection writes, node keeps the reset back, and loses it when what the stream had left is written
    // meanwhile: nghttp2 then sends empty DATA frames without end. destroy() hands the reset over.
    stream.destroy();
  }

  protected readOn(): void {
    const stream = this.#stream;
    if (stream !== undefined && !stream.destroyed) stream._read(0);
  }

  #listen(stream: ClientHttp2Stream, connection: Http2Connection): void {
    const { sink } = this;
    const push = stream.push;
    stream.push = (chunk: Uint8Array | null): boolean => {
      if (chunk !== null) return this.#chunk(chunk);
      if (!stream.closed && this.#remote === "open") this.#endReceived();
      return push.call(stream, null);
    };
    stream.on("headers", (headers, _flags, raw) => {
      if (this.state === "running") sink.inform(Number(headers[":status"]), fieldsOf(raw));
    });
    stream.on("response", (headers, _flags, raw) => {
      if (this.state === "running") this.#responded(Number(headers[":status"]), fieldsOf(raw));
    });
    stream.on("trailers", (_headers, _flags, raw) => {
      this.#received = fieldsOf(raw);
    });
    stream.on("drain", () => sink.writable());
    stream.on("wantTrailers", () => this.#sendTrailers(stream));
    stream.on("finish", () => {
      if (this.#local === "ended" && !stream.aborted && stream.rstCode === 0) this.#local = "flushed";
    });
    stream.on("frameError", (_type, code) => {
      this.#unsendable = code === ErrorCode.FRAME_SIZE_ERROR;
    });
    stream.on("error", (error) => {
      this.#cause = error;
    });
    stream.on("close", () => this.#streamClosed(stream, connection));
    // Without a reader neither 'end' nor 'close' would come.
    stream.resume();
  }

  /** False: node reads no more, and gives no credit, until _read() is called. */
  #chunk(chunk: Uint8Array): boolean {
    if (this.state === "closed") return true;
    if (this.#early !== null) return this.#early.push(chunk) > 0;
    return this.sink.data(chunk);
  }

  #responded(status: number, fields: Fields): void {
    this.sink.head(status, fields);
    const early = this.#early ?? [];
    this.#early = null;
    for (const chunk of early) this.sink.data(chunk);
  }

  /** Node says END_STREAM before it emits the head or the trailers that bore it; those are one tick behind. */
  #endReceived(): void {
    this.#remote = "ending";
    process.nextTick(() => process.nextTick(() => this.#end()));
  }

  #end(): void {
    if (this.#remote !== "ending" || this.state === "closed") return;
    this.#remote = "ended";
    this.sink.end(this.#received);
  }

  #sendUnsent(stream: ClientHttp2Stream): void {
    let room = true;
    for (const chunk of this.#unsent) room = stream.write(chunk);
    this.#unsent = [];
    if (this.#local === "ended") stream.end();
    // This may run inside a call to another exchange, which made place for this one.
    else if (room) process.nextTick(() => this.sink.writable());
  }

  #sendTrailers(stream: ClientHttp2Stream): void {
    try {
      stream.sendTrailers(grouped(this.#trailers ?? []));
    } catch (error) {
      this.fail({
        by: "local",
        kind: "protocol",
        h2: -1,
        processed: "maybe",
        text: `the request's trailers cannot be sent: ${error instanceof Error ? error.message : String(error)}`,
        cause: error,
      });
    }
  }

  #streamClosed(stream: ClientHttp2Stream, connection: Http2Connection): void {
    if (this.state !== "closed") {
      this.#end();
      const fault = this.#faultOf(stream, connection);
      this.state = "closed";
      if (fault !== null) this.sink.fault(fault);
      this.sink.closed(fault === null && this.#local === "flushed");
    }
    connection.released(stream);
  }

  /** Null for a whole response, also if the peer then stopped the upload with NO_ERROR (RFC 9113 section 8.1). */
  #faultOf(stream: ClientHttp2Stream, connection: Http2Connection): Fault | null {
    const whole = this.#remote === "ended";
    if (whole && (this.#local === "flushed" || stream.rstCode === ErrorCode.NO_ERROR)) return null;
    if (this.#unsendable && this.#early !== null) {
      return {
        by: "local",
        kind: "limit",
        h2: -1,
        processed: "never",
        text: "the request's header fields are too large to be sent",
        cause: this.#cause,
      };
    }
    const answered = this.#early === null;
    return connection.faultOf({ id: stream.id ?? 0, code: stream.rstCode, answered, cause: this.#cause });
  }
}
