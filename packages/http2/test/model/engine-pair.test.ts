import { ErrorCode, type Exchange, type ServerExchange } from "@millrace/exchange";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { ClientConnection } from "../../src/client-connection.ts";
import { limitsFrom } from "../../src/limits.ts";
import { ServerConnection } from "../../src/server-connection.ts";
import { WindowBudget } from "../../src/window-budget.ts";
import { requestHead } from "../support/client-script.ts";
import { ManualRuntime } from "../support/manual-runtime.ts";
import { memoryPair } from "../support/memory-pair.ts";
import { RecordedSink } from "../support/recorded-sink.ts";
import { peer } from "../support/engine-script.ts";
import { ServedRequest } from "../support/server-script.ts";
import { bodyPart } from "./peer-model.ts";

const kinds = [
  "open",
  "open",
  "respond",
  "inform",
  "write",
  "write",
  "write",
  "write",
  "end",
  "end",
  "reset",
  "pause",
  "resume",
  "turns",
  "turns",
  "time",
] as const;
const ends = [
  "both go on",
  "the server drains",
  "the client closes",
  "the server aborts",
  "the wire is cut",
] as const;

interface Step {
  readonly kind: (typeof kinds)[number];
  readonly side: "client" | "server";
  readonly which: number;
  readonly size: number;
}
const step: fc.Arbitrary<Step> = fc.record({
  kind: fc.constantFrom(...kinds),
  side: fc.constantFrom("client", "server"),
  which: fc.nat(9),
  size: fc.oneof(fc.nat(100), fc.nat(40_000)),
});

/** One end of an exchange, and what it was told to do. */
class End {
  readonly sink: RecordedSink;
  readonly #number: number;
  written = 0;
  isEnded = false;
  wasReset = false;

  constructor(sink: RecordedSink, number: number) {
    this.sink = sink;
    this.#number = number;
  }

  get exchange(): Exchange {
    return this.sink.exchange;
  }

