// Run with --expose-gc: streams that nobody holds are reclaimed and canceled, streams that somebody waits for are not.
import { setImmediate as turn } from "node:timers/promises";
import { createClient, createInMemoryTransport, implementPartial } from "@millrace/node";
import type { Interceptor } from "@millrace/node";
import { GreetService } from "../../../gen/greet/v1/greet_millrace.ts";
import type { GreetServiceClient } from "../../../gen/greet/v1/greet_millrace.ts";

const collect = (globalThis as { gc?: () => void }).gc;
if (collect === undefined) throw new Error("run with --expose-gc");

const report: Record<string, unknown> = {};
const passes: Interceptor = (call, next) => next(call);

for (const interceptors of [undefined, [passes]]) {
  const abandoned: string[] = [];
  const aborted: string[] = [];
  const release = new Map<string, () => void>();
  const told = (name: string, signal: AbortSignal): Promise<void> =>
    new Promise((resolve) => {
      release.set(name, resolve);
      signal.addEventListener("abort", () => {
        aborted.push(name);
        resolve();
      });
    });
  const app = {
    services: [
      implementPartial(GreetService, {
        async *watch(_, call) {
          if (call.requestHeaders.get("x-silent") === undefined) yield { greeting: "one" };
          await told(call.requestHeaders.get("x-name") ?? "watch", call.signal);
          yield { greeting: "two" };
        },
        async collect(requests, call) {
          await told(call.requestHeaders.get("x-name") ?? "collect", call.signal);
          for await (const _ of requests);
          return { count: 7n };
        },
        async *chat(requests, call) {
          const over = told(call.requestHeaders.get("x-name") ?? "chat", call.signal);
          for await (const { name } of requests) yield { greeting: name };
          await over;
        },
      }),
    ],
  };
  const client: GreetServiceClient = createClient(
    GreetService,
    createInMemoryTransport(app, {
      interceptors,
      onAbandoned: (call) => {
        abandoned.push(`${call.method.name} ${call.requestHeaders.get("x-name") ?? ""}`);
        if (call.method.name === "Watch") throw new Error("a hook that throws");
      },
    }),
  );
  const named = (name: string, more: object = {}) => ({ headers: { "x-name": name, ...more } });

  // Nobody holds these.
  const drop = async (): Promise<void> => {
    await client.watch({}, named("read a little")).receive();
    client.watch({}, named("never read"));
    client.collect(named("never finished"));
    const chat = client.chat(named("dropped chat"));
    await chat.send({ name: "a" });
    await chat.receive();
  };
  await drop();

  // Somebody waits for these, though nobody holds their objects.
  const outcomes: Record<string, unknown> = {};
  const wait = (): void => {
    void client.watch({}, named("receive()", { "x-silent": "1" })).receive().then((m) => (outcomes["receive"] = m?.greeting)); // prettier-ignore
    void client
      .watch({}, named("headers", { "x-silent": "1" }))
      .headers.then((h) => (outcomes["headers"] = typeof h));
    const call = client.collect(named("finish()"));
    void call.send({ name: "a" });
    void call.finish().then(({ count }) => (outcomes["finish"] = Number(count)));
    const full = client.collect(named("send()"));
    const fill = async (): Promise<void> => {
      for (let i = 0; i < 200; i++) await full.send({ name: "x".repeat(10_000) });
      outcomes["send"] = "all";
      await full.finish();
    };
    void fill();
    const iterate = async (): Promise<void> => {
      const greetings: string[] = [];
      for await (const { greeting } of client.watch({}, named("for await"))) greetings.push(greeting);
      outcomes["for await"] = greetings;
    };
    void iterate();
  };
  wait();

  // These have ended: their loss means nothing.
  const finish = async (): Promise<void> => {
    const left = client.watch({}, named("left"));
    await left.receive();
    left.cancel();
    const failed = client.watch({}, { ...named("failed"), timeoutMs: -1 });
    await failed.receive().catch(() => {});
    const ended = client.watch({}, named("ended"));
    await ended.receive();
    await turn();
    release.get("ended")?.();
    while ((await ended.receive()) !== undefined);
  };
  await finish();

  for (let i = 0; i < 20; i++) {
    collect();
    await turn();
  }
  const before = {
    abandoned: [...abandoned].sort(),
    aborted: aborted.filter((name) => name !== "left").sort(),
  };
  for (const go of release.values()) go();
  for (let i = 0; i < 50 && Object.keys(outcomes).length < 5; i++) await turn();
  report[interceptors === undefined ? "without interceptors" : "with interceptors"] = { ...before, outcomes };
}

process.stdout.write(JSON.stringify(report));
