import type { RpcError } from "../error.ts";
import type { Host } from "../host/host.ts";
import type { Metadata } from "../metadata.ts";
import type { CallHead } from "./call-head.ts";
import type { CallEvents, Observer } from "./observer.ts";

/** Calls the observers at a call's start; what they hear later they hear in the context of now. Null if there are none, or none of them wants to hear. */
export function observe(host: Host, observers: readonly Observer[], seen: CallHead): Observation | null {
  if (observers.length === 0) return null;
  const listeners: CallEvents[] = [];
  for (const observer of observers) {
    try {
      const events = observer(seen);
      if (events !== undefined) listeners.push(events);
    } catch (error) {
      host.report("an observer threw", error);
    }
  }
  return listeners.length === 0 ? null : new Observation(host, listeners);
}

/** What the observers of one call are told. Nothing that they throw reaches the call. */
export class Observation {
  readonly #host: Host;
  readonly #listeners: readonly CallEvents[];
  readonly #start: number;
  readonly #inContext: (run: () => void) => void;
  #exchanges = 0;
  #delivered = true;
  #outcome: { error: RpcError | null } | undefined;

  constructor(host: Host, listeners: readonly CallEvents[]) {
    this.#host = host;
    this.#listeners = listeners;
    this.#start = host.now();
    this.#inContext = host.capture();
  }

  headers(metadata: Metadata): void {
    this.#tell((events) => events.headers?.(metadata));
  }

  sent(bytes: number): void {
    this.#tell((events) => events.sent?.(bytes));
  }

  received(bytes: number): void {
    this.#tell((events) => events.received?.(bytes));
  }

  /** An exchange was opened for the call: its end waits for it. */
  opened(): void {
    this.#exchanges++;
  }

  closed(delivered: boolean): void {
    this.#exchanges--;
    this.#delivered = delivered;
    this.#ended();
  }

  /** The call's outcome is fixed. */
  settled(error: RpcError | null): void {
    this.#outcome ??= { error };
    this.#ended();
  }

  #ended(): void {
    if (this.#exchanges > 0 || this.#outcome === undefined) return;
    const error = this.#outcome.error ?? undefined;
    this.#exchanges = Infinity;
    const end = {
      delivered: this.#delivered,
      code: error?.code ?? ("ok" as const),
      error,
      durationMs: this.#host.now() - this.#start,
    };
    this.#tell((events) => events.end?.(end));
  }

  #tell(event: (events: CallEvents) => void): void {
    this.#inContext(() => {
      for (const events of this.#listeners) {
        try {
          event(events);
        } catch (error) {
          this.#host.report("an observer threw", error);
        }
      }
    });
  }
}
