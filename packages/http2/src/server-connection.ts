/// <reference lib="esnext.disposable" preserve="true" />
import { type Accept, type Caps, ErrorCode, type Peer } from "@millrace/exchange";
import { http2Caps } from "./caps.ts";
import type { ConnectionEnd } from "./closing.ts";
import { Connection } from "./connection.ts";
import type { Duplex } from "./duplex.ts";
import type { HeaderBlock } from "./hpack/header-block.ts";
import type { IndexingPolicy } from "./hpack/indexing-policy.ts";
import type { Origin } from "./offenders.ts";
import { checkKeepalive, type KeepaliveOptions } from "./keepalive.ts";
import type { Limits } from "./limits.ts";
import { Malformed } from "./message/malformed.ts";
import { type Priority, readPriority } from "./message/priority.ts";
import { readRequest } from "./message/request.ts";
import { readTrailers } from "./message/trailers.ts";
import { noBytes } from "./no-bytes.ts";
import { noFields } from "./no-fields.ts";
import { clientPreface } from "./preface.ts";
import { checkGrace } from "./option-checks.ts";
import { noTimer, type Runtime } from "./runtime.ts";
import { ServerStream, type ServerStreamHost } from "./server-stream.ts";
import { Setting } from "./settings.ts";
import type { Stream } from "./stream.ts";
import type { WindowBudget } from "./window-budget.ts";

/** RFC 9113 section 6.8: the last of all ids, of a GOAWAY that refuses nothing yet. */
const everyStream = 0x7fffffff;

/** How long a client may take to answer the PING between the two. */
const drainPingMs = 1000;
/** What a connection that goes out of scope gives its requests, in milliseconds. */
const disposeGraceMs = 10_000;

/** What a server's connection needs. */
export interface ServerConnectionOptions {
  /** Absent: nobody asks. */
  readonly keepalive?: KeepaliveOptions | undefined;
  /** Which fields HPACK keeps out of its table. Absent: `defaultIndexingPolicy`. */
  readonly indexing?: IndexingPolicy | undefined;
  /** Called with the head of each request; gives the sink for the rest. Null: 404. */
  readonly accept: Accept;
  /** What exchanges say of the other end. */
  readonly peer: Peer;
  /** Where it comes from. Absent: it is read at once, whatever connections of its client's did before. */
  readonly origin?: Origin | undefined;
  /**
   * It is closed. `problem`: what the client did wrong, in one line; `cause`: what the transport says, if it broke. Both are
   * undefined where it ended as it should.
   */
  readonly closed: (problem: string | undefined, cause: unknown) => void;
}

/** What runs a server's side of a connection. */
export class ServerConnection extends Connection implements ServerStreamHost, AsyncDisposable {
  readonly peer: Peer;
  readonly caps: Caps = http2Caps;
  readonly isClient = false;
  readonly #options: ServerConnectionOptions;
  #prefaceAt = 0;
  /** `draining`: new streams are taken until the peer can know better; `last`: they are not. */
  #drain: "no" | "draining" | "last" = "no";
  /** What PRIORITY_UPDATE said of streams that are not open yet (RFC 9218 section 7.1). */
  readonly #prioritiesAhead = new Map<number, Priority>();
  /** A stream has run since it was looked last whether the connection is idle. */
  #isUsed = false;
  #stopIdle: () => void = noTimer;
  #problem: string | undefined;
  #cause: unknown;
  #clientLeaves = false;
  #stopWaiting: () => void = noTimer;
  readonly #whenClosed = Promise.withResolvers<void>();

