import type { RequestHead } from "@millrace/exchange";
import { ClientConnection } from "../../src/client-connection.ts";
import type { IndexingPolicy } from "../../src/hpack/indexing-policy.ts";
import type { KeepaliveOptions } from "../../src/keepalive.ts";
import { limitsFrom, type LimitOptions } from "../../src/limits.ts";
import { WindowBudget } from "../../src/window-budget.ts";
import { type Frame, type Settings, settings, settingsAck } from "./frames.ts";
import { ManualRuntime } from "./manual-runtime.ts";
import { RecordedSink } from "./recorded-sink.ts";
import { peer } from "./server-script.ts";
import { Wire } from "./wire.ts";

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

interface ClientScriptOptions {
  readonly limits?: LimitOptions;
  readonly keepalive?: KeepaliveOptions;
  readonly budget?: WindowBudget;
  readonly indexing?: IndexingPolicy;
}

/** A client's engine, to which a test is the server, frame by frame. */
export class ClientScript {
  readonly runtime: ManualRuntime = new ManualRuntime();
  readonly wire: Wire = new Wire(this.runtime);
  readonly client: ClientConnection;
  isRetired = false;
  /** What closed() told: the problem, or null. */
  closed: string | null | undefined;

  constructor(options: ClientScriptOptions = {}) {
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
  static open(options: ClientScriptOptions & { readonly settings?: Settings } = {}): ClientScript {
    const script = new ClientScript(options);
    script.receive(settings(options.settings), settingsAck);
    script.wire.frames();
    return script;
  }

  /** Opens a request whose body is whole, or none. */
  open(head: Partial<RequestHead> = {}, body: Uint8Array | null = null): RecordedSink {
    const sink = new RecordedSink();
    sink.exchange = this.client.open({ ...requestHead, ...head }, body, noHints, sink);
    this.runtime.settle();
    return sink;
  }

  /** Opens a request whose body is streamed. */
  upload(): RecordedSink {
    const sink = new RecordedSink();
    sink.exchange = this.client.open({ ...requestHead, method: "POST" }, undefined, noHints, sink);
    this.runtime.settle();
    return sink;
  }

  /** The server sends these, in one piece; the client has its turns. */
  receive(...frames: readonly (Frame | Uint8Array)[]): void {
    this.wire.deliver(...frames);
    this.runtime.settle();
  }

  /** What the client has sent since. */
  sent(): string[] {
    this.runtime.settle();
    return this.wire.sent();
  }
}
