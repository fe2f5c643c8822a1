/// <reference lib="esnext.disposable" preserve="true" />
import {
  type Caps,
  type ClientSink,
  type Connector,
  ErrorCode,
  type Exchange,
  type Fault,
  type Hints,
  type Peer,
  type RequestHead,
} from "@millrace/exchange";
import { http2Caps } from "./caps.ts";
import { ClientStream, type ClientStreamHost } from "./client-stream.ts";
import type { ConnectionEnd } from "./closing.ts";
import { Connection } from "./connection.ts";
import type { Duplex } from "./duplex.ts";
import { codeName, type Goaway, goawayText } from "./goaway.ts";
import type { HeaderBlock } from "./hpack/header-block.ts";
import type { IndexingPolicy } from "./hpack/indexing-policy.ts";
import { checkKeepalive, type KeepaliveOptions } from "./keepalive.ts";
import { lastId } from "./last-id.ts";
import type { Limits } from "./limits.ts";
import { checkGrace } from "./option-checks.ts";
import { otherProtocol } from "./other-protocol.ts";
import { clientPreface } from "./preface.ts";
import type { Runtime } from "./runtime.ts";
import { Setting } from "./settings.ts";
import type { Stream } from "./stream.ts";
import type { WindowBudget } from "./window-budget.ts";

/** What a client's connection needs, and tells. */
export interface ClientConnectionOptions {
  /** Absent: nobody asks. */
  readonly keepalive?: KeepaliveOptions | undefined;
  /** Which fields HPACK keeps out of its table. Absent: `defaultIndexingPolicy`. */
  readonly indexing?: IndexingPolicy | undefined;
  /** What exchanges say of the other end. */
  readonly peer: Peer;
  /** The peer's name in texts: `localhost:8080`. */
  readonly name: string;
  /** There may be room for a stream, and `room` says how much: SETTINGS have come, or a stream has ended. */
  readonly room?: (() => void) | undefined;
  /** A transport's `cause` in a few words. Absent: its message. */
  readonly reason?: ((cause: unknown) => string) | undefined;
  /** Streams are open, or none is any more: a socket need not keep a process alive then. */
  readonly busy?: ((isBusy: boolean) => void) | undefined;
  /** It takes no new streams; those that run go on. */
  readonly retired?: (() => void) | undefined;
  /** It is closed. `problem`: what the peer did wrong, in one line; `cause`: what the transport says. */
  readonly closed?: ((problem: string | undefined, cause: unknown) => void) | undefined;
}

/** What runs a client's side of a connection. */
export class ClientConnection extends Connection implements ClientStreamHost, Connector, AsyncDisposable {
  readonly peer: Peer;
  readonly name: string;
  readonly caps: Caps = http2Caps;
  readonly isClient = true;
  readonly #options: ClientConnectionOptions;
  /** In the order of open(). */
  readonly #waiting = new Set<ClientStream>();
  #nextId = 1;
  #goaway: Goaway | undefined;
  #end: ConnectionEnd | undefined;
  #isRetired = false;
  /** The server's GOAWAY was the first word of it. */
  #isServerLeaving = false;
  /** Nothing has come yet. */
  #isSilent = true;
  /** Those that wait are to be looked at, at the end of the turn. */
  #roomDue = false;
  /** Nothing runs any more, and the last word is said; the transport may take a moment to close. */
  readonly #whenThrough = Promise.withResolvers<void>();

  constructor(
    duplex: Duplex,
    runtime: Runtime,
    limits: Limits,
    budget: WindowBudget,
    options: ClientConnectionOptions,
  ) {
    if (options.keepalive !== undefined) checkKeepalive(options.keepalive);
    super(duplex, runtime, limits, budget, options.indexing);
    this.#options = options;
    this.peer = options.peer;
    this.name = options.name;
    this.begin(clientPreface, [
      [Setting.ENABLE_PUSH, 0],
      [Setting.MAX_CONCURRENT_STREAMS, 0],
      [Setting.INITIAL_WINDOW_SIZE, limits.streamWindowBytes],
      [Setting.MAX_FRAME_SIZE, limits.maxFrameBytes],
      [Setting.MAX_HEADER_LIST_SIZE, limits.maxHeaderBytes],
      [Setting.NO_RFC7540_PRIORITIES, 1],
    ]);
    const { keepalive } = options;
    if (keepalive !== undefined) this.keepAlive(keepalive, keepalive.whileIdle === true);
  }

