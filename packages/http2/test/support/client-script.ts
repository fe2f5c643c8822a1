import type { RequestHead } from "@millrace/exchange";
import { ClientConnection } from "../../src/client-connection.ts";
import { limitsFrom } from "../../src/limits.ts";
import { WindowBudget } from "../../src/window-budget.ts";
import { EngineScript, peer, type ScriptOptions } from "./engine-script.ts";
import { type Settings, settings, settingsAck } from "./frames.ts";
import { RecordedSink } from "./recorded-sink.ts";

export const requestHead: RequestHead = {
  method: "GET",
  scheme: "http",
  authority: "a",
  path: "/",
  query: "",
  fields: [],
  memo: undefined,
};
const noHints = { deadline: Infinity, attempt: 0 };

/** A client's engine, to which a test is the server, frame by frame. */
export class ClientScript extends EngineScript {
  readonly client: ClientConnection;
  isRetired = false;

  constructor(options: ScriptOptions = {}) {
    super();
    const { limits, keepalive, indexing, budget = new WindowBudget(64 * 1024 * 1024) } = options;
    this.client = new ClientConnection(this.wire, this.runtime, limitsFrom(limits), budget, {
      keepalive,
      indexing,
      peer,
      name: "a",
      retired: () => void (this.isRetired = true),
      closed: (problem) => void (this.closed = problem ?? null),
    });
    this.runtime.settle();
  }

  /** A connection whose both ends have exchanged preface and SETTINGS. */
  static open(options: ScriptOptions & { readonly settings?: Settings } = {}): ClientScript {
    const script = new ClientScript(options);
    script.receive(settings(options.settings), settingsAck);
    script.wire.frames();
    return script;
  }

  /** Opens a request whose body is whole, or none. */
  open(
    head: Partial<RequestHead> = {},
    body: Uint8Array | null = null,
    sink: RecordedSink = new RecordedSink(),
  ): RecordedSink {
    this.start(sink, head, body);
    this.runtime.settle();
    return sink;
  }

  /** The same, in a turn that is not over yet. */
  start(sink: RecordedSink, head: Partial<RequestHead> = {}, body: Uint8Array | null = null): void {
    sink.exchange = this.client.open({ ...requestHead, ...head }, body, noHints, sink);
  }

  /** Opens a request whose body is streamed. */
  upload(): RecordedSink {
    const sink = new RecordedSink();
    sink.exchange = this.client.open({ ...requestHead, method: "POST" }, undefined, noHints, sink);
    this.runtime.settle();
    return sink;
  }
}
