import type { Peer, ServerExchange } from "@millrace/exchange";
import { errorName } from "../../error.ts";
import type { Compression, Host } from "../../host/host.ts";
import type { JsonOptions } from "../../method.ts";
import type { App } from "../app.ts";
import type { CallHead } from "../call-head.ts";
import { checkBytes } from "../check-option.ts";
import { ChunkWriter } from "../chunk-writer.ts";
import { acceptedCompressions, sendCompression } from "../compression-options.ts";
import { budgetFor } from "../memory-budget.ts";
import type { MemoryBudget } from "../memory-budget.ts";
import { Pace } from "../pace.ts";
import type { SendCompression } from "../message-encoder.ts";
import { ConcurrencyLimit } from "./concurrency-limit.ts";
import { ConnectionLoad } from "./connection-load.ts";

/** One connection's part of what a server has. */
export interface ConnectionShare {
  readonly limit: ConcurrencyLimit;
  readonly budget: MemoryBudget;
  readonly load: ConnectionLoad;
}

/** An App's inside: what all of its calls share. */
export class AppCore {
  readonly host: Host;
  readonly accept: readonly Compression[];
  readonly send: readonly SendCompression[];
  readonly maxReceiveBytes: number;
  readonly maxSendBytes: number;
  readonly json: JsonOptions;
  readonly budget: MemoryBudget;
  /** Of calls whose carriage bounds nothing. */
  readonly pace: Pace;
  readonly writer: ChunkWriter = new ChunkWriter();
  readonly #onError: App["onError"];
  readonly #shares = new WeakMap<Peer, ConnectionShare>();

  constructor(host: Host, app: App) {
    this.host = host;
    this.accept = acceptedCompressions(host, app.compression);
    this.send = sendCompression(host, app.compression);
    this.maxReceiveBytes = checkBytes("maxReceiveBytes", app.maxReceiveBytes, 4 * 1024 * 1024);
    this.maxSendBytes = checkBytes("maxSendBytes", app.maxSendBytes, Infinity);
    this.json = app.json ?? {};
    this.budget = budgetFor(this.maxReceiveBytes);
    this.pace = new Pace(host);
    this.#onError = app.onError;
  }

  /** What the calls of an exchange's connection have together. Undefined: its carriage bounds nothing. */
  shareOf({ peer, maxConcurrent }: ServerExchange): ConnectionShare | undefined {
    if (maxConcurrent === Infinity) return undefined;
    let share = this.#shares.get(peer);
    if (share === undefined) {
      share = {
        limit: new ConcurrencyLimit(),
        budget: this.budget.half(),
        load: new ConnectionLoad(this.host),
      };
      this.#shares.set(peer, share);
    }
    return share;
  }

  /** Hands a user's error, which the client does not see, to the App's hook. */
  report(error: unknown, call: CallHead): void {
    try {
      if (this.#onError === undefined) {
        const stackless =
          errorName(error) !== undefined ? "" : ", with something that is no Error and so has no stack";
        const text = `a call of ${call.method.path} failed on the server's side${stackless} (set onError of the App to handle this yourself)`;
        this.host.report(text, error);
      } else this.#onError(error, call);
    } catch (failure) {
      this.host.report("onError threw", failure);
    }
  }
}
