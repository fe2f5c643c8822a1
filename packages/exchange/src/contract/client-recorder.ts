import type { Caps } from "../caps.ts";
import type { Exchange } from "../exchange.ts";
import type { Fields } from "../fields.ts";
import type { Head } from "../head.ts";
import type { Peer } from "../peer.ts";
import type { ClientSink } from "../sink.ts";
import { type EventName, type Hooks, Recorder } from "./recorder.ts";
import { check } from "./violation.ts";
import type { Watch } from "./watch.ts";

/** The client's side of an exchange. */
export class ClientRecorder extends Recorder {
  readonly sink: ClientSink;
  /** What sent() said. */
  peer: Peer | undefined;
  caps: Caps | undefined;
  readonly interim: { readonly status: number; readonly fields: Fields }[] = [];
  /** The response's status; undefined before head(). */
  status: number | undefined;
  head: Head | undefined;
  readonly #hooks: Hooks<ClientRecorder>;
  #exchange: Exchange | undefined;

  constructor(watch: Watch, label: string, hooks: Hooks<ClientRecorder>, whole: boolean) {
    super(watch, label);
    this.#hooks = hooks;
    if (whole) this.own = "ended";
    this.sink = {
      ...this.events(),
      sent: (peer, caps) =>
        this.record("sent", () => {
          this.peer = peer;
          this.caps = caps;
          return null;
        }),
      inform: (status, fields) =>
        this.record("inform", () => {
          this.interim.push({ status, fields });
          return status >= 100 && status < 200 ? null : `status ${status}`;
        }),
      head: (status, head) =>
        this.record("head", () => {
          this.status = status;
          this.head = head;
          return head.memo === undefined ? null : "a fresh head has a memo";
        }),
    };
  }

  /** Keeps what open() gave. */
  opened(exchange: Exchange): void {
    this.#exchange = exchange;
  }

  protected exchange(): Exchange {
    check(this.#exchange !== undefined, `${this.label}: an event came before open() had returned`);
    return this.#exchange;
  }

  protected order(event: EventName): string | null {
    switch (event) {
      case "sent":
        return this.has("sent") ? "twice" : null;
      case "inform":
      case "head":
        if (!this.has("sent")) return "before sent()";
        return this.has("head") ? "after head()" : null;
      case "data":
      case "end":
        return this.has("head") ? null : "before head()";
      case "closed":
        return this.has("end") || this.over ? null : "with neither end() nor fault() before it";
      default:
        return null;
    }
  }

  protected hook(event: EventName): void {
    this.#hooks[event]?.(this);
  }
}
