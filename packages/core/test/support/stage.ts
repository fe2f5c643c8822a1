import { createClient, implementPartial } from "@millrace/core";
import type {
  App,
  CallEnd,
  CallHead,
  ClientOptions,
  CommonTransportOptions,
  Observer,
  Protocol,
  Transport,
} from "@millrace/core";
import {
  connectTransport,
  createAccept,
  memoryConnector,
  protocolByName,
  serverProtocols,
} from "@millrace/core/host";
import type { MemoryConnector, MemoryOptions, TransportParts } from "@millrace/core/host";
import type { Connector } from "@millrace/exchange";
import { poisonAccept, poisonConnector } from "@millrace/exchange/contract";
import { GreetService } from "../../../../gen/greet/v1/greet_millrace.ts";
import type { GreetServiceClient, GreetServiceHandlers } from "../../../../gen/greet/v1/greet_millrace.ts";
import { FakeHost } from "./fake-host.ts";

export const protocols: readonly Protocol[] = ["connect", "grpc", "grpc-web"];

export interface StageOptions {
  readonly protocol?: Protocol;
  readonly app?: Partial<App>;
  readonly transport?: CommonTransportOptions;
  readonly client?: ClientOptions;
  readonly memory?: MemoryOptions;
  /** Another stage's, to be on its clock. */
  readonly host?: FakeHost;
  /** Put between the transport and the carriage. */
  readonly wrap?: (connector: Connector) => Connector;
}

/** A client and a server of GreetService in memory, on a clock of the test's, over chunks that turn to rubbish. */
export interface Stage {
  readonly host: FakeHost;
  readonly connector: MemoryConnector;
  readonly transport: Transport;
  readonly client: GreetServiceClient;
  /** How calls ended, as each side's observers heard. */
  readonly clientEnds: CallEnd[];
  readonly serverEnds: CallEnd[];
  /** What the App's onError heard. */
  readonly errors: unknown[];
}

function same(connector: Connector): Connector {
  return connector;
}

/** What a transport is made of, over a connector. */
export function partsFor(host: FakeHost, connector: Connector, protocol: Protocol): TransportParts {
  return {
    host,
    connector,
    protocol: protocolByName(protocol),
    scheme: "http",
    authority: "stage",
    basePath: "",
    userAgent: undefined,
  };
}

/** Sets the stage. Handlers that are left out answer `unimplemented`. */
export function stage(handlers: Partial<GreetServiceHandlers>, options: StageOptions = {}): Stage {
  const host = options.host ?? new FakeHost();
  const clientEnds: CallEnd[] = [];
  const serverEnds: CallEnd[] = [];
  const errors: unknown[] = [];
  const noted =
    (ends: CallEnd[]): Observer =>
    () => ({ end: (end) => void ends.push(end) });
  const app: App = {
    onError: (error: unknown, _call: CallHead) => void errors.push(error),
    ...options.app,
    observers: [noted(serverEnds), ...(options.app?.observers ?? [])],
    services: [implementPartial(GreetService, handlers)],
  };
  const connector = memoryConnector(
    poisonAccept(createAccept(host, serverProtocols, app)),
    host,
    options.memory,
  );
  const transport = connectTransport(
    partsFor(host, (options.wrap ?? same)(poisonConnector(connector)), options.protocol ?? "connect"),
    { ...options.transport, observers: [noted(clientEnds), ...(options.transport?.observers ?? [])] },
  );
  const client = createClient(GreetService, transport, options.client);
  return { host, connector, transport, client, clientEnds, serverEnds, errors };
}

/** Lets everything happen that needs neither the clock nor the test: in memory, all of it is microtasks. */
export async function quiet(): Promise<void> {
  for (let i = 0; i < 3; i++) await new Promise<void>((resolve) => setImmediate(resolve));
}

/** An AbortSignal that counts its listeners. */
export function countingSignal(controller: AbortController): {
  readonly signal: AbortSignal;
  listeners(): number;
} {
  const { signal } = controller;
  const listeners = new Set<unknown>();
  const add = signal.addEventListener.bind(signal);
  const remove = signal.removeEventListener.bind(signal);
  signal.addEventListener = (...[type, listener, options]: Parameters<typeof add>) => {
    listeners.add(listener);
    add(type, listener, options);
  };
  signal.removeEventListener = (...[type, listener]: Parameters<typeof remove>) => {
    listeners.delete(listener);
    remove(type, listener);
  };
  return { signal, listeners: () => listeners.size };
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
