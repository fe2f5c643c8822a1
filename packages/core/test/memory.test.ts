import type {
  Accept,
  ClientSink,
  Exchange,
  Fault,
  Hints,
  RequestHead,
  ServerExchange,
  Sink,
} from "@millrace/exchange";
import { ErrorCode } from "@millrace/exchange";
import { expect, test } from "vitest";
import { memoryConnector } from "../src/memory/memory-connector.ts";

/** A clock that moves when it is told to. */
class FakeClock {
  #now = 0;
  readonly timers = new Map<() => void, number>();

  now(): number {
    return this.#now;
  }

  timer(at: number, run: () => void): () => void {
    this.timers.set(run, at);
    return () => this.timers.delete(run);
  }

  root<T>(run: () => T): T {
    return run();
  }

  advance(ms: number): void {
    this.#now += ms;
    for (const [run, at] of this.timers)
      if (at <= this.#now) {
        this.timers.delete(run);
        run();
      }
  }
}

const hints: Hints = { deadline: Infinity, attempt: 0 };
const head: RequestHead = {
  method: "POST",
  scheme: "http",
  authority: "memory",
  path: "/a",
  query: "",
  fields: [],
  memo: undefined,
};

/** A sink that notes what happens in words. */
class Log implements ClientSink {
  readonly events: string[] = [];
  readonly faults: Fault[] = [];
  bytes = 0;
  data(_chunk: Uint8Array, start: number, end: number): void {
    this.bytes += end - start;
    this.events.push("data");
  }
  end(): void {
    this.events.push("end");
  }
  fault(fault: Fault): void {
    this.faults.push(fault);
    this.events.push(`fault ${fault.kind}`);
  }
  writable(): void {
    this.events.push("writable");
  }
  closed(delivered: boolean): void {
    this.events.push(`closed ${delivered}`);
  }
  sent(): void {
    this.events.push("sent");
  }
  inform(status: number): void {
    this.events.push(`inform ${status}`);
  }
  head(status: number): void {
    this.events.push(`head ${status}`);
  }
}

/** Lets every microtask run: in memory, all that can happen has then happened. */
async function settled(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
}

/** An entry that keeps its exchanges. */
function keeping(sinkOf: () => Sink = () => new Log()): {
  accept: Accept;
  served: ServerExchange[];
  sinks: Sink[];
} {
  const served: ServerExchange[] = [];
  const sinks: Sink[] = [];
  return {
    served,
    sinks,
    accept: (exchange) => {
      served.push(exchange);
      const sink = sinkOf();
      sinks.push(sink);
      return sink;
    },
  };
}

test("A chunk kept beyond data() is rubbish", async () => {
  const kept: Uint8Array[] = [];
  const sink = new Log();
  sink.data = (chunk, start, end) => void kept.push(chunk.subarray(start, end));
  const { accept } = keeping(() => sink);
  const connector = memoryConnector(accept, new FakeClock());
  connector.open(head, new Uint8Array([1, 2, 3]), hints, new Log());
  await settled();
  expect(kept.map((chunk) => [...chunk])).toEqual([[0xdb, 0xdb, 0xdb]]);
});

test("A chunk does not begin at the buffer's start", async () => {
  const starts: number[] = [];
  const sink = new Log();
  sink.data = (_chunk, start) => void starts.push(start);
  const connector = memoryConnector(keeping(() => sink).accept, new FakeClock());
  connector.open(head, new Uint8Array(100_000), hints, new Log());
  await settled();
  expect(starts.length).toBeGreaterThan(1);
  expect(Math.min(...starts)).toBeGreaterThan(0);
});

test("A client's memo on a head does not reach the server", async () => {
  const { accept, served } = keeping();
  memoryConnector(accept, new FakeClock()).open({ ...head, memo: "mine" }, null, hints, new Log());
  await settled();
  expect(served[0]?.head.memo).toBeUndefined();
});

test("A writer is told to wait when a window's worth is under way, and to go on at half of it", async () => {
  const { accept, served } = keeping();
  const connector = memoryConnector(
    (exchange) => {
      exchange.pause();
      return accept(exchange);
    },
    new FakeClock(),
    { window: 1000 },
  );
  const client = new Log();
  const exchange = connector.open(head, undefined, hints, client);
  expect(exchange.write(new Uint8Array(999))).toBe(true);
  expect(exchange.write(new Uint8Array(1))).toBe(false);
  await settled();
  expect(client.events).toEqual(["sent"]);
  served[0]?.resume();
  await settled();
  expect(client.events).toEqual(["sent", "writable"]);
});