  constructor(
    duplex: Duplex,
    runtime: Runtime,
    limits: Limits,
    budget: WindowBudget,
    options: ServerConnectionOptions,
  ) {
    if (options.keepalive !== undefined) checkKeepalive(options.keepalive);
    super(duplex, runtime, limits, budget, options.indexing);
    this.#options = options;
    this.peer = options.peer;
    this.begin(noBytes, [
      [Setting.MAX_CONCURRENT_STREAMS, limits.maxConcurrentStreams],
      [Setting.INITIAL_WINDOW_SIZE, limits.streamWindowBytes],
      [Setting.MAX_FRAME_SIZE, limits.maxFrameBytes],
      [Setting.MAX_HEADER_LIST_SIZE, limits.maxHeaderBytes],
      [Setting.NO_RFC7540_PRIORITIES, 1],
    ]);
    if (options.keepalive !== undefined) this.keepAlive(options.keepalive, true);
    // What it says in time is read in time.
    const waitMs = Math.min(
      options.origin?.waitMs ?? 0,
      limits.handshakeTimeoutMs / 2,
      limits.settingsTimeoutMs / 2,
    );
    if (waitMs > 0) this.wait(waitMs);
    this.#watchIdle();
  }

  get maxConcurrent(): number {
    return this.limits.maxConcurrentStreams;
  }

  get drainBytes(): number {
    return this.limits.drainBytes;
  }

  get drainMs(): number {
    return this.limits.drainMs;
  }

  drain(): void {
    this.letGo();
    if (this.#drain !== "no" || !this.isOpen) return;
    this.#drain = "draining";
    this.goaway(everyStream, ErrorCode.NO_ERROR);
    // What the client sent before it heard of it arrives before the answer to this. It need not answer.
    this.#stopWaiting = this.timer(drainPingMs, () => this.#refuseFromNowOn());
    this.pings.send(() => this.#refuseFromNowOn());
  }

  async close(graceMs: number): Promise<void> {
    checkGrace(graceMs);
    this.drain();
    const cancel = this.timer(graceMs, () => this.abort());
    await this.#whenClosed.promise;
    cancel();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close(disposeGraceMs);
  }

  /** Ends a connection that is of no use to anybody. */
  #watchIdle(): void {
    this.#stopIdle = this.timer(this.limits.idleTimeoutMs, () => {
      if (this.streams.size === 0 && !this.#isUsed) return this.drain();
      this.#isUsed = this.streams.size > 0;
      this.#watchIdle();
    });
  }

  #refuseFromNowOn(): void {
    this.#stopWaiting();
    if (!this.isOpen || this.#drain !== "draining") return;
    this.#drain = "last";
    this.goaway(this.lastTaken, ErrorCode.NO_ERROR);
  }

  abort(): void {
    this.shut();
  }

  override turnEnded(): void {
    super.turnEnded();
    this.#shutIfThrough();
  }

