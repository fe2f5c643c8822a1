import type { ServerExchange } from "@millrace/exchange";
import { limitsFrom } from "../../src/limits.ts";
import { ServerConnection } from "../../src/server-connection.ts";
import { WindowBudget } from "../../src/window-budget.ts";
import { EngineScript, peer, type ScriptOptions } from "./engine-script.ts";
import { preface, type Settings, settings, settingsAck } from "./frames.ts";
import { RecordedSink } from "./recorded-sink.ts";

/** The fields that a request needs. */
export const get = [":method", "GET", ":scheme", "http", ":authority", "a", ":path", "/"];
export const post = [":method", "POST", ":scheme", "http", ":authority", "a", ":path", "/"];

/** One request, as the layer above has it. */
export class ServedRequest extends RecordedSink {
  declare exchange: ServerExchange;
}

interface ServerScriptOptions extends ScriptOptions {
  /** Runs in accept(). */
  readonly accept?: (request: ServedRequest) => void;
}

/** A server's engine, to which a test is the client, frame by frame. */
export class ServerScript extends EngineScript {
  readonly server: ServerConnection;
  readonly requests: ServedRequest[] = [];

  constructor(options: ServerScriptOptions = {}) {
    super();
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

  /** The request that came last. */
  get last(): ServedRequest {
    return this.requests.at(-1)!;
  }
}