test("close() resets what runs when its grace is over, not before", async () => {
  const clock = new FakeClock();
  const { accept, sinks } = keeping();
  const connector = memoryConnector(accept, clock);
  const client = new Log();
  connector.open(head, null, hints, client);
  await settled();
  const closing = connector.close(5_000);
  clock.advance(4_999);
  await settled();
  expect(client.events).toEqual(["sent"]);
  clock.advance(1);
  await closing;
  expect(client.events).toEqual(["sent", "fault shutdown", "closed false"]);
  await settled();
  expect((sinks[0] as Log).events).toEqual(["end", "fault reset", "closed false"]);
  expect((sinks[0] as Log).faults[0]?.h2).toBe(ErrorCode.CANCEL);
  expect(clock.timers.size).toBe(0);
});

test("close() leaves no timer behind when all ends within its grace", async () => {
  const clock = new FakeClock();
  const { accept, served } = keeping();
  const connector = memoryConnector(accept, clock);
  const client = new Log();
  connector.open(head, null, hints, client);
  await settled();
  const closing = connector.close(5_000);
  served[0]?.reply(200, [], null, null);
  await closing;
  expect(client.events.at(-1)).toBe("closed true");
  expect(clock.timers.size).toBe(0);
});

test("goaway() fails what the server has not seen, as never processed, and leaves the rest", async () => {
  const { accept, served } = keeping();
  const connector = memoryConnector(accept, new FakeClock());
  const [seen, unseen, later] = [new Log(), new Log(), new Log()];
  connector.open(head, null, hints, seen);
  await settled();
  connector.open(head, null, hints, unseen);
  connector.goaway();
  connector.open(head, null, hints, later);
  await settled();
  for (const exchange of served) exchange.reply(200, [], null, null);
  await settled();
  expect(served).toHaveLength(2);
  expect(unseen.events).toEqual(["fault goaway", "closed false"]);
  expect(unseen.faults[0]?.processed).toBe("never");
  for (const log of [seen, later]) expect(log.events).toEqual(["sent", "head 200", "end", "closed true"]);
});

test("A cut before sent() was never processed", async () => {
  const { accept, served } = keeping();
  const connector = memoryConnector(accept, new FakeClock());
  const client = new Log();
  connector.open(head, null, hints, client);
  connector.cut();
  await settled();
  expect(client.faults[0]).toMatchObject({ kind: "lost", processed: "never" });
  expect(served).toHaveLength(0);
});

test("A response that has arrived survives a cut, however late it is read", async () => {
  const { accept, served } = keeping();
  const connector = memoryConnector(accept, new FakeClock());
  const client = new Log();
  const exchange = connector.open(head, null, hints, client);
  exchange.pause();
  await settled();
  served[0]?.reply(200, [], new Uint8Array(10), null);
  await settled();
  connector.cut();
  await settled();
  exchange.resume();
  await settled();
  expect(client.events).toEqual(["sent", "head 200", "data", "end", "closed true"]);
});

test("After an early reply the drain ends at its bound of bytes", async () => {
  const clock = new FakeClock();
  const server = new Log();
  const connector = memoryConnector(
    (exchange) => {
      exchange.reply(200, [], new Uint8Array(1), null);
      return server;
    },
    clock,
    { window: 100, drainBytes: 1000 },
  );
  const client = new Log();
  const exchange = connector.open(head, undefined, hints, client);
  exchange.pause();
  let taken = 0;
  for (let i = 0; i < 1000 && !server.events.includes("closed true"); i++) {
    if (exchange.write(new Uint8Array(100))) taken += 100;
    await settled();
  }
  expect(taken).toBeLessThan(2000);
  expect(server.events).toEqual(["closed true"]);
  exchange.resume();
  await settled();
  expect(client.events.slice(-4)).toEqual(["data", "end", "fault reset", "closed false"]);
  expect(client.faults[0]?.h2).toBe(ErrorCode.NO_ERROR);
  expect(clock.timers.size).toBe(0);
});

