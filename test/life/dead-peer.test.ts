import { once } from "node:events";
import { createClient, createTransport, implementPartial, serve } from "@millrace/node";
import type { ClientKeepalive, RpcError, ServeOptions } from "@millrace/node";
import { afterEach, describe, expect, test } from "vitest";
import { GreetService } from "../../gen/greet/v1/greet_millrace.ts";
import type { GreetServiceClient } from "../../gen/greet/v1/greet_millrace.ts";
import { pem } from "../support/pem.ts";
import { codeOf, Ends, expectNothingUnhandled, never, turn, untilAborted } from "./support/life.ts";
import { TcpRelay } from "./support/tcp-relay.ts";

expectNothingUnhandled();

const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

interface Stage {
  readonly client: GreetServiceClient;
  readonly relay: TcpRelay;
  readonly ends: Ends;
  readonly serverEnds: Ends;
  readonly signals: AbortSignal[];
}

async function stage(
  scheme: "http" | "https",
  keepalive: ClientKeepalive | false,
  options: Partial<ServeOptions> = {},
): Promise<Stage> {
  const ends = new Ends();
  const serverEnds = new Ends();
  const signals: AbortSignal[] = [];
  const service = implementPartial(GreetService, {
    greet: ({ name }, { signal }) => {
      signals.push(signal);
      return name === "sleep" ? never() : { greeting: "awake" };
    },
    async *watch(_, { signal }) {
      signals.push(signal);
      yield { greeting: "first" };
      await untilAborted(signal);
    },
    async collect(requests) {
      for await (const _ of requests);
      return {};
    },
  });
  const server = await serve({
    host: "127.0.0.1",
    services: [service],
    observers: [serverEnds.observer],
    onError: () => {},
    ...options,
    ...(scheme === "https" ? { tls: { key: pem("server-key"), cert: pem("server") } } : {}),
  });
  const relay = await TcpRelay.to(Number(new URL(server.url).port));
  const transport = createTransport({
    baseUrl: `${scheme}://localhost:${relay.port}`,
    protocol: "grpc",
    observers: [ends.observer],
    keepalive,
    ...(scheme === "https" ? { tls: { ca: pem("ca") } } : {}),
  });
  closing.push(async () => {
    await transport.close();
    await relay.close();
    await server.close({ graceMs: 0 });
  });
  return { client: createClient(GreetService, transport), relay, ends, serverEnds, signals };
}

const quick = { intervalMs: 30, timeoutMs: 30 };
const lost = {
  code: "unavailable",
  message: expect.stringMatching(
    /^the connection to localhost:\d+ was lost: no answer to PING within 30 ms$/,
  ),
};

/** What a promise rejects with. */
async function errorOf(outcome: Promise<unknown>): Promise<RpcError | undefined> {
  return await outcome.then(
    () => undefined,
    (error: unknown) => error as RpcError,
  );
}

describe.each(["http", "https"] as const)("a server that is gone without a word (%s)", (scheme) => {
  test("while calls run: they are unavailable, and the next one takes another connection", async () => {
    const on = await stage(scheme, quick);
    const watch = on.client.watch({})[Symbol.asyncIterator]();
    expect((await watch.next()).value?.greeting).toBe("first");
    const upload = on.client.collect();
    await upload.send({ name: "one" });
    const sleeps = errorOf(on.client.greet({ name: "sleep" }));
    while (on.signals.length < 2) await turn();
    on.relay.swallow();
    expect(await errorOf(watch.next())).toMatchObject(lost);
    expect(await sleeps).toMatchObject(lost);
    expect(await errorOf(upload.finish())).toMatchObject(lost);
    expect((await on.client.greet({})).greeting).toBe("awake");
    expect(on.relay.accepted).toBe(2);
    await on.ends.reach(4);
    expect(on.ends.codes.sort()).toEqual(["ok", "unavailable", "unavailable", "unavailable"]);
  });

  test("while none runs: the call that finds out is unavailable, and the next one takes another connection", async () => {
    const on = await stage(scheme, quick);
    await on.client.greet({});
    on.relay.swallow();
    expect(await errorOf(on.client.greet({}))).toMatchObject(lost);
    expect((await on.client.greet({})).greeting).toBe("awake");
    expect(on.relay.accepted).toBe(2);
  });

  test("while none runs, and is asked all the same: no call notices", async () => {
    const on = await stage(scheme, { ...quick, whileIdle: true });
    await on.client.greet({});
    const left = on.relay.left();
    on.relay.swallow();
    await left;
    expect((await on.client.greet({})).greeting).toBe("awake");
    expect(on.relay.accepted).toBe(2);
    await on.ends.reach(2);
    expect(on.ends.codes).toEqual(["ok", "ok"]);
  });
});

test("a client that is gone without a word has its calls canceled", async () => {
  const on = await stage("http", false, { keepalive: quick });
  const watch = on.client.watch({});
  const next = codeOf(watch.receive());
  expect(await next).toBe("ok");
  const [signal] = on.signals as [AbortSignal];
  on.relay.swallow();
  if (!signal.aborted) await once(signal, "abort");
  await on.serverEnds.reach(1);
  expect(on.serverEnds.codes).toEqual(["canceled"]);
  watch.cancel();
});
