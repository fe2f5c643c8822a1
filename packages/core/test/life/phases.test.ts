import { createClient, implementPartial } from "@millrace/core";
import type {
  App,
  CallEnd,
  CallOptions,
  CommonTransportOptions,
  HandlerCall,
  Interceptor,
  Protocol,
} from "@millrace/core";
import { connectTransport, createAccept, memoryConnector, serverProtocols } from "@millrace/core/host";
import type { MemoryConnector } from "@millrace/core/host";
import { poisonAccept, poisonConnector } from "@millrace/exchange/contract";
import { describe, expect, test, vi } from "vitest";
import { GreetService } from "../../../../gen/greet/v1/greet_millrace.ts";
import type { GreetServiceClient, GreetServiceHandlers } from "../../../../gen/greet/v1/greet_millrace.ts";
import { counts, countingConnector } from "../support/counting-connector.ts";
import type { Counts } from "../support/counting-connector.ts";
import { FakeHost } from "../support/fake-host.ts";
import { watchBudgets } from "../support/budget-watch.ts";
import { codeOf, countingSignal, partsFor, protocols, quiet } from "../support/stage.ts";

/** A client and a server whose clocks go apart, so that it is certain whose deadline it was. */
interface Apart {
  readonly client: GreetServiceClient;
  readonly clientHost: FakeHost;
  readonly serverHost: FakeHost;
  readonly connector: MemoryConnector;
  readonly wire: Counts;
  readonly clientEnds: CallEnd[];
  readonly serverEnds: CallEnd[];
  readonly errors: unknown[];
  readonly handler: Running;
}

/** The user's code on the server: what of it runs, and what it was told. */
class Running {
  count = 0;
  readonly told: string[] = [];

  /** Runs until its call is told to stop, as code does that listens. */
  async sleep({ signal }: { readonly signal: AbortSignal }): Promise<never> {
    this.count++;
    try {
      return await new Promise<never>((_, reject) => {
        const wake = (): void => {
          this.told.push((signal.reason as { code: string }).code);
          reject(signal.reason as Error);
        };
        if (signal.aborted) wake();
        else signal.addEventListener("abort", wake);
      });
    } finally {
      this.count--;
    }
  }

  /** Reads until there is no more, or an error. */
  async read(requests: AsyncIterable<unknown>): Promise<never> {
    this.count++;
    try {
      for await (const _ of requests);
      throw new Error("the requests have ended");
    } catch (error) {
      this.told.push((error as { code: string }).code);
      throw error;
    } finally {
      this.count--;
    }
  }

  /** Sends as long as anybody wants more. */
  async *flood(): AsyncGenerator<{ greeting: string }> {
    this.count++;
    try {
      for (;;) yield { greeting: "x".repeat(100_000) };
    } finally {
      this.count--;
    }
  }
}

/** A call on its way: what its user waits for, and what they read only when it is over. */
interface Begun {
  readonly waits: readonly Promise<unknown>[];
  readonly read?: () => Promise<unknown>;
}

/** Where a call is when it is ended. */
interface Phase {
  readonly name: string;
  readonly app?: (handler: Running) => Partial<App>;
  readonly transport?: CommonTransportOptions;
  readonly handlers: (handler: Running) => Partial<GreetServiceHandlers>;
  readonly begin: (client: GreetServiceClient, options: CallOptions) => Begun;
  /** Whose compression stands still there. */
  readonly held?: "clientHost" | "serverHost";
  /** What the server knows of the call: all of it, unless it is nothing yet, or that it has answered it well. */
  readonly server?: "nothing" | "answered";
}

const packs = { compression: { send: "br", minBytes: 0 } } as const;
const passes: Interceptor = (call, next) => next(call);
const message = { name: "x".repeat(1000) };

/** The four kinds as their users call them, waiting for all that can be waited for. */
const unary = (client: GreetServiceClient, options: CallOptions): Begun => ({
  waits: [client.greet(message, options)],
});
const serverStream = (client: GreetServiceClient, options: CallOptions): Begun => {
  const stream = client.watch({ everyMs: 1 }, options);
  return { waits: [drained(stream), stream.trailers] };
};
const clientStream = (client: GreetServiceClient, options: CallOptions): Begun => {
  const call = client.collect(options);
  void call.send(message);
  return { waits: [call.finish()] };
};
const bidi = (client: GreetServiceClient, options: CallOptions): Begun => {
  const call = client.chat(options);
  void call.send(message);
  return { waits: [drained(call), call.trailers] };
};