  protected preface(chunk: Uint8Array, start: number, end: number): number {
    let at = start;
    while (at < end && this.#prefaceAt < clientPreface.length) {
      if (chunk[at++] === clientPreface[this.#prefaceAt++]) continue;
      this.fail(ErrorCode.PROTOCOL_ERROR, "the connection does not begin with the preface of HTTP/2");
      return -1;
    }
    return this.#prefaceAt === clientPreface.length ? at : -1;
  }

  headersOfNew(id: number, block: HeaderBlock, endStream: boolean): boolean {
    if (id % 2 === 0)
      return this.fail(ErrorCode.PROTOCOL_ERROR, `a client opens stream ${id}, which is even`);
    this.lastPeerStream = id;
    if (this.#drain === "last") return this.refuse(id, ErrorCode.REFUSED_STREAM);
    this.lastTaken = id;
    if (this.streams.size >= this.limits.maxConcurrentStreams)
      return this.refuse(id, ErrorCode.REFUSED_STREAM);
    if (block.outcome === "too-large") return this.#tooLarge(id, block, endStream);
    const request = readRequest(block);
    if (request instanceof Malformed) return this.refuse(id, ErrorCode.PROTOCOL_ERROR);
    const stream = new ServerStream(this, id, request, this.peerSettings.initialWindowSize);
    if (endStream && stream.isShort) return this.refuse(id, ErrorCode.PROTOCOL_ERROR);
    this.streams.add(stream);
    this.#isUsed = true;
    const ahead = this.#prioritiesAhead.size > 0 ? this.#prioritiesAhead.get(id) : undefined;
    if (ahead !== undefined) {
      this.#prioritiesAhead.delete(id);
      stream.prioritize(ahead.urgency, ahead.incremental);
    }
    const sink = this.#options.accept(stream);
    if (sink === null) {
      stream.accepted(ignored);
      stream.reply(404, noFields, null, null);
    } else stream.accepted(sink);
    if (endStream && !stream.isRemoteEnded) stream.endReceived(null);
    return this.isOpen;
  }

  /** RFC 6585 section 5. */
  #tooLarge(id: number, { problem }: HeaderBlock, endStream: boolean): boolean {
    const head = {
      method: "GET",
      scheme: "",
      authority: "",
      path: "/",
      query: "",
      fields: noFields,
      memo: undefined,
    };
    const request = { head, contentLength: -1, expectsContinue: false, priority: undefined };
    const stream = new ServerStream(this, id, request, this.peerSettings.initialWindowSize);
    stream.isTurnedAway = true;
    this.streams.add(stream);
    stream.accepted(ignored);
    if (endStream) stream.endReceived(null);
    const text = `${problem}\n`;
    stream.reply(
      431,
      plainText,
      Uint8Array.from(text, (c) => c.charCodeAt(0)),
      null,
    );
    return this.conduct.mistake();
  }

  headersOf(stream: Stream, block: HeaderBlock, endStream: boolean): string | null {
    if (!endStream) return "header fields come behind the request's, without its end";
    const trailers = readTrailers(block);
    if (trailers instanceof Malformed) return trailers.text;
    if (stream.isShort) return "the body is shorter than its content-length";
    stream.endReceived(trailers);
    return null;
  }

  isIdle(id: number): boolean {
    // Even ones are the server's, which opens none.
    return id % 2 === 0 || id > this.lastPeerStream;
  }

  isAnswered(): boolean {
    return true;
  }

  resetReceived(stream: Stream, code: number): void {
    (stream as ServerStream).resetReceived(code);
  }

  goawayReceived(_lastStream: number, code: number): boolean {
    // It says nothing of the client's own streams: what runs goes on, and so does what it opened meanwhile.
    this.#clientLeaves = true;
    if (code !== ErrorCode.NO_ERROR) this.shut();
    else this.output.touch();
    return this.isOpen;
  }

  priorityUpdateReceived(id: number, value: string): boolean {
    const priority = readPriority(value);
    if (priority === undefined) return true;
    this.streams.get(id)?.prioritize(priority.urgency, priority.incremental);
    if (!this.isIdle(id) || id % 2 === 0) return true;
    // As many as there may be streams, the last ones.
    const ahead = this.#prioritiesAhead;
    ahead.delete(id);
    if (ahead.size >= this.limits.maxConcurrentStreams)
      for (const oldest of ahead.keys()) if (ahead.delete(oldest)) break;
    ahead.set(id, priority);
    return true;
  }

  streamEnded(): void {}

  protected lose(stream: Stream, end: ConnectionEnd): void {
    if (end.kind === "lost") (stream as ServerStream).lost("the connection was lost", end.cause);
    else if (end.kind === "protocol")
      (stream as ServerStream).lost(`the client broke the rules of HTTP/2 (${end.text})`, undefined);
    else {
      const text = "the server shut down";
      stream.perish({ by: "local", kind: "shutdown", h2: ErrorCode.CANCEL, processed: "maybe", text });
    }
  }

  protected connectionEnded(end: ConnectionEnd): void {
    this.#stopWaiting();
    this.#stopIdle();
    if (end.kind === "protocol") {
      this.#problem = end.text;
      this.#options.origin?.offended();
    } else if (end.kind === "lost") this.#cause = end.cause;
  }

  protected connectionClosed(): void {
    this.#whenClosed.resolve();
    this.#options.closed(this.#problem, this.#cause);
  }

  #shutIfThrough(): void {
    if (this.#drain !== "last" && !this.#clientLeaves) return;
    if (this.isOpen && this.streams.size === 0 && !this.output.isPending && !this.isBehind) this.shut();
  }
}

const ignored = { data(): void {}, end(): void {}, fault(): void {}, writable(): void {}, closed(): void {} };
const plainText = ["content-type", "text/plain; charset=utf-8"];
