import { channel } from "node:diagnostics_channel";
import type { Socket } from "node:net";
import { setInterval } from "node:timers/promises";
import { createClient, createTransport, implementPartial, serve } from "@millrace/node";
import type { HandlerCall } from "@millrace/node";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { GreetService } from "../../gen/greet/v1/greet_millrace.ts";
import type { GreetServiceClient, GreetServiceHandlers } from "../../gen/greet/v1/greet_millrace.ts";
import { lanes } from "../life/support/carriages.ts";
import { expectNothingUnhandled, live } from "../life/support/life.ts";
import { legs } from "./support/chain.ts";
import { WireTap } from "./support/wire-tap.ts";

expectNothingUnhandled();

describe.each(lanes)("a handler of a stream that stays: %s", (_, lane) => {
  test("sends heartbeats while nothing happens, and ends with its client", async () => {
    const ended = Promise.withResolvers<string>();
    const on = await live(lane, {
      async *watch({ everyMs }, call) {
        try {
          for await (const _beat of setInterval(everyMs, undefined, { signal: call.signal }))
            yield { greeting: "" };
        } catch (error) {
          ended.resolve((error as Error).name);
          throw error;
        }
      },
    });
    let beats = 0;
    for await (const { greeting } of on.client.watch({ everyMs: 1 })) {
      expect(greeting).toBe("");
      if (++beats === 3) break;
    }
    expect(await ended.promise).toBe("AbortError");
    await on.serverEnds.reach(1);
    expect(on.serverEnds.codes).toEqual(["canceled"]);
    expect(on.errors).toEqual([]);
  });

  test("sends what happens between heartbeats, and finishes early with trailers", async () => {
    const news = Promise.withResolvers<string>();
    const on = await live(lane, {
      async *watch({ everyMs }, call) {
        let beats = 0;
        let told: string | undefined;
        void news.promise.then((text) => (told = text));
        for await (const _beat of setInterval(everyMs, undefined, { signal: call.signal })) {
          yield { greeting: told ?? "" };
          if (told !== undefined) break;
          beats++;
        }
        call.responseTrailers.set("x-beats", String(beats));
      },
    });
    const stream = on.client.watch({ everyMs: 1 });
    const greetings: string[] = [];
    for await (const { greeting } of stream) if (greetings.push(greeting) === 3) news.resolve("news");
    expect(greetings.at(-1)).toBe("news");
    expect((await stream.trailers).get("x-beats")).toBe(String(greetings.length - 1));
    await Promise.all([on.clientEnds.reach(1), on.serverEnds.reach(1)]);
    expect([on.clientEnds.codes, on.serverEnds.codes]).toEqual([["ok"], ["ok"]]);
  });

  if (lane.bidi) {
    test("finishes early with trailers while its client still sends", async () => {
      const on = await live(lane, {
        async *chat(requests, call) {
          yield { greeting: (await requests.receive())?.name ?? "" };
          call.responseTrailers.set("x-reason", "enough");
        },
      });
      const chat = on.client.chat();
      let sent = 0;
      const sending = (async () => {
        while (await chat.send({ name: `${sent}`.repeat(1000) })) sent++;
      })();
      const greetings: string[] = [];
      for await (const { greeting } of chat) greetings.push(greeting);
      expect(greetings).toEqual(["0".repeat(1000)]);
      expect((await chat.trailers).get("x-reason")).toBe("enough");
      await sending;
      await Promise.all([on.clientEnds.reach(1), on.serverEnds.reach(1)]);
      expect([on.clientEnds.codes, on.serverEnds.codes]).toEqual([["ok"], ["ok"]]);
    });
  }
});

/** Counts turns of the event loop. */
class Clock {
  #turn = 0;
  #immediate: NodeJS.Immediate | undefined;

  get turn(): number {
    return this.#turn;
  }

  start(): void {
    const next = (): void => {
      this.#turn++;
      this.#immediate = setImmediate(next);
    };
    next();
  }

  stop(): void {
    clearImmediate(this.#immediate);
  }
}

const clock = new Clock();
/** What anybody of this process has connected during a test. */
let connected: Socket[] = [];
const note = (message: unknown): void => {
  connected.push((message as { readonly socket: Socket }).socket);
};

beforeEach(() => {
  connected = [];
  channel("net.client.socket").subscribe(note);
  clock.start();
});

afterEach(() => {
  channel("net.client.socket").unsubscribe(note);
  clock.stop();
});

const calls: Readonly<Record<string, (client: GreetServiceClient, signal: AbortSignal) => Promise<unknown>>> =
  {
    unary: (client, signal) => client.greet({}, { signal }),
    "server stream": async (client, signal) => {
      for await (const _ of client.watch({}, { signal }));
    },
    "client stream": async (client, signal) => {
      const call = client.collect({ signal });
      await call.send({ name: "one" });
      await call.headers;
    },
    bidi: async (client, signal) => {
      const call = client.chat({ signal });
      await call.send({ name: "one" });
      for await (const _ of call);
    },
  };

const ways: Readonly<Record<string, (controller: AbortController, sockets: readonly Socket[]) => void>> = {
  cancels: (controller) => controller.abort(),
  "ends its connection": (_, sockets) => sockets.forEach((socket) => socket.destroy()),
  "resets its connection": (_, sockets) => sockets.forEach((socket) => socket.resetAndDestroy()),
};

const cases = legs.flatMap((leg) =>
  Object.entries(calls)
    .filter(([kind]) => kind !== "bidi" || leg.httpVersion === "2")
    .flatMap(([kind, call]) =>
      Object.entries(ways).map(
        ([way, vanish]) => [kind, leg.protocol, leg.httpVersion, way, leg, call, vanish] as const,
      ),
    ),
);

test.each(cases)(
  "%s, %s over HTTP/%s: of a client that %s the signal tells within two turns of the event loop",
  async (_kind, _protocol, _version, _way, leg, call, vanish) => {
    const begun = Promise.withResolvers<void>();
    const told = Promise.withResolvers<number>();
    const nap = Promise.withResolvers<void>();
    // Asleep, and with no ear for anything but the signal.
    const sleep = async (_request: unknown, { signal }: HandlerCall): Promise<object> => {
      signal.addEventListener("abort", () => told.resolve(clock.turn));
      begun.resolve();
      await nap.promise;
      return {};
    };
    const stream = async function* (request: unknown, context: HandlerCall): AsyncGenerator<object> {
      yield {};
      yield await sleep(request, context);
    };
    const handlers: GreetServiceHandlers = { greet: sleep, watch: stream, collect: sleep, chat: stream };
    const server = await serve({
      services: [implementPartial(GreetService, handlers)],
      host: "127.0.0.1",
      port: 0,
    });
    let goneAt: number | undefined;
    // What is passed on in one turn can be read from the server's socket in the next.
    const tap = await WireTap.to(Number(new URL(server.url).port), () => {
      goneAt ??= clock.turn + 1;
    });
    const transport = createTransport({ ...leg, baseUrl: `http://127.0.0.1:${tap.port}` });
    const controller = new AbortController();
    const outcome = call(createClient(GreetService, transport), controller.signal).catch(() => {});
    await begun.promise;
    vanish(
      controller,
      connected.filter((socket) => socket.remotePort === tap.port),
    );
    const toldAt = await told.promise;
    nap.resolve();
    await outcome;
    await transport.close();
    await server.close({ graceMs: 0 });
    tap.close();
    expect(goneAt).toBeDefined();
    expect(toldAt - goneAt!).toBeLessThanOrEqual(2);
  },
);
