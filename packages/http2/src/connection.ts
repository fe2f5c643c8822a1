import type { Fields } from "@millrace/exchange";
import { Closing, type ClosingHost, type ConnectionEnd } from "./closing.ts";
import { Conduct, type ConductHost } from "./conduct.ts";
import type { Duplex, DuplexSink } from "./duplex.ts";
import { blockBound, Encoder } from "./hpack/encoder.ts";
import type { HeaderBlock } from "./hpack/header-block.ts";
import type { IndexingPolicy } from "./hpack/indexing-policy.ts";
import { Inbound } from "./inbound.ts";
import type { InboundHost } from "./inbound-host.ts";
import { Intake, type IntakeHost } from "./intake.ts";
import { Keepalive, type KeepaliveOptions } from "./keepalive.ts";
import type { Limits } from "./limits.ts";
import { noBytes } from "./no-bytes.ts";
import { Output, type OutputEvents } from "./output.ts";
import { Pings } from "./pings.ts";
import type { Runtime } from "./runtime.ts";
import { initialSettings, initialWindow, type PeerSettings } from "./settings.ts";
import type { SendHalf } from "./send-half.ts";
import type { Stream } from "./stream.ts";
import type { StreamHost } from "./stream-host.ts";
import { StreamTable } from "./stream-table.ts";
import { TurnEnd } from "./turn-end.ts";
import { WindowBudget } from "./window-budget.ts";
import { WindowTuner } from "./window-tuner.ts";

/** As many of a connection's streams may have the largest window at once; the others what that leaves. */
const largestWindows = 4;

