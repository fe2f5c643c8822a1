// Run with --expose-gc: every way to let go of a call, over every protocol and HTTP version; what goes over the wire for it,
// what the handler is told, and what is left.
import { getEventListeners } from "node:events";
import { setImmediate as turn } from "node:timers/promises";
import { queryObjects } from "node:v8";
import { createClient, createTransport, implement, serve } from "@millrace/node";
import type { CallOptions, HandlerCall, ReplyStream } from "@millrace/node";
import { GreetService } from "../../../gen/greet/v1/greet_millrace.ts";
import type { GreetServiceClient } from "../../../gen/greet/v1/greet_millrace.ts";
import { ClientCall } from "../../../packages/core/src/call/client/client-call.ts";
import { MessageQueue } from "../../../packages/core/src/call/message-queue.ts";
import { CallScope } from "../../../packages/core/src/call/scope.ts";
import { ServerCall } from "../../../packages/core/src/call/server/server-call.ts";
import { WireTap } from "../support/wire-tap.ts";

/** What letting go of one call came to. */
export interface Released {
  /** How often it was said on the wire: RST_STREAM with CANCEL over HTTP/2, the end of its connection over HTTP/1.1. */
  readonly said: number;
  /** Why the handler's signal was aborted, each time. */
  readonly told: readonly string[];
  /** How many handlers have begun, less those that have ended. */
  readonly running: number;
  /** Listeners that are left on the signal that the call was given. */
  readonly listeners: number;
}

/** What all calls of one protocol over one HTTP version came to. */
export interface Lane {
  readonly released: Readonly<Record<string, Released>>;
  /** Calls, scopes and queues that are alive. */
  readonly alive: number;
}

const collect = (globalThis as { gc?: () => void }).gc;
if (collect === undefined) throw new Error("run with --expose-gc");

let told: string[] = [];
let running = 0;
let begun = 0;
let ended = 0;

async function listen(call: HandlerCall): Promise<void> {
  await new Promise<void>((resolve) => {
    call.signal.addEventListener("abort", () => {
      told.push((call.signal.reason as { code: string }).code);
      resolve();
    });
  });
}

async function* stream(_: unknown, call: HandlerCall): AsyncGenerator<{ greeting: string }> {
  running++;
  begun++;
  try {
    yield { greeting: "one" };
    yield { greeting: "two" };
    await listen(call);
  } finally {
    running--;
  }
}

const greeter = implement(GreetService, {
  greet: () => ({}),
  watch: stream,
  chat: stream,
  async collect(_, call) {
    running++;
    begun++;
    await listen(call);
    running--;
    return {};
  },
});

type Way = (client: GreetServiceClient, options: CallOptions) => Promise<void>;

async function failing(stream: AsyncIterable<unknown>): Promise<void> {
  for await (const _ of stream) throw new Error("enough");
}

const fromStream: Readonly<Record<string, (stream: ReplyStream<unknown>) => Promise<void>>> = {
  async break(stream) {
    for await (const _ of stream) break;
  },
  throw: (stream) => failing(stream).catch(() => {}),
  async "return() three times"(stream) {
    const iterator = stream[Symbol.asyncIterator]();
    await iterator.next();
    await iterator.return?.();
    await iterator.return?.();
    await stream[Symbol.asyncIterator]().return?.();
  },
  async "cancel() twice, then disposal"(stream) {
    await stream.receive();
    stream.cancel();
    stream.cancel("again");
    await stream[Symbol.asyncDispose]();
  },
  async "disposal twice, then break"(stream) {
    await stream.receive();
    await stream[Symbol.asyncDispose]();
    await stream[Symbol.asyncDispose]();
    await failing(stream).catch(() => {});
  },
  async "a reference lost behind a message"(stream) {
    await stream.receive();
  },
  async "opened and forgotten"() {},
};