test("After an early reply the drain ends when its time is over, though the client is paused", async () => {
  const clock = new FakeClock();
  const server = new Log();
  const connector = memoryConnector(
    (exchange) => {
      exchange.reply(200, [], null, null);
      return server;
    },
    clock,
    { drainMs: 50 },
  );
  const exchange = connector.open(head, undefined, hints, new Log());
  exchange.pause();
  await settled();
  expect(server.events).toEqual([]);
  clock.advance(50);
  await settled();
  expect(server.events).toEqual(["closed true"]);
});

test("A body without a head resets the exchange with INTERNAL_ERROR", async () => {
  const connector = memoryConnector((exchange) => {
    exchange.write(new Uint8Array(1));
    return new Log();
  }, new FakeClock());
  const client = new Log();
  connector.open(head, null, hints, client);
  await settled();
  expect(client.faults[0]).toMatchObject({ kind: "reset", h2: ErrorCode.INTERNAL_ERROR });
});

test("A whole exchange arms no timer and leaves nothing running", async () => {
  const clock = new FakeClock();
  const connector = memoryConnector((exchange) => {
    const sink = new Log();
    sink.end = () => exchange.reply(200, [], new Uint8Array(1), null);
    return sink;
  }, clock);
  const exchanges: Exchange[] = [];
  for (let i = 0; i < 100; i++) exchanges.push(connector.open(head, new Uint8Array(10), hints, new Log()));
  await settled();
  expect(clock.timers.size).toBe(0);
  await connector.close(60_000);
  expect(clock.timers.size).toBe(0);
});

test("Where requests go whole, the server sees nothing before the request has ended", async () => {
  const { accept, served } = keeping();
  const connector = memoryConnector(accept, new FakeClock(), { caps: { request: "whole" } });
  const client = new Log();
  const exchange = connector.open(head, undefined, hints, client);
  for (let i = 0; i < 10; i++) expect(exchange.write(new Uint8Array(100_000))).toBe(true);
  await settled();
  expect([client.events, served.length]).toEqual([[], 0]);
  exchange.end(null);
  await settled();
  expect([client.events, served.length]).toEqual([["sent"], 1]);
});

test("Where one direction goes at a time, the head waits for the request's end", async () => {
  const { accept, served } = keeping();
  const connector = memoryConnector(accept, new FakeClock(), { caps: { request: "half" } });
  const client = new Log();
  const exchange = connector.open(head, undefined, hints, client);
  await settled();
  served[0]?.respond(200, []);
  served[0]?.flush();
  await settled();
  expect(client.events).toEqual(["sent"]);
  exchange.end(null);
  await settled();
  expect(client.events).toEqual(["sent", "head 200"]);
});

test("Without trailers they are lost, and the response still ends", async () => {
  const connector = memoryConnector(
    (exchange) => {
      exchange.reply(200, [], null, ["x-status", "0"]);
      return new Log();
    },
    new FakeClock(),
    { caps: { trailers: false } },
  );
  const client = new Log();
  const trailers: unknown[] = [];
  client.end = (fields?: unknown) => void trailers.push(fields);
  connector.open(head, null, hints, client);
  await settled();
  expect(trailers).toEqual([null]);
});

test("Without resets a reset is a connection lost, and its code does not travel", async () => {
  const { accept, served } = keeping();
  const connector = memoryConnector(accept, new FakeClock(), { caps: { resets: false } });
  const client = new Log();
  connector.open(head, null, hints, client);
  await settled();
  served[0]?.reset(ErrorCode.REFUSED_STREAM);
  await settled();
  expect(client.faults[0]).toMatchObject({ by: "transport", kind: "lost", h2: -1, processed: "maybe" });
});

test.each(["", "0", "1", "2", "3", "10", "12", "23", "31", "012", "321", "1203"])(
  "close() ends the exchanges that still run, whichever have ended before the last came: %s of 0123",
  async (ended) => {
    const connector = memoryConnector(keeping().accept, new FakeClock());
    const logs = Array.from({ length: 4 }, () => new Log());
    const exchanges = logs.map((log) => connector.open(head, undefined, hints, log));
    await settled();
    for (const at of ended) {
      exchanges[Number(at)]!.reset(ErrorCode.CANCEL);
      await settled();
    }
    logs.push(new Log());
    connector.open(head, undefined, hints, logs[4]!);
    await connector.close(0);
    const shut = logs.map(({ faults }, at) => (faults[0]?.kind === "shutdown" ? at : "")).join("");
    expect(shut).toBe("01234".replaceAll(new RegExp(`[${ended}]`, "g"), ""));
  },
);
