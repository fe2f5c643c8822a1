import { createClient, implementPartial } from "@millrace/node";
import type { App, CallEnd, CommonTransportOptions, Observer, Transport } from "@millrace/node";
import { afterEach, beforeEach, expect } from "vitest";
import { GreetService } from "../../../gen/greet/v1/greet_millrace.ts";
import type { GreetServiceClient, GreetServiceHandlers } from "../../../gen/greet/v1/greet_millrace.ts";
import type { Lane, Site } from "./carriages.ts";

/** The ends of calls that one side's observers heard, and who waits for them. */
export class Ends {
  readonly all: CallEnd[] = [];
  #waiters: { readonly count: number; resolve(): void }[] = [];

  readonly observer: Observer = () => ({
    end: (end) => {
      this.all.push(end);
      this.#waiters = this.#waiters.filter(({ count, resolve }) => {
        if (count > this.all.length) return true;
        resolve();
        return false;
      });
    },
  });

  get codes(): string[] {
    return this.all.map(({ code }) => code);
  }

  /** Settles when `count` calls have ended. */
  reach(count: number): Promise<void> {
    if (this.all.length >= count) return Promise.resolve();
    return new Promise((resolve) => this.#waiters.push({ count, resolve }));
  }
}

/** A server and a client of it on one lane, closed when the test is over. */
export interface Life {
  readonly client: GreetServiceClient;
  readonly transport: Transport;
  readonly site: Site;
  readonly clientEnds: Ends;
  readonly serverEnds: Ends;
  readonly errors: unknown[];
  /** Ends everything, so that what comes too often has come. */
  close(): Promise<void>;
}

const open = new Set<Life>();
const unhandled: unknown[] = [];
const note = (error: unknown): void => void unhandled.push(error);

/** To be called by each file: nothing that happens in its tests may end up with nobody. */
export function expectNothingUnhandled(): void {
  beforeEach(() => {
    unhandled.length = 0;
    process.on("unhandledRejection", note);
    process.on("uncaughtException", note);
  });
  afterEach(async () => {
    for (const life of open) await life.close();
    await turn();
    process.off("unhandledRejection", note);
    process.off("uncaughtException", note);
    expect(unhandled).toEqual([]);
  });
}

/** A turn of the event loop. */
export function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** Sets up a lane. Handlers that are left out answer `unimplemented`. */
export async function live(
  { carriage, protocol }: Lane,
  handlers: Partial<GreetServiceHandlers>,
  options: { readonly app?: Partial<App>; readonly transport?: CommonTransportOptions } = {},
): Promise<Life> {
  const clientEnds = new Ends();
  const serverEnds = new Ends();
  const errors: unknown[] = [];
  const site = await carriage.open({
    onError: (error) => void errors.push(error),
    ...options.app,
    observers: [serverEnds.observer],
    services: [implementPartial(GreetService, handlers)],
  });
  const transport = site.transport({ protocol, ...options.transport, observers: [clientEnds.observer] });
  const life: Life = {
    client: createClient(GreetService, transport),
    transport,
    site,
    clientEnds,
    serverEnds,
    errors,
    async close() {
      if (!open.delete(life)) return;
      await transport.close();
      await site.close();
      await turn();
    },
  };
  open.add(life);
  return life;
}

/** The code that a promise rejects with; `ok` if it does not. */
export async function codeOf(outcome: Promise<unknown>): Promise<string> {
  try {
    await outcome;
    return "ok";
  } catch (error) {
    return (error as { code?: string }).code ?? String(error);
  }
}

/** Sleeps until the call is over, as a handler that listens does; throws as its signal says. */
export function untilAborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    const abort = (): void => reject(signal.reason as Error);
    if (signal.aborted) abort();
    else signal.addEventListener("abort", abort);
  });
}

export const never = (): Promise<never> => new Promise(() => {});
