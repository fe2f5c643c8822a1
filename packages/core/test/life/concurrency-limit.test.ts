import { describe, expect, test } from "vitest";
import type { HandlerCall, Interceptor } from "@millrace/core";
import { codeOf, protocols, quiet, stage } from "../support/stage.ts";

/** Handlers that run until the test lets them go, whatever their call's signal says. */
class Sleepers {
  running = 0;
  started = 0;
  readonly #asleep: (() => void)[] = [];

  async sleep(): Promise<void> {
    this.started++;
    this.running++;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#asleep.push(resolve);
    await promise;
    this.running--;
  }

  wakeOne(): void {
    this.#asleep.shift()?.();
  }
}

const shortened: Interceptor = (call, next) => next(call.with({ timeoutMs: 10 }));

describe.each(protocols)("concurrency counts until the handler has ended, %s", (protocol) => {
  const memory = { maxConcurrent: 2 };

  test("of unary calls whose clients have gone, no more run than one connection may have", async () => {
    const sleepers = new Sleepers();
    const on = stage({ greet: () => sleepers.sleep().then(() => ({})) }, { protocol, memory });
    const outcomes: Promise<string>[] = [];
    for (let i = 0; i < 10; i++) {
      const controller = new AbortController();
      outcomes.push(codeOf(on.client.greet({}, { signal: controller.signal })));
      await quiet();
      controller.abort();
      await quiet();
    }
    expect(await Promise.all(outcomes)).toEqual(Array<string>(10).fill("canceled"));
    expect(sleepers.started).toBe(2);

    const late = on.client.greet({});
    await quiet();
    expect(sleepers.started).toBe(2);
    sleepers.wakeOne();
    await quiet();
    expect(sleepers.started).toBe(3);
    sleepers.wakeOne();
    sleepers.wakeOne();
    await late;
  });

  test("a generator that does not wake counts until its last line", async () => {
    const sleepers = new Sleepers();
    const on = stage(
      {
        async *watch() {
          try {
            yield { greeting: "one" };
            await sleepers.sleep();
          } finally {
            await sleepers.sleep();
          }
        },
      },
      { protocol, memory: { maxConcurrent: 1 } },
    );
    const first = on.client.watch({});
    await first.receive();
    await quiet();
    first.cancel();
    const second = on.client.watch({});
    const coming = second.receive();
    await quiet();
    expect(sleepers.started).toBe(1);
    sleepers.wakeOne();
    await quiet();
    expect(sleepers.started).toBe(2);
    sleepers.wakeOne();
    expect(await coming).toMatchObject({ greeting: "one" });
    second.cancel();
  });

  test("a gate counts too", async () => {
    const sleepers = new Sleepers();
    const on = stage({ greet: () => ({}) }, { protocol, memory, app: { gate: () => sleepers.sleep() } });
    for (let i = 0; i < 5; i++) {
      const controller = new AbortController();
      const outcome = codeOf(on.client.greet({}, { signal: controller.signal }));
      await quiet();
      controller.abort();
      expect(await outcome).toBe("canceled");
    }
    expect(sleepers.started).toBe(2);
    sleepers.wakeOne();
    const late = on.client.greet({});
    await quiet();
    expect(sleepers.started).toBe(3);
    sleepers.wakeOne();
    sleepers.wakeOne();
    await late;
  });

  test("a handler that an interceptor gave less time counts as long as it runs", async () => {
    const sleepers = new Sleepers();
    const on = stage(
      { greet: () => sleepers.sleep().then(() => ({})) },
      { protocol, memory: { maxConcurrent: 1 }, app: { interceptors: [shortened] } },
    );
    const first = codeOf(on.client.greet({}));
    await quiet();
    on.host.advance(10);
    expect(await first).toBe("deadline_exceeded");
    const second = codeOf(on.client.greet({}));
    await quiet();
    expect(sleepers.started).toBe(1);
    sleepers.wakeOne();
    await quiet();
    expect(sleepers.started).toBe(2);
    sleepers.wakeOne();
    expect(await second).toBe("ok");
  });

  test("a call that waits for its turn is held to its deadline, and never runs", async () => {
    const sleepers = new Sleepers();
    const seen: HandlerCall[] = [];
    const on = stage(
      {
        greet: (_request, call) => {
          seen.push(call);
          return sleepers.sleep().then(() => ({}));
        },
      },
      { protocol, memory: { maxConcurrent: 1 } },
    );
    const first = codeOf(on.client.greet({}));
    await quiet();
    const waiting = codeOf(on.client.greet({}, { timeoutMs: 50 }));
    await quiet();
    on.host.advance(50);
    expect(await waiting).toBe("deadline_exceeded");
    await quiet();
    expect(on.serverEnds.map(({ code }) => code)).toEqual(["deadline_exceeded"]);
    sleepers.wakeOne();
    expect(await first).toBe("ok");
    await quiet();
    expect(seen).toHaveLength(1);
  });

  test("requests of a stream that waits are held back, and none is lost", async () => {
    const sleepers = new Sleepers();
    const on = stage(
      {
        greet: () => sleepers.sleep().then(() => ({})),
        async collect(requests) {
          let count = 0n;
          for await (const { name } of requests) count += BigInt(name.length);
          return { count };
        },
      },
      { protocol, memory: { maxConcurrent: 1, window: 4096 } },
    );
    const first = on.client.greet({});
    await quiet();
    const upload = on.client.collect();
    let sent = 0;
    const sending = (async () => {
      for (let i = 0; i < 100; i++) {
        await upload.send({ name: "x".repeat(1000) });
        sent++;
      }
      return upload.finish();
    })();
    await quiet();
    expect(sent).toBeLessThan(50);
    sleepers.wakeOne();
    await first;
    expect((await sending).count).toBe(100_000n);
  });
});