  get room(): number {
    if (!this.isReady || this.#isRetired || !this.isOpen) return 0;
    return this.peerSettings.maxConcurrentStreams - this.streams.size - this.#waiting.size;
  }

  get problem(): string | undefined {
    return this.#end?.kind === "protocol" ? this.#end.text : undefined;
  }

  get goawaySaid(): Goaway | undefined {
    return this.#goaway;
  }

  open(
    head: RequestHead,
    body: Uint8Array | null | undefined,
    _hints: Hints | undefined,
    sink: ClientSink,
  ): Exchange {
    const stream = new ClientStream(this, head, body, sink);
    const { unsendable } = stream;
    if (unsendable !== null) stream.dieLater(unsendable);
    else if (this.#isRetired || !this.isOpen) this.#refuse(stream);
    else if (this.#waiting.size === 0 && this.room > 0) this.#start(stream);
    else this.#waiting.add(stream);
    return stream;
  }

  async close(graceMs: number): Promise<void> {
    checkGrace(graceMs);
    this.retire();
    const cancel = this.runtime.timer(graceMs, () => this.shut());
    await this.#whenThrough.promise;
    cancel();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close(0);
  }

  retire(): void {
    if (this.#isRetired) return;
    this.#isRetired = true;
    for (const stream of this.#waiting) this.#refuse(stream);
    this.#waiting.clear();
    this.#options.retired?.();
    this.output.touch();
  }

  abort(): void {
    this.retire();
    this.shut();
  }

  withdrawn(stream: ClientStream): void {
    this.#waiting.delete(stream);
  }

  override turnEnded(): void {
    super.turnEnded();
    if (this.#roomDue) {
      this.#roomDue = false;
      this.#startWaiting();
    }
    if (!this.#isRetired || this.streams.size + this.lingering.size > 0 || this.turnEnd.isAwaited) return;
    if (!this.isOpen) this.#whenThrough.resolve();
    else if (!this.output.isPending) this.shut();
  }

  protected preface(chunk: Uint8Array, start: number, end: number): number {
    const other = this.#isSilent ? otherProtocol(chunk, start, end) : undefined;
    this.#isSilent = false;
    if (other === undefined) return start;
    this.fail(ErrorCode.PROTOCOL_ERROR, other);
    return -1;
  }

  headersOfNew(id: number): boolean {
    return this.fail(ErrorCode.PROTOCOL_ERROR, `HEADERS came on stream ${id}, which is idle`);
  }

  headersOf(stream: Stream, block: HeaderBlock, endStream: boolean): string | null {
    return (stream as ClientStream).headersReceived(block, endStream);
  }

  isIdle(id: number): boolean {
    return id % 2 === 0 || id >= this.#nextId;
  }

  isAnswered(stream: Stream): boolean {
    return (stream as ClientStream).isAnswered;
  }

  resetReceived(stream: Stream, code: number): void {
    const isRefused = code === ErrorCode.REFUSED_STREAM && !(stream as ClientStream).isAnswered;
    (stream as ClientStream).resetReceived(code, {
      by: "peer",
      kind: "reset",
      h2: code,
      processed: isRefused ? "never" : "maybe",
      text: `${this.name} reset the stream with ${codeName(code)}`,
    });
  }

  goawayReceived(lastStream: number, code: number, debug: Uint8Array): boolean {
    const before = this.#goaway;
    if (before !== undefined && lastStream > before.lastStream)
      return this.fail(ErrorCode.PROTOCOL_ERROR, "a GOAWAY names a later stream than the one before it");
    this.#goaway = { lastStream, code, debug };
    if (!this.#isRetired) this.#isServerLeaving = true;
    this.retire();
    for (const stream of this.streams.values()) {
      if (stream.id <= lastStream) continue;
      this.streams.delete(stream.id);
      stream.perish(this.#goawayFault(this.#goaway, "never"));
    }
    // The peer ends the connection now (RFC 9113 section 5.4.1).
    if (code !== ErrorCode.NO_ERROR) this.shut();
    return this.isOpen;
  }

  priorityUpdateReceived(): boolean {
    return this.fail(ErrorCode.PROTOCOL_ERROR, "a server sent PRIORITY_UPDATE");
  }

  override settingsReceived(): void {
    super.settingsReceived();
    // Others may stand behind these, which take back what they allow.
    this.#roomDue = true;
    this.output.touch();
  }

  streamEnded(): void {
    this.#roomDue = true;
    this.output.touch();
    if (this.streams.size === 0) this.#busy(false);
  }

  protected lose(stream: Stream, end: ConnectionEnd): void {
    // Of a connection that has ended before, it is this side that cuts what waits for its reader.
    const isOver = this.#end !== undefined;
    stream.perish(isOver ? this.#shutdownFault("maybe") : this.#faultOf(end, "maybe"));
  }

  protected connectionEnded(end: ConnectionEnd): void {
    this.#end = end;
    this.output.touch();
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const stream of waiting) stream.perish(this.#faultOf(end, "never"));
    if (!this.#isRetired) {
      this.#isRetired = true;
      this.#options.retired?.();
    }
  }

  protected connectionClosed(): void {
    const end = this.#end;
    this.#options.closed?.(this.problem, end?.kind === "lost" ? end.cause : undefined);
  }

  #start(stream: ClientStream): void {
    const most = this.peerSettings.maxHeaderListSize;
    const octets = most === Infinity ? 0 : stream.headOctets;
    if (octets > most) {
      const text = `the request's header fields have ${octets} bytes: ${this.name} takes at most ${most}`;
      stream.dieLater({ by: "local", kind: "limit", h2: -1, processed: "never", text });
      return;
    }
    stream.id = this.#nextId;
    this.#nextId += 2;
    this.streams.add(stream);
    stream.start(this.peerSettings.initialWindowSize);
    if (this.streams.size === 1) this.#busy(true);
    if (stream.id > lastId) this.retire();
  }

  #busy(isBusy: boolean): void {
    this.#options.busy?.(isBusy);
    if (this.#options.keepalive?.whileIdle !== true) this.streamsOpen(isBusy);
  }

  #startWaiting(): void {
    for (const stream of this.#waiting) {
      if (this.streams.size >= this.peerSettings.maxConcurrentStreams) break;
      this.#waiting.delete(stream);
      this.#start(stream);
    }
    if (this.isReady && this.isOpen && !this.#isRetired) this.#options.room?.();
  }

  #refuse(stream: ClientStream): void {
    stream.dieLater(this.#refusal());
  }

  #refusal(): Fault {
    if (this.#goaway !== undefined && (this.#end === undefined || this.#isServerLeaving))
      return this.#goawayFault(this.#goaway, "never");
    return this.#end === undefined ? this.#shutdownFault("never") : this.#faultOf(this.#end, "never");
  }

  #faultOf(end: ConnectionEnd, processed: "never" | "maybe"): Fault {
    if (end.kind === "shutdown") {
      const goaway = this.#goaway;
      const isError = goaway !== undefined && goaway.code !== ErrorCode.NO_ERROR;
      return isError ? this.#goawayFault(goaway, processed) : this.#shutdownFault(processed);
    }
    if (end.kind === "protocol") {
      const text = `${this.name} broke the rules of HTTP/2: ${end.text}`;
      return { by: "local", kind: "protocol", h2: end.code, processed, text };
    }
    if (this.#goaway !== undefined) return this.#goawayFault(this.#goaway, processed, end.cause);
    const { reason = messageOf } = this.#options;
    const closed = this.#isSilent ? silent(this.peer) : "the peer closed it";
    const why = end.cause === undefined ? closed : reason(end.cause);
    const text = `the connection to ${this.name} was lost: ${why}`;
    return { by: "transport", kind: "lost", h2: -1, processed, text, cause: end.cause };
  }

  #goawayFault(goaway: Goaway, processed: "never" | "maybe", cause?: unknown): Fault {
    const did = processed === "never" ? "took no more requests" : "cut this request";
    const text =
      goaway.code === ErrorCode.NO_ERROR
        ? `${this.name} is shutting down, and ${did} (${goawayText(goaway)})`
        : `${this.name} closed the connection with ${goawayText(goaway)}`;
    return { by: "peer", kind: "goaway", h2: goaway.code, processed, text, cause };
  }

  #shutdownFault(processed: "never" | "maybe"): Fault {
    const text = `this side closed the connection to ${this.name}`;
    return { by: "local", kind: "shutdown", h2: -1, processed, text };
  }
}

function silent({ tls }: Peer): string {
  const fix = tls ? "" : ", or expect TLS (https:)";
  return `the peer closed it without a word: it may not speak HTTP/2 here${fix}`;
}

function messageOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : "it broke";
}