  do(kind: Step["kind"], size: number): void {
    const { exchange } = this;
    const server = exchange as Partial<ServerExchange>;
    if (kind === "respond") server.respond?.(200, []);
    else if (kind === "inform") server.inform?.(103, []);
    else if (kind === "pause") exchange.pause();
    else if (kind === "resume") exchange.resume();
    else if (kind === "reset") {
      this.wasReset ||= !this.sink.isClosed;
      exchange.reset(ErrorCode.CANCEL);
    } else if (this.isEnded) return;
    else if (kind === "write") {
      server.respond?.(200, []);
      exchange.write(bodyPart(this.#number, this.written, size));
      this.written += size;
    } else if (kind === "end") {
      server.respond?.(200, []);
      exchange.end(size % 2 === 0 ? null : ["t", "x"]);
      this.isEnded = true;
    }
  }

  /** What the other end has of this one's body. */
  expectBody(other: End): void {
    const { body } = other.sink;
    expect(body).toBe(Buffer.from(bodyPart(this.#number, 0, body.length)).toString("latin1"));
    expect(body.length).toBeLessThanOrEqual(this.written);
  }
}

/** Two engines, and their exchanges by the paths of their requests. */
class Pair {
  readonly runtime = new ManualRuntime();
  readonly client: ClientConnection;
  readonly server: ServerConnection;
  readonly calls: { readonly client: End; server: End | undefined }[] = [];
  readonly wires: ReturnType<typeof memoryPair>;

  constructor(small: boolean) {
    const limits = limitsFrom({
      streamWindowBytes: small ? 500 : 65_535,
      maxStreamWindowBytes: 100_000,
      connectionWindowBytes: 65_535,
      maxConcurrentStreams: 4,
      drainBytes: 1000,
      drainMs: 50,
    });
    const budget = new WindowBudget(200_000);
    this.wires = memoryPair(this.runtime.soon);
    const [near, far] = this.wires;
    this.client = new ClientConnection(near, this.runtime, limits, budget, { peer, name: "memory" });
    const accept = (exchange: ServerExchange): ServedRequest => {
      const request = new ServedRequest();
      request.exchange = exchange;
      const number = Number(exchange.head.path.slice(1));
      this.calls[number]!.server = new End(request, number);
      return request;
    };
    this.server = new ServerConnection(far, this.runtime, limits, budget, { accept, peer, closed: () => {} });
  }

  open(which: number): void {
    const sink = new RecordedSink();
    const number = this.calls.length;
    const head = { ...requestHead, method: "POST", path: `/${number}` };
    const client = new End(sink, number);
    this.calls.push({ client, server: undefined });
    client.isEnded = which === 0;
    const body = client.isEnded ? null : undefined;
    sink.exchange = this.client.open(head, body, { deadline: Infinity, attempt: 0 }, sink);
  }

  do({ kind, side, which, size }: Step): void {
    if (kind === "open") return this.open(which);
    if (kind === "time") return this.runtime.advance(size / 100);
    if (kind === "turns") {
      for (let i = 0; i < which; i++) this.runtime.step();
      return;
    }
    this.calls[which % Math.max(1, this.calls.length)]?.[side]?.do(kind, size);
  }

  /** What both sides have left to say, until nothing is. */
  finish(first: "client" | "server"): void {
    const sides = first === "client" ? (["client", "server"] as const) : (["server", "client"] as const);
    for (let round = 0; round < 20; round++) {
      for (const side of sides) {
        for (const call of this.calls) {
          call[side]?.do("resume", 0);
          call[side]?.do("end", 0);
        }
        this.runtime.settle();
        this.runtime.advance(100);
      }
    }
    this.runtime.advance(5000);
  }
}

const orders = {
  client: /^(sent )?(inform )*(head )?(data )*(end )?(fault )?closed $/,
  server: /^(data )*(end )?(fault )?closed $/,
};

function isOver(pair: Pair, isUndisturbed: boolean): void {
  for (const { client, server } of pair.calls) {
    const told = { client: [] as string[], server: [] as string[] };
    for (const [side, end] of [["client", client] as const, ["server", server] as const]) {
      if (end === undefined) continue;
      told[side] = end.sink.events().map((event) => event.split(" ")[0]!);
      expect(`${told[side].filter((kind) => kind !== "writable").join(" ")} `).toMatch(orders[side]);
    }
    if (server === undefined) {
      expect(told.client).not.toContain("head");
      continue;
    }
    client.expectBody(server);
    server.expectBody(client);
    if (told.client.includes("end")) expect(client.sink.body).toHaveLength(server.written);
    if (told.server.includes("end")) expect(server.sink.body).toHaveLength(client.written);
    if (!isUndisturbed || client.wasReset || server.wasReset) continue;
    expect(told.client).toContain("end");
    expect(told.client).not.toContain("fault");
    expect(told.server).not.toContain("fault");
  }
}

test("two engines: every exchange gets what its contract says, and nothing is left of it", () => {
  fc.assert(
    fc.property(
      fc.boolean(),
      fc.array(step, { maxLength: 60, size: "max" }),
      fc.constantFrom(...ends),
      fc.array(step, { maxLength: 20, size: "max" }),
      fc.constantFrom("client", "server"),
      (small, before, end, after, first) => {
        const pair = new Pair(small);
        for (const next of before) pair.do(next);
        if (end === "the server drains") pair.server.drain();
        else if (end === "the client closes") void pair.client.close(100);
        else if (end === "the server aborts") pair.server.abort();
        else if (end === "the wire is cut") pair.wires[0].destroy();
        for (const next of after) pair.do(next);
        pair.finish(first);
        isOver(pair, end === "both go on");
        expect([pair.client.streams.size, pair.server.streams.size]).toEqual([0, 0]);
        expect([pair.client.output.isPending, pair.server.output.isPending]).toEqual([false, false]);
        // That of a server's connection which is idle.
        expect(pair.runtime.timers).toBe(pair.server.isOpen ? 1 : 0);
        expect(pair.runtime.step()).toBe(false);
        void pair.client.close(0);
        pair.runtime.settle();
        pair.runtime.advance(2000);
        expect(pair.runtime.timers).toBe(0);
      },
    ),
    { numRuns: 150 },
  );
});
