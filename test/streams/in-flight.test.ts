import { describe, expect, test } from "vitest";
import type { GreetServiceHandlers } from "../../gen/greet/v1/greet_millrace.ts";
import { lanes } from "../life/support/carriages.ts";
import type { Lane } from "../life/support/carriages.ts";
import { expectNothingUnhandled, live } from "../life/support/life.ts";
import type { Life } from "../life/support/life.ts";

expectNothingUnhandled();

const nodeLanes = lanes.filter(
  ([, { carriage }]) => carriage.client === "node" && carriage.server === "node",
);

/** A stream of messages that are counted where they begin and where they end. */
class Flow {
  readonly bytes: number;
  /** How many may be under way at most: the receiver's queue, the window, what the sender has handed down. */
  readonly most: number;
  readonly total: number;
  given = 0;
  taken = 0;
  /** What the receiver waits for behind its third message. */
  readonly go: PromiseWithResolvers<void> = Promise.withResolvers();
  #mostUnderWay = 0;

  constructor({ carriage }: Lane, bytes: number) {
    // Over HTTP/2 64 KiB more wait to be sent. Over HTTP/1.1 the window is what the kernel gives: more with each connection on the way.
    const window = !carriage.sockets ? 2 ** 16 : carriage.http === "2" ? 2 ** 19 + 2 ** 16 : 2 ** 24;
    this.bytes = bytes;
    this.most = Math.ceil((2 ** 18 + window) / bytes) + 3;
    this.total = 2 * this.most;
  }

  get mostUnderWay(): number {
    return this.#mostUnderWay;
  }

  /** The next message; undefined when all are given. */
  give(): string | undefined {
    if (this.given === this.total) return undefined;
    const text = String(this.given++).padEnd(this.bytes, " ");
    this.#mostUnderWay = Math.max(this.#mostUnderWay, this.given - this.taken);
    return text;
  }

  /** Stops after a few. Throws if this is not the next one. */
  async take(text: string): Promise<void> {
    if (Number(text) !== this.taken || text.length !== this.bytes)
      throw new Error(`message ${text.slice(0, 10)} came in place of ${this.taken}`);
    if (++this.taken === 3) await this.go.promise;
  }

  /** Lets the sender run as far as it will: until a few round trips of other calls have not moved it. */
  async standsStill({ client }: Life): Promise<void> {
    for (let before = -1; before !== this.given;) {
      before = this.given;
      for (let i = 0; i < 10; i++) await client.greet({});
    }
  }

  /** Nothing is lost by standing still, and never was there more under way. */
  expectAllThere(): void {
    expect([this.given, this.taken]).toEqual([this.total, this.total]);
    expect(this.mostUnderWay).toBeLessThanOrEqual(this.most);
  }
}

async function* giving(flow: Flow): AsyncGenerator<{ greeting: string }> {
  for (let greeting = flow.give(); greeting !== undefined; greeting = flow.give()) yield { greeting };
}

async function upload(flow: Flow, send: (message: { name: string }) => Promise<boolean>): Promise<void> {
  for (let name = flow.give(); name !== undefined; name = flow.give()) await send({ name });
}

const greet: GreetServiceHandlers["greet"] = () => ({});

describe.each(nodeLanes)("messages in flight are bounded: %s", (_, lane) => {
  describe.each([
    ["messages of 8 KiB", 2 ** 13],
    ["messages of 256 KiB", 2 ** 18],
  ])("%s", (_size, bytes) => {
    test("a handler that stops reading pauses send()", async () => {
      const flow = new Flow(lane, bytes);
      const on = await live(lane, {
        greet,
        async collect(requests) {
          for await (const { name } of requests) await flow.take(name);
          return {};
        },
      });
      const call = on.client.collect();
      const sending = upload(flow, (message) => call.send(message));
      await flow.standsStill(on);
      expect([flow.taken, flow.given < flow.total]).toEqual([3, true]);
      flow.go.resolve();
      await sending;
      await call.finish();
      flow.expectAllThere();
    });

    test("a client that stops reading pauses the generator", async () => {
      const flow = new Flow(lane, bytes);
      const on = await live(lane, { greet, watch: () => giving(flow) });
      const reading = (async () => {
        for await (const { greeting } of on.client.watch({})) await flow.take(greeting);
      })();
      await flow.standsStill(on);
      expect([flow.taken, flow.given < flow.total]).toEqual([3, true]);
      flow.go.resolve();
      await reading;
      flow.expectAllThere();
    });

    test("a client that stops reading pauses the generator behind a relay", async () => {
      const flow = new Flow(lane, bytes);
      const back = await live(lane, { greet, watch: () => giving(flow) });
      const front = await live(lane, { greet, watch: (request) => back.client.watch(request) });
      const reading = (async () => {
        for await (const { greeting } of front.client.watch({})) await flow.take(greeting);
      })();
      await flow.standsStill(front);
      // Twice the way.
      expect([flow.taken, flow.mostUnderWay <= 2 * flow.most]).toEqual([3, true]);
      flow.go.resolve();
      await reading;
      expect([flow.given, flow.taken]).toEqual([flow.total, flow.total]);
    });

    if (lane.bidi) {
      test("a client that stops reading an echo pauses its own send()", async () => {
        const up = new Flow(lane, bytes);
        const on = await live(lane, {
          greet,
          async *chat(requests) {
            for await (const { name } of requests) yield { greeting: name };
          },
        });
        const call = on.client.chat();
        const sending = upload(up, (message) => call.send(message)).then(() => call.closeSend());
        const reading = (async () => {
          for await (const { greeting } of call) await up.take(greeting);
        })();
        await up.standsStill(on);
        expect([up.taken, up.mostUnderWay <= 2 * up.most]).toEqual([3, true]);
        up.go.resolve();
        await Promise.all([sending, reading]);
        expect([up.given, up.taken]).toEqual([up.total, up.total]);
      });
    }
  });
});
