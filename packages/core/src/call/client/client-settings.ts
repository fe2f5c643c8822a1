import { cancellation, errorText, RpcError } from "../../error.ts";
import { FieldMetadata } from "../../metadata.ts";
import type { Method } from "../../method.ts";
import { shown } from "../../shown.ts";
import type { CallHead } from "../call-head.ts";
import { checkBytes, checkInterceptors } from "../check-option.ts";
import { compose } from "../compose.ts";
import type { Run } from "../compose.ts";
import type { CallOptions } from "../call-options.ts";
import type { Interceptor } from "../interceptor.ts";
import type { Observer } from "../observer.ts";
import { CallScope } from "../scope.ts";
import type { ClientOptions, Transport } from "../transport.ts";
import { ClientHead } from "./client-head.ts";
import type { TransportCore } from "./transport-core.ts";

/** What holds for every call of one client: its own options over the transport's. */
export class ClientSettings {
  readonly core: TransportCore;
  readonly interceptors: readonly Interceptor[];
  readonly observers: readonly Observer[];
  readonly onAbandoned: ((call: CallHead) => void) | undefined;
  readonly #timeoutMs: number;
  readonly #headers: FieldMetadata;
  #run: Run | undefined;

  constructor(core: TransportCore, headers: FieldMetadata, options: ClientOptions) {
    this.core = core;
    checkInterceptors(options.interceptors);
    this.interceptors = options.interceptors ?? [];
    this.observers = options.observers ?? [];
    this.onAbandoned = options.onAbandoned;
    this.#timeoutMs = options.timeoutMs ?? Infinity;
    checkTimeout(this.#timeoutMs);
    this.#headers = headers;
  }

  /** Those of a client made with options of its own: its interceptors and observers are the outer ones. */
  extend(options: ClientOptions | undefined): ClientSettings {
    if (options === undefined) return this;
    checkInterceptors(options.interceptors);
    const headers = new FieldMetadata([...this.#headers.fields]).replace(options.headers ?? []);
    return new ClientSettings(this.core, headers, {
      timeoutMs: options.timeoutMs ?? this.#timeoutMs,
      interceptors: [...(options.interceptors ?? []), ...this.interceptors],
      observers: [...(options.observers ?? []), ...this.observers],
      onAbandoned: options.onAbandoned ?? this.onAbandoned,
    });
  }

  /** A user's streaming call was reclaimed while it ran. */
  abandoned(head: ClientHead): void {
    const { host } = this.core;
    try {
      host.root(() => this.onAbandoned?.(head));
    } catch (error) {
      host.report("onAbandoned threw", error);
    }
  }

  /** The interceptors round what sends a call; null if there are none. Composed once. */
  chain(terminal: Run): Run | null {
    if (this.interceptors.length === 0) return null;
    return (this.#run ??= compose(this.interceptors, terminal));
  }

  /**
   * A call's head: headers, deadline and cancellation of this client, of the call's options, and of the handler that it is
   * made in. Never throws: what is wrong with the options cancels the scope.
   */
  begin(method: Method, options: CallOptions | undefined): ClientHead {
    const { host } = this.core;
    const inherited: unknown = options?.detached === true ? undefined : host.current();
    const parent = inherited instanceof CallScope ? inherited : undefined;
    const timeoutMs = options?.timeoutMs ?? this.#timeoutMs;
    const scope = new CallScope(host, timeoutMs === Infinity ? Infinity : host.now() + timeoutMs);
    let headers = this.#headers;
    let maxReceiveBytes = this.core.maxReceiveBytes;
    try {
      checkTimeout(timeoutMs);
      maxReceiveBytes = checkBytes("maxReceiveBytes", options?.maxReceiveBytes, maxReceiveBytes);
      if (options?.signal !== undefined) {
        checkSignal(options.signal);
        scope.follow(options.signal, cancellation);
      }
      headers = new FieldMetadata([...headers.fields]);
      if (options?.headers !== undefined) headers.replace(options.headers);
    } catch (error) {
      scope.cancel(new RpcError("internal", errorText(error), { cause: error }));
    }
    if (parent !== undefined) scope.inherit(parent);
    return new ClientHead(this.core, method, scope, headers, options?.values, maxReceiveBytes);
  }
}

function checkTimeout(ms: number): void {
  if (typeof ms === "number" && !Number.isNaN(ms)) return;
  throw new TypeError(`timeoutMs is ${shown(ms)}: it must be a number of milliseconds, or Infinity`);
}

function checkSignal(signal: unknown): void {
  if (typeof signal === "object" && signal !== null && "addEventListener" in signal) return;
  throw new TypeError(`signal is ${shown(signal)}: it must be an AbortSignal`);
}

/** A transport's own settings. Throws TypeError if it is none of ours. */
export function settingsOf(transport: Transport): ClientSettings {
  const settings: unknown = (transport as Partial<Transport> | undefined)?.["~transport"];
  if (settings instanceof ClientSettings) return settings;
  throw new TypeError("not a transport: make one with createTransport() or createInMemoryTransport()");
}