/** The same handler, for whichever kind is called. */
function sleeping(
  handler: Running,
  first: (call: HandlerCall) => { greeting: string } | undefined = () => undefined,
): GreetServiceHandlers {
  const stream = async function* (_: unknown, call: HandlerCall): AsyncGenerator<{ greeting: string }> {
    const greeting = first(call);
    if (greeting !== undefined) yield greeting;
    await handler.sleep(call);
  };
  const single = (_: unknown, call: HandlerCall): Promise<never> => {
    first(call);
    return handler.sleep(call);
  };
  return { greet: single, watch: stream, collect: single, chat: stream };
}

/** Handlers that answer at once. */
const prompt = (handler: Running): GreetServiceHandlers => ({
  ...sleeping(handler, () => ({ greeting: "one" })),
  greet: () => ({ greeting: "one" }),
  collect: () => ({ count: 1n }),
});

const phases: Readonly<Record<string, readonly Phase[]>> = {
  unary: [
    ...everyKind(unary),
    { ...packing(unary), server: "nothing" },
    { ...unpackingReplies(unary), server: "answered" },
  ],
  "server stream": [
    ...everyKind(serverStream),
    { ...packing(serverStream), server: "nothing" },
    unpackingReplies(serverStream),
    betweenMessages(serverStream),
    unread((client, options) => client.watch({}, options)),
  ],
  "client stream": [
    ...everyKind(clientStream),
    packing(clientStream),
    { ...unpackingReplies(clientStream), server: "answered" },
    ...uploading((client, options) => {
      const call = client.collect(options);
      return { send: (request) => call.send(request), result: () => call.finish() };
    }),
  ],
  bidi: [
    ...everyKind(bidi),
    packing(bidi),
    unpackingReplies(bidi),
    betweenMessages(bidi),
    unread((client, options) => client.chat(options)),
    ...uploading((client, options) => {
      const call = client.chat(options);
      return { send: (request) => call.send(request), result: () => drained(call) };
    }),
  ],
};

function everyKind(begin: Phase["begin"]): Phase[] {
  return [
    {
      name: "in the gate",
      app: (handler) => ({ gate: (call) => handler.sleep(call) }),
      handlers: () => ({}),
      begin,
    },
    {
      name: "while its request is unpacked",
      transport: packs,
      held: "serverHost",
      handlers: (handler) => ({
        collect: (requests) => handler.read(requests),
        chat: (requests) => sequence(handler.read(requests)),
      }),
      begin,
    },
    { name: "in its handler", handlers: (handler) => sleeping(handler), begin },
    {
      name: "behind its headers",
      handlers: (handler) =>
        sleeping(handler, (call) => {
          call.sendHeaders();
          return undefined;
        }),
      begin,
    },
    { name: "while a reply is packed", app: () => packs, held: "serverHost", handlers: prompt, begin },
  ];
}

function packing(begin: Phase["begin"]): Phase {
  return {
    name: "while its request is packed",
    transport: packs,
    held: "clientHost",
    handlers: (handler) => sleeping(handler),
    begin,
  };
}

function unpackingReplies(begin: Phase["begin"]): Phase {
  return { name: "while a reply is unpacked", app: () => packs, held: "clientHost", handlers: prompt, begin };
}

function betweenMessages(begin: Phase["begin"]): Phase {
  return { name: "between two messages", handlers: prompt, begin };
}

function unread(open: (client: GreetServiceClient, options: CallOptions) => AsyncIterable<unknown>): Phase {
  return {
    name: "while nobody reads",
    handlers: (handler) => ({ watch: () => handler.flood(), chat: () => handler.flood() }),
    begin(client, options) {
      const stream = open(client, options);
      return { waits: [], read: () => drained(stream) };
    },
  };
}

interface Upload {
  send(request: typeof message): Promise<boolean>;
  result(): Promise<unknown>;
}

function uploading(open: (client: GreetServiceClient, options: CallOptions) => Upload): Phase[] {
  return [
    {
      name: "while its handler waits for requests",
      handlers: (handler) => ({
        collect: (requests) => handler.read(requests),
        chat: (requests) => sequence(handler.read(requests)),
      }),
      begin(client, options) {
        const call = open(client, options);
        void call.send(message);
        return { waits: [], read: () => call.result() };
      },
    },
    {
      name: "while send() waits for room",
      handlers: (handler) => sleeping(handler),
      begin(client, options) {
        const call = open(client, options);
        const sending = async (): Promise<void> => {
          while (await call.send({ name: "x".repeat(100_000) }));
          await call.result();
        };
        return { waits: [sending()] };
      },
    },
  ];
}

async function drained(stream: AsyncIterable<unknown>): Promise<void> {
  for await (const _ of stream);
}

async function* sequence(end: Promise<never>): AsyncGenerator<never> {
  await end;
}

