import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  type ClientSessionRequestOptions,
  connect,
  constants,
} from "node:http2";
import type { Socket } from "node:net";
import { ErrorCode, type Fault, type Peer } from "@millrace/exchange";
import { nodeHost } from "../host/node-host.ts";
import { peerOf } from "../socket/peer.ts";
import { connectFault, endpoint } from "./connect-failure.ts";
import { dial, type Dialling, type Target } from "./dial.ts";
import { type Goaway, type Http2StreamEnd, http2StreamFault, http2UnusedFault } from "./http2-fault.ts";

/** What a stream may hold while its reader is paused. */
const streamWindow = 512 * 1024;
/** Credit for the connection is given on receipt, so that a paused stream takes only its own window out of this. */
const connectionWindow = 16 * 1024 * 1024;
/** Node refuses streams above this, in MB; the windows and the back-pressure of writers are the real bounds. */
const sessionMemory = 1024;
const headerListSize = 64 * 1024;
/** The list's size is the bound; node's own 128 would reset a stream with less than a tenth of it. */
const headerListPairs = 2048;
/** RFC 9113 section 5.1.1: ids cannot be reused; long before they are used up another connection takes over. */
const lastStreamId = 2 ** 30;

const settings = { enablePush: false, initialWindowSize: streamWindow, maxHeaderListSize: headerListSize };

/** What a connection tells its connector. */
export interface Http2ConnectionEvents {
  /** There is room for a stream: SETTINGS have come, or a stream has closed. */
  room(connection: Http2Connection): void;
  /** It takes no new streams; those that run go on. */
  retired(connection: Http2Connection): void;
  /** It is no more, and nothing was ever sent over it: the next one may fare no better. */
  failed(connection: Http2Connection, fault: Fault): void;
  /** It is no more. Comes before the other two. */
  gone(connection: Http2Connection): void;
}

/** How long a closed connection may take to flush what it still has. */
const lingerMs = 1000;

/** One session of node:http2. */
export class Http2Connection {
  readonly #target: Target;
  readonly #events: Http2ConnectionEvents;
  /** `connecting` until the peer's SETTINGS have come; `retired`: what runs goes on, nothing new is taken. */
  #state: "connecting" | "ready" | "retired" | "gone" = "connecting";
  #dialling: Dialling | undefined;
  #socket: Socket | undefined;
  #session: ClientHttp2Session | undefined;
  #peer: Peer | undefined;
  #goaway: Goaway | undefined;
  #cause: unknown;
  readonly #streams = new Set<ClientHttp2Stream>();
  #used = false;
  #wanted = true;
  /** Of the wait for SETTINGS. */
  #cancelTimer: () => void = () => {};

