import type { Peer, ServerExchange } from "@millrace/exchange";
import type { IndexingPolicy } from "../../src/hpack/indexing-policy.ts";
import type { KeepaliveOptions } from "../../src/keepalive.ts";
import { limitsFrom, type LimitOptions } from "../../src/limits.ts";
import { ServerConnection } from "../../src/server-connection.ts";
import { WindowBudget } from "../../src/window-budget.ts";
import { type Frame, preface, type Settings, settings, settingsAck } from "./frames.ts";
import { ManualRuntime } from "./manual-runtime.ts";
import { RecordedSink } from "./recorded-sink.ts";
import { Wire } from "./wire.ts";

export const peer: Peer = { address: "memory", tls: false, certificate: () => null };

/** The fields that a request needs. */
export const get = [":method", "GET", ":scheme", "http", ":authority", "a", ":path", "/"];
export const post = [":method", "POST", ":scheme", "http", ":authority", "a", ":path", "/"];

/** One request, as the layer above has it. */
export class ServedRequest extends RecordedSink {
  declare exchange: ServerExchange;
}

interface ServerScriptOptions {
  readonly limits?: LimitOptions;
  readonly keepalive?: KeepaliveOptions;
  readonly budget?: WindowBudget;
  readonly indexing?: IndexingPolicy;
  /** Runs in accept(). */
  readonly accept?: (request: ServedRequest) => void;
}

/** A server's engine, to which a test is the client, frame by frame. */
export class ServerScript {
  readonly runtime: ManualRuntime = new ManualRuntime();
  readonly wire: Wire = new Wire(this.runtime);
  readonly server: ServerConnection;
  readonly requests: ServedRequest[] = [];
  /** What closed() told: the problem, or null. */
  closed: string | null | undefined;

  constructor(options: ServerScriptOptions = {}) {
    const { limits, keepalive, indexing, budget = new WindowBudget(64 * 1024 * 1024) } = options;
    this.server = new ServerConnection(this.wire, this.runtime, limitsFrom(limits), budget, {
      keepalive,
      indexing,
      peer,
      accept: (exchange) => {
        const request = new ServedRequest();
        request.exchange = exchange;
        this.requests.push(request);
        options.accept?.(request);
        return request;
      },
      closed: (problem) => void (this.closed = problem ?? null),
    });
    this.runtime.settle();
  }

  /** A connection whose both ends have exchanged preface and SETTINGS. */
  static open(options: ServerScriptOptions & { readonly settings?: Settings } = {}): ServerScript {
    const script = new ServerScript(options);
    script.receive(preface, settings(options.settings), settingsAck);
    script.wire.frames();
    return script;
  }

  /** The client sends these, in one piece; the server has its turns. */
  receive(...frames: readonly (Frame | Uint8Array)[]): void {
    this.wire.deliver(...frames);
    this.runtime.settle();
  }

  /** What the server has sent since. */
  sent(): string[] {
    this.runtime.settle();
    return this.wire.sent();
  }

  /** The request that came last. */
  get last(): ServedRequest {
    return this.requests.at(-1)!;
  }
}