function apart(phase: Phase, protocol: Protocol, interceptors: readonly Interceptor[] | undefined): Apart {
  const clientHost = new FakeHost();
  const serverHost = new FakeHost();
  const handler = new Running();
  const wire = counts();
  const clientEnds: CallEnd[] = [];
  const serverEnds: CallEnd[] = [];
  const errors: unknown[] = [];
  const accept = createAccept(serverHost, serverProtocols, {
    ...phase.app?.(handler),
    interceptors,
    onError: (error: unknown) => void errors.push(error),
    observers: [() => ({ end: (end) => void serverEnds.push(end) })],
    services: [implementPartial(GreetService, phase.handlers(handler))],
  });
  const connector = memoryConnector(poisonAccept(accept), serverHost);
  const counted = countingConnector(wire)(poisonConnector(connector));
  const transport = connectTransport(partsFor(clientHost, counted, protocol), {
    ...phase.transport,
    interceptors,
    observers: [() => ({ end: (end) => void clientEnds.push(end) })],
  });
  const client = createClient(GreetService, transport);
  return { client, clientHost, serverHost, connector, wire, clientEnds, serverEnds, errors, handler };
}

const timeoutMs = 100;

/** How a call is ended: what is done, what its client sees, what its server. */
const endings = [
  {
    name: "the client's deadline",
    by: "client",
    act: ({ clientHost }: Apart) => clientHost.advance(timeoutMs),
    client: "deadline_exceeded",
    server: "canceled",
  },
  {
    name: "the client cancels",
    by: "client",
    act: (_: Apart, controller: AbortController) => controller.abort(),
    client: "canceled",
    server: "canceled",
  },
  {
    name: "the server's deadline",
    by: "server",
    act: ({ serverHost }: Apart) => serverHost.advance(timeoutMs),
    client: "deadline_exceeded",
    server: "deadline_exceeded",
  },
] as const;

const budgets = watchBudgets();

const cases = protocols.flatMap((protocol) =>
  Object.entries(phases).flatMap(([kind, list]) =>
    list.flatMap((phase) =>
      endings
        // A server that knows nothing of a call, or has answered it, does not end it.
        .filter(({ by }) => by === "client" || phase.server === undefined)
        .map((ending) => [kind, phase.name, ending.name, protocol, phase, ending] as const),
    ),
  ),
);

describe.each([
  ["without interceptors", undefined],
  ["with interceptors", [passes]],
])("deadlines and cancellation in every phase, %s", (_, interceptors) => {
  test.each(cases)("%s, %s: %s, %s", async (_kind, _phase, _ending, protocol, phase, ending) => {
    const on = apart(phase, protocol, interceptors);
    const { clientHost, serverHost, wire } = on;
    const controller = new AbortController();
    const { signal, listeners } = countingSignal(controller);
    if (phase.held !== undefined) on[phase.held].slow.hold();
    const { waits, read } = phase.begin(on.client, { signal, timeoutMs });
    const outcomes: string[] = [];
    for (const wait of waits) void codeOf(wait).then((code) => outcomes.push(code));
    await quiet();
    if (phase.held !== undefined) expect(on[phase.held].slow.waiting).toBeGreaterThan(0);
    expect([outcomes, on.clientEnds]).toEqual([[], []]);

    ending.act(on, controller);
    await quiet();
    if (ending.by === "client") {
      // Ended from here nothing waits, for no step and no peer.
      expect(outcomes).toEqual(waits.map(() => ending.client));
      expect(wire.resets).toEqual(wire.opened === 0 ? [] : [8]);
    } else {
      // The client's clock has come as far, and its timer has not run. Steps end; what waits behind a window is reset.
      clientHost.lag(timeoutMs);
      clientHost.slow.releaseAll();
      serverHost.slow.releaseAll();
      await quiet();
      serverHost.advance(1000);
      await quiet();
    }
    if (read !== undefined) outcomes.push(await codeOf(read()));
    await quiet();
    expect(new Set(outcomes)).toEqual(new Set([ending.client]));
    expect(outcomes).toHaveLength(waits.length + (read === undefined ? 0 : 1));
    expect(on.clientEnds.map(({ code }) => code)).toEqual([ending.client]);
    const seen = { nothing: [], answered: ["ok"] };
    expect(on.serverEnds.map(({ code }) => code)).toEqual(
      phase.server === undefined ? [ending.server] : seen[phase.server],
    );
    expect(on.handler.told.filter((code) => code !== ending.server)).toEqual([]);

    // What is left alive: nothing.
    clientHost.slow.releaseAll();
    serverHost.slow.releaseAll();
    await quiet();
    const closed = vi.fn();
    void on.connector.close(1e9).then(closed);
    await quiet();
    expect(closed).toHaveBeenCalled();
    expect([on.handler.count, clientHost.timers, serverHost.timers, listeners(), budgets.held]).toEqual([
      0, 0, 0, 0, 0,
    ]);
    expect([on.errors, clientHost.reported, serverHost.reported]).toEqual([[], [], []]);
  });
});