async function later(start: () => Promise<unknown>): Promise<void> {
  await quiet();
  await start().catch(() => {});
}

describe.each(protocols)("what interceptors leave running counts too, %s", (protocol) => {
  test.each<[string, Interceptor]>([
    [
      "does not wait for its handler",
      (call, next) => Promise.race([next(call), Promise.resolve(call.reply({} as never))]),
    ],
    [
      "answers itself, and lets the handler run",
      async (call, next) => {
        void next(call).catch(() => {});
        return call.reply({} as never);
      },
    ],
    [
      "starts the handler when the call has ended, with less time",
      async (call, next) => {
        void later(() => next(call.with({ timeoutMs: 1e6 })));
        return call.reply({} as never);
      },
    ],
  ])("an interceptor that %s", async (_, interceptor) => {
    const sleepers = new Sleepers();
    let impatient = true;
    const sometimes: Interceptor = (call, next) => (impatient ? interceptor(call, next) : next(call));
    const on = stage(
      { greet: () => sleepers.sleep().then(() => ({})) },
      { protocol, memory: { maxConcurrent: 2 }, app: { interceptors: [sometimes] } },
    );
    for (let i = 0; i < 2; i++) {
      expect(await codeOf(on.client.greet({}))).toBe("ok");
      await quiet();
      await quiet();
    }
    expect(sleepers.running).toBe(2);
    const late = codeOf(on.client.greet({}));
    await quiet();
    await quiet();
    expect(sleepers.started).toBe(2);
    sleepers.wakeOne();
    expect(await late).toBe("ok");
    await quiet();
    await quiet();
    expect(sleepers.running).toBe(2);
    sleepers.wakeOne();
    sleepers.wakeOne();
    await quiet();
    expect(sleepers.running).toBe(0);
    // The count is what it was: two may run, and no third.
    impatient = false;
    const outcomes = [1, 2, 3].map(() => codeOf(on.client.greet({})));
    for (let i = 0; i < 4; i++) await quiet();
    expect(sleepers.running).toBe(2);
    for (let i = 0; i < 3; i++) {
      sleepers.wakeOne();
      for (let turn = 0; turn < 4; turn++) await quiet();
    }
    expect(await Promise.all(outcomes)).toEqual(["ok", "ok", "ok"]);
  });
});
