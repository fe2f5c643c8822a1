import type { ServerExchange } from "../exchange.ts";
import type { Fields } from "../fields.ts";
import type { Sink } from "../sink.ts";
import { type EventName, type Hooks, Recorder } from "./recorder.ts";
import type { Watch } from "./watch.ts";

/** The server's side of an exchange. */
export class ServerRecorder extends Recorder {
  readonly sink: Sink;
  readonly #exchange: ServerExchange;
  readonly #hooks: Hooks<ServerRecorder>;

  constructor(watch: Watch, label: string, hooks: Hooks<ServerRecorder>, exchange: ServerExchange) {
    super(watch, label);
    this.#hooks = hooks;
    this.#exchange = exchange;
    this.sink = this.events();
  }

  /** The exchange itself: its head, peer and capabilities. */
  get given(): ServerExchange {
    return this.#exchange;
  }

  /** Records the event whose result is this side's sink. */
  accepted(): void {
    this.record("accept", () => null);
  }

  inform(status: number, fields: Fields): void {
    this.watch.call(`${this.label}.inform()`, () => this.#exchange.inform(status, fields));
  }

  respond(status: number, fields: Fields = []): void {
    this.watch.call(`${this.label}.respond()`, () => this.#exchange.respond(status, fields));
  }

  reply(
    status: number,
    fields: Fields = [],
    body: Uint8Array | null = null,
    trailers: Fields | null = null,
  ): void {
    if (this.own === "open") {
      this.written += body?.length ?? 0;
      this.own = "ended";
    }
    this.watch.call(`${this.label}.reply()`, () => this.#exchange.reply(status, fields, body, trailers));
  }

  protected exchange(): ServerExchange {
    return this.#exchange;
  }

  protected order(event: EventName): string | null {
    if (event === "data" && this.own === "ended") return "after this side had ended its half";
    if (event === "closed" && this.own === "open" && !this.over)
      return "with neither end() nor fault() before it";
    return null;
  }

  protected hook(event: EventName): void {
    this.#hooks[event]?.(this);
  }
}
