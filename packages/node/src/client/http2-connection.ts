import type { Socket } from "node:net";
import type { ClientSink, Exchange, Fault, Hints, RequestHead } from "@millrace/exchange";
import { ErrorCode } from "@millrace/exchange";
import { ClientConnection, type KeepaliveOptions, limitsFrom } from "@millrace/http2";
import { SocketDuplex, windowBudget } from "@millrace/http2/node";
import { indexingPolicy } from "../host/indexing-policy.ts";
import { engineRuntime } from "../host/engine-runtime.ts";
import { longestMs, nodeHost } from "../host/node-host.ts";
import { peerOf } from "../socket/peer.ts";
import { connectFault, endpoint, reasonOf } from "./connect-failure.ts";
import { dial, type Dialling, type Target } from "./dial.ts";
import { http2UnusedFault } from "./http2-fault.ts";

/** Of what a client takes; the wait for SETTINGS is bounded by the target's connectTimeoutMs. */
const limits = limitsFrom({ handshakeTimeoutMs: longestMs, maxHeaderFields: 2048 });

const decoder = new TextDecoder();

/** What a connection tells its connector. */
export interface Http2ConnectionEvents {
  /** There may be room for a stream: SETTINGS have come, or a stream has ended. */
  room(connection: Http2Connection): void;
  /** The server closes it because it was asked too often whether it lives. */
  askedTooOften(): void;
  /** It takes no new streams; those that run go on. */
  retired(connection: Http2Connection): void;
  /** It is no more, and has carried nothing: the next one may fare no better. */
  failed(connection: Http2Connection, fault: Fault): void;
  /** It is no more, and has been of use, or nobody wants it. */
  gone(connection: Http2Connection): void;
}

/** One connection over HTTP/2, from its dialling to its end. */
export class Http2Connection {
  readonly #target: Target;
  readonly #keepalive: KeepaliveOptions | undefined;
  readonly #events: Http2ConnectionEvents;
  #state: "connecting" | "ready" | "retired" | "gone" = "connecting";
  #dialling: Dialling | undefined;
  #socket: Socket | undefined;
  #engine: ClientConnection | undefined;
  #wasReady = false;
  #used = false;
  #wanted = true;
  #busy = false;
  /** Of the wait for SETTINGS. */
  #cancelTimer: () => void = () => {};

  /** With `socket`, over a connection that is made already and has agreed on h2. */
  constructor(
    target: Target,
    keepalive: KeepaliveOptions | undefined,
    events: Http2ConnectionEvents,
    socket: Socket | undefined,
  ) {
    this.#target = target;
    this.#keepalive = keepalive;
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

  /** Its server has taken it: SETTINGS have come. */
  get wasReady(): boolean {
    return this.#wasReady;
  }

  /** It has carried a stream. */
  get isUsed(): boolean {
    return this.#used;
  }

  /** Its server has the word: SETTINGS have not come, or take no stream at all for now (RFC 9113 section 6.5.2). */
  get isAwaited(): boolean {
    return this.#state === "connecting" || (this.#state === "ready" && !this.#busy && !this.hasRoom);
  }

  /** A stream may be opened now. */
  get hasRoom(): boolean {
    return this.#engine !== undefined && this.#engine.room > 0;
  }

  /** Only if there is room. */
  open(head: RequestHead, body: Uint8Array | null | undefined, hints: Hints, sink: ClientSink): Exchange {
    this.#used = true;
    return (this.#engine as ClientConnection).open(head, body, hints, sink);
  }

  /** Whether somebody waits for this connection: it then keeps the process alive, as its streams do. */
  want(wanted: boolean): void {
    if (wanted === this.#wanted) return;
    this.#wanted = wanted;
    this.#hold();
  }

  /** Takes no new streams, gives those that run so long, and closes. Resolves when it has. */
  async close(graceMs: number): Promise<void> {
    if (this.#state === "connecting") {
      this.#end();
      this.#events.gone(this);
    }
    if (this.#engine !== undefined) await this.#engine.close(graceMs);
  }

  #connected(socket: Socket, by: number): void {
    const { url } = this.#target;
    this.#socket = socket;
    this.#dialling = undefined;
    this.#cancelTimer = nodeHost.timer(by, () => this.#failed(this.#silent()));
    const peer = peerOf(socket, socket);
    const duplex = new SocketDuplex(socket);
    this.#engine = new ClientConnection(duplex, engineRuntime, limits, windowBudget, {
      keepalive: this.#keepalive,
      peer,
      name: endpoint(url),
      indexing: indexingPolicy,
      reason: reasonOf,
      room: () => this.#room(),
      busy: (isBusy) => {
        this.#busy = isBusy;
        this.#hold();
      },
      retired: () => this.#retired(),
      closed: (problem, cause) => this.#closed(problem, cause),
    });
    this.#hold();
  }

  #room(): void {
    this.#cancelTimer();
    this.#wasReady = true;
    if (this.#state === "connecting") this.#state = "ready";
    this.#events.room(this);
  }

  #retired(): void {
    const goaway = this.#engine?.goawaySaid;
    if (goaway?.code === ErrorCode.ENHANCE_YOUR_CALM && decoder.decode(goaway.debug) === "too_many_pings")
      this.#events.askedTooOften();
    // Without SETTINGS its end says more; of who broke the rules there is nothing more to hear.
    const problem = this.#engine?.problem;
    if (this.#state === "connecting" && problem !== undefined) this.#closed(problem, undefined);
    if (this.#state !== "ready") return;
    this.#state = "retired";
    this.#events.retired(this);
  }

  #closed(problem: string | undefined, cause: unknown): void {
    if (this.#state === "gone") return;
    if (this.#used) {
      this.#end();
      return this.#events.gone(this);
    }
    const goaway = this.#engine?.goawaySaid;
    const isSilent = this.#state === "connecting";
    this.#failed(http2UnusedFault(this.#target, { goaway, isSilent, problem, cause }));
  }

  #silent(): Fault {
    const { url, connectTimeoutMs } = this.#target;
    return connectFault(`${endpoint(url)} sent no HTTP/2 SETTINGS within ${connectTimeoutMs} ms`);
  }

  #failed(fault: Fault): void {
    if (this.#state === "gone") return;
    this.#end();
    this.#events.failed(this, fault);
  }

  #end(): void {
    this.#state = "gone";
    this.#cancelTimer();
    this.#dialling?.abandon();
    this.#engine?.abort();
    this.#socket?.unref();
  }

  #hold(): void {
    if (this.#state === "gone") return;
    const wanted = this.#wanted || this.#busy;
    this.#dialling?.hold(wanted);
    if (wanted) this.#socket?.ref();
    else this.#socket?.unref();
  }
}