/** One connection (RFC 9113), from either side: frames in, frames out, and the streams between. */
export abstract class Connection
  implements ClosingHost, ConductHost, DuplexSink, InboundHost, IntakeHost, OutputEvents, StreamHost
{
  readonly output: Output;
  readonly limits: Limits;
  readonly runtime: Runtime;
  readonly streams: StreamTable<Stream> = new StreamTable();
  readonly peerSettings: PeerSettings = initialSettings();
  readonly turnEnd: TurnEnd;
  readonly conduct: Conduct;
  readonly pings: Pings;
  readonly tuner: WindowTuner;
  /** Exchanges that are through on the wire, and whose readers are paused before the rest. */
  protected readonly lingering: Set<Stream> = new Set();
  /** The highest stream that the peer has opened. */
  protected lastPeerStream = 0;
  /** The highest of them that was not refused for good: what GOAWAY names, which never grows again (RFC 9113 section 6.8). */
  protected lastTaken = 0;
  readonly #duplex: Duplex;
  readonly #inbound: Inbound;
  readonly #intake: Intake;
  readonly #encoder: Encoder;
  readonly #budget: WindowBudget;
  readonly #closing: Closing;
  #keepalive: Keepalive | undefined;

  constructor(
    duplex: Duplex,
    runtime: Runtime,
    limits: Limits,
    budget: WindowBudget,
    indexing: IndexingPolicy | undefined,
  ) {
    this.#duplex = duplex;
    this.#encoder = new Encoder(indexing);
    this.runtime = runtime;
    this.limits = limits;
    this.output = new Output(duplex, runtime, this, limits);
    this.turnEnd = new TurnEnd(this.output, runtime);
    this.#closing = new Closing(this, duplex);
    this.conduct = new Conduct(this);
    this.pings = new Pings(this.output);
    this.tuner = new WindowTuner(limits.streamWindowBytes, limits.maxStreamWindowBytes, runtime, this.pings);
    this.#budget = new WindowBudget(largestWindows * limits.maxStreamWindowBytes, budget);
    this.#inbound = new Inbound(this);
    this.#intake = new Intake(this, duplex);
  }

  // For each side.

  abstract readonly isClient: boolean;
  abstract isIdle(id: number): boolean;
  abstract isAnswered(stream: Stream): boolean;
  abstract headersOfNew(id: number, block: HeaderBlock, endStream: boolean): boolean;
  abstract headersOf(stream: Stream, block: HeaderBlock, endStream: boolean): string | null;
  abstract resetReceived(stream: Stream, code: number): void;
  abstract streamEnded(): void;
  abstract goawayReceived(lastStream: number, code: number, debug: Uint8Array): boolean;
  abstract priorityUpdateReceived(id: number, value: string): boolean;
  /** Reads what comes before the first frame. Gives where the frames begin; -1: not here. */
  protected abstract preface(chunk: Uint8Array, start: number, end: number): number;
  /** A stream dies with its connection. */
  protected abstract lose(stream: Stream, end: ConnectionEnd): void;
  /** Nothing new comes of it, and all that ran dies. Once. */
  protected abstract connectionEnded(end: ConnectionEnd): void;
  /** The transport is closed, and every exchange has been told of its own end. Once, last. */
  protected abstract connectionClosed(): void;

  /** Sends what a connection begins with: `prefix` and SETTINGS. */
  protected begin(prefix: Uint8Array, settings: readonly (readonly [number, number])[]): void {
    const { writer } = this.output;
    writer.raw(prefix);
    writer.settings(settings);
    this.#inbound.open();
    this.output.touch();
    this.#duplex.start(this);
  }

  /** Reads nothing for so many milliseconds. */
  protected wait(ms: number): void {
    this.#intake.wait(ms);
  }

  /** Asks a silent peer whether it lives, from now on, or while there are streams; without an answer the connection is lost. */
  protected keepAlive(options: KeepaliveOptions, always: boolean): void {
    const dead = (): void => this.#closing.giveUp(`no answer to PING within ${options.timeoutMs} ms`);
    this.#keepalive = new Keepalive(options, this.runtime, this.pings, dead, always);
  }

  /** Streams are open, or none is any more. */
  protected streamsOpen(are: boolean): void {
    this.#keepalive?.busy(are);
  }

  get isOpen(): boolean {
    return this.#closing.isOpen;
  }

  get isDeaf(): boolean {
    return this.#closing.isDeaf;
  }

  /** The peer's SETTINGS have come. */
  protected get isReady(): boolean {
    return this.#inbound.settings.seen;
  }

  // What the duplex tells.

  data(chunk: Uint8Array, start: number, end: number): void {
    if (!this.#closing.isOpen) return this.#closing.ignore(end - start);
    this.#keepalive?.heard();
    const at = this.#inbound.settings.seen ? start : this.preface(chunk, start, end);
    if (at >= 0) this.#intake.take(chunk, at, end);
  }

  writable(): void {
    this.output.drained();
  }

  end(): void {
    this.#duplex.destroy();
  }

  closed(cause: unknown): void {
    this.#intake.whenRead(() => this.#closing.lost(cause));
  }

  // What the intake asks and tells.

  read(chunk: Uint8Array, start: number, end: number): number {
    return this.#inbound.read(chunk, start, end);
  }

  turnBegins(): void {
    this.#inbound.nextTurn();
  }

  get isHeldBack(): boolean {
    return this.#intake.isHeldBack;
  }

  /** Frames that have come wait to be read. */
  protected get isBehind(): boolean {
    return this.#intake.isBehind;
  }

  // What the output tells.

  turnEnding(): void {
    this.turnEnd.credit();
  }

  turnEnded(): void {
    this.#inbound.nextTurn();
    this.turnEnd.deliver();
    // Who waits for the end hears of it behind those that ran, and behind those whose readers are paused.
    if (!this.#closing.isDue || this.turnEnd.isAwaited || this.lingering.size > 0) return;
    this.#closing.told();
    this.connectionClosed();
  }

  stalled(): void {
    this.#closing.giveUp(`what was written has not left within ${this.limits.writeTimeoutMs} ms`);
  }

  backlogged(isBacklogged: boolean): void {
    this.#intake.backlogged(isBacklogged);
  }

  // What streams ask.

  get streamWindow(): number {
    return this.limits.streamWindowBytes;
  }

  get streamWindowExtra(): number {
    // Until SETTINGS are acknowledged, the peer may go by what holds without them.
    return this.#inbound.settings.acknowledged ? 0 : Math.max(0, initialWindow - this.streamWindow);
  }

  windowWanted(current: number): number {
    this.tuner.measure();
    const { target } = this.tuner;
    return target <= current ? current : current + this.#budget.take(target - current);
  }

  windowReturned(bytes: number): void {
    this.#budget.give(bytes);
  }

  headers(stream: SendHalf, pseudo: Fields, fields: Fields, more: Fields, endStream: boolean): void {
    const { writer, maxFrame } = this.output;
    let at = writer.openHeaders(blockBound(pseudo, fields, more));
    const { buffer } = writer;
    at = this.#encoder.begin(buffer, at);
    at = this.#encoder.write(pseudo, buffer, at);
    if (fields.length > 0) at = this.#encoder.write(fields, buffer, at);
    if (more.length > 0) at = this.#encoder.write(more, buffer, at);
    writer.closeHeaders(stream.id, at, endStream, maxFrame);
    this.output.touch();
  }

  rst(stream: Stream, code: number): void {
    this.output.writer.rstStream(stream.id, code);
    this.output.touch();
    if (!stream.isRemoteEnded) this.conduct.ignore(stream.id, stream.receiveWindow);
    if (this.streams.delete(stream.id)) this.streamEnded();
  }

  ended(stream: Stream): void {
    if (!this.streams.delete(stream.id)) return;
    if (!stream.isTurnedAway) this.conduct.worked();
    this.streamEnded();
  }

  lingers(stream: Stream): void {
    this.lingering.add(stream);
  }

  lingered(stream: Stream): void {
    if (this.lingering.size > 0) this.lingering.delete(stream);
  }

  timer(ms: number, run: () => void): () => void {
    return this.runtime.timer(ms, run);
  }

  /** Ends the connection for what the peer did: GOAWAY with this code, and every stream dies. Gives false: stop reading. */
  fail(code: number, text: string): false {
    return this.#closing.fail(code, text);
  }

  /**
   * Ends the connection as it should be ended: nothing runs any more, or what runs dies. GOAWAY and the transport's end say so
   * for all streams at once (RFC 9113 section 5.4.1); a RST_STREAM for each would say that they alone were canceled.
   */
  protected shut(): void {
    for (const stream of [...this.lingering]) this.lose(stream, { kind: "shutdown" });
    this.letGo();
    this.#closing.shut();
  }

  /** Of a peer that broke the rules: a transport that is not read keeps no process alive, and somebody waits for its end. */
  protected letGo(): void {
    this.#closing.letGo();
  }

  /** `lastStream`: no more than an earlier one has said (RFC 9113 section 6.8). */
  protected goaway(lastStream: number, code: number, debug: Uint8Array = noBytes): void {
    this.output.writer.goaway(lastStream, code, debug);
    this.output.touch();
  }

  /** The peer's SETTINGS have come, the first ones or others. */
  settingsReceived(): void {
    const { peerSettings } = this;
    this.#encoder.setMaxTableOctets(peerSettings.leastHeaderTableSize);
    this.#encoder.setMaxTableOctets(peerSettings.headerTableSize);
    peerSettings.leastHeaderTableSize = peerSettings.headerTableSize;
  }

  /** RST_STREAM for a stream that was never opened here. */
  protected refuse(id: number, code: number): boolean {
    this.output.writer.rstStream(id, code);
    this.output.touch();
    this.conduct.ignore(id, this.streamWindow + this.streamWindowExtra);
    return this.conduct.mistake();
  }

  // What its end tells.

  lastWord(code: number, debug: Uint8Array): void {
    this.goaway(this.lastTaken, code, debug);
  }

  saidLast(): void {
    this.#intake.ended();
  }

  over(end: ConnectionEnd): void {
    this.#intake.stop();
    this.#inbound.stop();
    this.#keepalive?.stop();
    const streams = this.streams.values();
    this.streams.clear();
    for (const stream of streams) this.lose(stream, end);
    this.connectionEnded(end);
  }
}
