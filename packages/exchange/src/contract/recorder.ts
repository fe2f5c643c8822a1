import type { Exchange, Span } from "../exchange.ts";
import type { Fault } from "../fault.ts";
import type { Fields } from "../fields.ts";
import type { Sink } from "../sink.ts";
import { concat } from "./bytes.ts";
import type { Watch } from "./watch.ts";

/** A sink's method, or the server's entry. */
export type EventName =
  "accept" | "sent" | "inform" | "head" | "data" | "end" | "writable" | "fault" | "closed";

/** What a case does from inside an event, once it has been recorded. */
export type Hooks<R> = { readonly [E in EventName]?: (self: R) => void };

/** How far this side has gone with its own half. */
export type Own = "open" | "ended" | "reset";

/**
 * One side of an exchange: it gives the sink, and stands before the exchange. It records every event, and holds each one
 * against the rules that apply always: the order, none from inside a call, none while paused, none after the last.
 */
export abstract class Recorder {
  readonly label: string;
  readonly log: EventName[] = [];
  /** Bytes of the peer's body so far. */
  bytes = 0;
  /** The peer's trailers; undefined before end(). An empty list is null. */
  trailers: Fields | null | undefined;
  /** What fault() said. */
  died: Fault | undefined;
  /** What closed() said; undefined before it. */
  delivered: boolean | undefined;
  own: Own = "open";
  paused = false;
  /** write() has answered false, and writable() has not come since. */
  choked = false;
  /** Bytes that write() and commit() have taken. */
  written = 0;
  /** False lets the bytes go once they are counted. */
  keep = true;
  protected readonly watch: Watch;
  readonly #chunks: Uint8Array[] = [];

  constructor(watch: Watch, label: string) {
    this.watch = watch;
    this.label = label;
  }

  /** The exchange; absent before open() has returned. */
  protected abstract exchange(): Exchange;
  /** Holds an event against this side's order. */
  protected abstract order(event: EventName): string | null;
  protected abstract hook(event: EventName): void;

  /** The peer's body so far. */
  get body(): Uint8Array {
    return concat(this.#chunks);
  }

  /** Nothing more can be expected of the exchange but closed(). */
  get over(): boolean {
    return this.died !== undefined || this.delivered !== undefined || this.own === "reset";
  }

  has(event: EventName): boolean {
    return this.log.includes(event);
  }

  /** Resolves when `event` has come `times` times. */
  async seen(event: EventName, times = 1): Promise<void> {
    const enough = (): boolean => this.log.filter((name) => name === event).length >= times;
    await this.watch.until(enough, `${this.label}: ${event}()${times > 1 ? ` ${times} times` : ""}`);
  }

  /** Resolves when `length` bytes of the peer's body have come. */
  async received(length: number): Promise<void> {
    await this.watch.until(() => this.bytes >= length, `${this.label}: ${length} bytes, of which came`);
  }

  /** Resolves when there is room again, or never will be. */
  async room(): Promise<void> {
    await this.watch.until(() => !this.choked || this.over, `${this.label}: writable()`);
  }

  /** Writes all, waiting for room; stops when the exchange is over. */
  async pour(chunks: Iterable<Uint8Array>): Promise<void> {
    for (const chunk of chunks) {
      if (this.over) return;
      if (!this.write(chunk)) await this.room();
    }
  }

  pause(): void {
    this.watch.call(`${this.label}.pause()`, () => this.exchange().pause());
    this.paused = true;
  }

  resume(): void {
    this.paused = false;
    this.watch.call(`${this.label}.resume()`, () => this.exchange().resume());
  }

  write(chunk: Uint8Array): boolean {
    const room = this.watch.call(`${this.label}.write()`, () => this.exchange().write(chunk));
    return this.#took(chunk.length, room);
  }

  reserve(): Span | null {
    return this.watch.call(`${this.label}.reserve()`, () => this.exchange().reserve());
  }

  /** `length`: how far `pos` lies from the span's first position. */
  commit(pos: number, length: number): boolean {
    const room = this.watch.call(`${this.label}.commit()`, () => this.exchange().commit(pos));
    return this.#took(length, room);
  }

  flush(): void {
    this.watch.call(`${this.label}.flush()`, () => this.exchange().flush());
  }

  end(trailers: Fields | null): void {
    if (this.own === "open") this.own = "ended";
    this.watch.call(`${this.label}.end()`, () => this.exchange().end(trailers));
  }

  reset(h2: number): void {
    if (this.delivered === undefined) this.own = "reset";
    this.watch.call(`${this.label}.reset()`, () => this.exchange().reset(h2));
  }

  /** The events of both sides. */
  protected events(): Sink {
    return {
      data: (chunk, start, end) =>
        this.record("data", () => {
          const right = Number.isInteger(start) && 0 <= start && start <= end && end <= chunk.length;
          if (!right) return `[${start}, ${end}) is no range of ${chunk.length} bytes`;
          if (this.keep) this.#chunks.push(new Uint8Array(chunk.subarray(start, end)));
          this.bytes += end - start;
          return null;
        }),
      end: (trailers) =>
        this.record("end", () => {
          this.trailers = trailers?.length === 0 ? null : trailers;
          return null;
        }),
      fault: (fault) =>
        this.record("fault", () => {
          this.died = fault;
          return null;
        }),
      writable: () =>
        this.record("writable", () => {
          const wanted = this.choked;
          this.choked = false;
          return wanted ? null : "no write() had answered false";
        }),
      closed: (delivered) =>
        this.record("closed", () => {
          this.delivered = delivered;
          if (delivered && this.died !== undefined) return "delivered, after fault()";
          if (delivered && this.own === "open") return "delivered, before this side had ended its half";
          return null;
        }),
    };
  }

  /** Notes an event, checks it, runs the case's hook, and lets the waiting look again. */
  protected record(event: EventName, note: () => string | null): void {
    this.watch.event(() => {
      const wrong = this.watch.within() ?? this.#always(event) ?? this.order(event) ?? note();
      this.log.push(event);
      if (wrong !== null) this.watch.violate(`${this.label}: ${event}(): ${wrong}`);
      this.hook(event);
    });
  }

  /** The rules of both sides. */
  #always(event: EventName): string | null {
    if (this.has("closed")) return "after closed()";
    if (event === "closed") return null;
    if (this.has("fault")) return "after fault()";
    if (this.own === "reset") return "after this side's own reset()";
    if (this.paused && (event === "data" || event === "end")) return "while paused";
    if (this.has("end") && (event === "data" || event === "end")) return "after end()";
    return null;
  }

  #took(length: number, room: boolean): boolean {
    if (this.own === "open") this.written += length;
    if (!room) this.choked = true;
    return room;
  }
}