const fromUpload: Readonly<Record<string, Way>> = {
  async "client stream: cancel() twice, then finish()"(client, options) {
    const call = client.collect(options);
    await call.send({ name: "one" });
    await handled();
    call.cancel();
    call.cancel();
    await call.finish().catch(() => {});
  },
  async "client stream: disposal twice"(client, options) {
    const call = client.collect(options);
    await call.send({ name: "one" });
    await handled();
    await call[Symbol.asyncDispose]();
    await call[Symbol.asyncDispose]();
  },
  async "client stream: a reference lost behind a message"(client, options) {
    await client.collect(options).send({ name: "one" });
  },
  async "client stream: opened and forgotten"(client, options) {
    client.collect(options);
  },
};

const ways: Readonly<Record<"1.1" | "2", Readonly<Record<string, Way>>>> = {
  "1.1": { ...over("server stream", (client, options) => client.watch({}, options)), ...fromUpload },
  "2": {
    ...over("server stream", (client, options) => client.watch({}, options)),
    ...fromUpload,
    ...over("bidi", (client, options) => client.chat(options)),
  },
};

function over(
  kind: string,
  open: (client: GreetServiceClient, options: CallOptions) => ReplyStream<unknown>,
): Record<string, Way> {
  return Object.fromEntries(
    Object.entries(fromStream).map(([name, leave]): [string, Way] => [
      `${kind}: ${name}`,
      (client, options) => leave(open(client, options)),
    ]),
  );
}

const lanes = [
  ["connect", "1.1"],
  ["grpc-web", "1.1"],
  ["connect", "2"],
  ["grpc", "2"],
  ["grpc-web", "2"],
] as const;

async function until(so: () => boolean, meanwhile = () => {}): Promise<void> {
  for (let i = 0; i < 5000 && !so(); i++) {
    if (i % 50 === 0) meanwhile();
    await turn();
  }
}

/** The server has heard of the call: else it might be gone before a byte of it was sent. */
function handled(): Promise<void> {
  return until(() => begun > 0);
}

async function release(way: Way, client: GreetServiceClient, tap: WireTap): Promise<Released> {
  told = [];
  running = 0;
  begun = 0;
  ended = 0;
  const before = tap.resets.length + tap.hangups;
  const controller = new AbortController();
  await way(client, { signal: controller.signal, timeoutMs: 60_000 });
  await handled();
  await until(() => ended > 0 && running === 0, collect);
  // Whatever would still be said comes before this call, over HTTP/2, or on its connection.
  await client.greet({});
  return {
    said: tap.resets.length + tap.hangups - before,
    told,
    running,
    listeners: getEventListeners(controller.signal, "abort").length,
  };
}

async function alive(): Promise<number> {
  for (let i = 0; i < 3; i++) {
    collect!();
    await turn();
  }
  return [ServerCall, ClientCall, CallScope, MessageQueue].reduce(
    (sum, one) => sum + queryObjects(one, { format: "count" }),
    0,
  );
}

const report: Record<string, Lane> = {};
const server = await serve({
  services: [greeter],
  observers: [(call) => (call.method.name === "Greet" ? undefined : { end: () => void ended++ })],
  host: "127.0.0.1",
  port: 0,
});
for (const [protocol, httpVersion] of lanes) {
  const tap = await WireTap.to(Number(new URL(server.url).port));
  const baseUrl = `http://127.0.0.1:${tap.port}`;
  const transport = createTransport({ baseUrl, protocol, httpVersion });
  const client = createClient(GreetService, transport);
  await client.greet({});
  const released: Record<string, Released> = {};
  for (const [name, way] of Object.entries(ways[httpVersion]))
    released[name] = await release(way, client, tap);
  report[`${protocol}, HTTP/${httpVersion}`] = { released, alive: await alive() };
  if (tap.resets.some((code) => code !== 8))
    throw new Error(`reset with ${tap.resets.join()}, not with CANCEL`);
  await transport.close();
  tap.close();
}
await server.close({ graceMs: 0 });
process.stdout.write(JSON.stringify(report));