  /** With `socket`, over a connection that is made already and has agreed on h2. */
  constructor(target: Target, events: Http2ConnectionEvents, socket: Socket | undefined) {
    this.#target = target;
    this.#events = events;
    const by = nodeHost.now() + target.connectTimeoutMs;
    if (socket !== undefined) {
      this.#connected(socket, by);
    } else {
      this.#dialling = dial(target, ["h2"], {
        connected: (opened) => this.#connected(opened, by),
        failed: (fault) => this.#failed(fault),
      });
    }
  }

  /** Known once there was room. */
  get peer(): Peer {
    return this.#peer as Peer;
  }

  /** New streams may be opened, now or when there is room. */
  get usable(): boolean {
    const session = this.#session;
    return this.#state === "ready" && session !== undefined && !session.closed && !session.destroyed;
  }

  /** Nothing comes of it any more; the event that says so may still be on its way. */
  get dead(): boolean {
    return this.#state === "gone" || this.#session?.destroyed === true;
  }

  get hasRoom(): boolean {
    if (!this.usable) return false;
    // Node does not hold streams back: above the limit the peer would refuse them (RFC 9113 section 5.1.2).
    return this.#streams.size < (this.#session?.remoteSettings.maxConcurrentStreams ?? Infinity);
  }

  /** Opens a stream. Throws what node throws at a request that it does not take. */
  request(headers: string[], options: ClientSessionRequestOptions): ClientHttp2Stream {
    const session = this.#session as ClientHttp2Session;
    const stream = nodeHost.root(() => session.request(headers, options));
    this.#used = true;
    this.#streams.add(stream);
    this.#hold();
    if ((stream.id ?? 0) > lastStreamId) this.retire();
    return stream;
  }

  /** A stream is closed. */
  released(stream: ClientHttp2Stream): void {
    this.#streams.delete(stream);
    // The session's own 'close' waits for the socket, which may be stuck.
    if (this.dead) return this.#closed();
    if (this.#state === "retired" && this.#streams.size === 0) return this.destroy();
    this.#hold();
    if (this.hasRoom) this.#events.room(this);
  }

  /** Whether somebody waits for this connection: it then keeps the process alive, as its streams do. */
  want(wanted: boolean): void {
    this.#wanted = wanted;
    this.#hold();
  }

  /** Takes no new streams, and closes after the last. Not by the session's close(), which leaves that to the peer. */
  retire(): void {
    if (this.#state === "gone") return;
    if (!this.#used) return this.#failed(this.#unused());
    const first = this.#state !== "retired";
    this.#state = "retired";
    if (this.#streams.size === 0) this.destroy();
    if (first) this.#events.retired(this);
  }

  /** Closes at once. */
  destroy(): void {
    if (this.#state === "gone") return;
    this.#state = "gone";
    this.#cancelTimer();
    this.#events.gone(this);
    this.#dialling?.abandon();
    this.#session?.destroy();
    const socket = this.#socket;
    if (socket === undefined || socket.destroyed) return;
    socket.unref();
    const cancel = nodeHost.timer(nodeHost.now() + lingerMs, () => socket.destroy());
    socket.once("close", cancel);
  }

  /** Why a stream that has closed did not end well. */
  faultOf({ cause = this.#cause, ...end }: Http2StreamEnd): Fault {
    const broken = this.#session?.destroyed === true;
    return http2StreamFault({ ...end, cause }, this.#target, this.#goaway, broken);
  }

  #connected(socket: Socket, by: number): void {
    const { url } = this.#target;
    this.#socket = socket;
    this.#peer = peerOf(socket, socket);
    const session = nodeHost.root(() =>
      connect(`${url.scheme}://${url.authority}`, {
        createConnection: () => socket,
        settings,
        maxSessionMemory: sessionMemory,
        maxHeaderListPairs: headerListPairs,
      }),
    );
    this.#session = session;
    // node calls it at a GOAWAY, and from then on does not notice that a broken connection has been given up: its streams
    // would stay for ever. This side closes for itself.
    session.close = () => {};
    this.#cancelTimer = nodeHost.timer(by, () => this.#failed(this.#silent()));
    session.once("connect", () => session.setLocalWindowSize(connectionWindow));
    session.on("remoteSettings", () => {
      this.#cancelTimer();
      if (this.#state === "connecting") this.#state = "ready";
      if (this.hasRoom) this.#events.room(this);
    });
    session.on("goaway", (code, lastStreamId, debug) => {
      this.#goaway = { code, lastStreamId, debug };
      this.#refuseUnsent();
      this.retire();
    });
    session.on("error", (error) => {
      this.#cause = error;
    });
    session.on("close", () => this.#closed());
    // The session may wait for ever to say its last over a socket that has broken.
    socket.on("error", (error) => {
      this.#cause ??= error;
      this.#closed();
    });
    this.#hold();
  }

  /**
   * Behind a GOAWAY nothing new may be sent, and nghttp2 would keep what it holds back (the peer has lowered its limit of
   * streams since) for ever.
   */
  #refuseUnsent(): void {
    for (const stream of this.#streams) {
      if (stream.state.state !== constants.NGHTTP2_STREAM_STATE_IDLE) continue;
      stream.close(ErrorCode.REFUSED_STREAM);
      // By itself it would wait for nghttp2 to say that it is closed.
      stream.destroy();
    }
  }

  /** The session has ended by itself. */
  #closed(): void {
    if (this.#state === "gone") return;
    if (!this.#used) return this.#failed(this.#unused());
    const first = this.#state === "ready";
    this.destroy();
    if (first) this.#events.retired(this);
  }

  #silent(): Fault {
    const { url, connectTimeoutMs } = this.#target;
    return connectFault(`${endpoint(url)} sent no HTTP/2 SETTINGS within ${connectTimeoutMs} ms`);
  }

  #failed(fault: Fault): void {
    if (this.#state === "gone") return;
    this.destroy();
    this.#events.failed(this, fault);
  }

  #unused(): Fault {
    return http2UnusedFault(this.#target, this.#goaway, this.#state === "connecting", this.#cause);
  }

  #hold(): void {
    if (this.#state === "gone") return;
    const wanted = this.#wanted || this.#streams.size > 0;
    this.#dialling?.hold(wanted);
    if (wanted) this.#socket?.ref();
    else this.#socket?.unref();
  }
}
