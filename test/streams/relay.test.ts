import { create } from "@bufbuild/protobuf";
import { errorDetail, findDetails, RpcError } from "@millrace/node";
import type { HandlerCall } from "@millrace/node";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { GreetServiceHandlers } from "../../gen/greet/v1/greet_millrace.ts";
import { MoodSchema } from "../../gen/greet/v1/greet_pb.ts";
import { codeOf, expectNothingUnhandled, untilAborted } from "../life/support/life.ts";
import { Chain, legs } from "./support/chain.ts";
import type { Leg } from "./support/chain.ts";

expectNothingUnhandled();

const pairs = legs.flatMap((front) =>
  legs.map((back) => [nameOf(front), nameOf(back), front, back] as const),
);

function nameOf({ protocol, httpVersion }: Leg): string {
  return `${protocol} over HTTP/${httpVersion}`;
}

/** Whether a call whose both directions are open at once can pass. */
function full(front: Leg, back: Leg): boolean {
  return front.httpVersion === "2" && back.httpVersion === "2";
}

function failure(): RpcError {
  return new RpcError("aborted", "upstream says no: 100 %", {
    details: [errorDetail(MoodSchema, { level: 7 })],
    metadata: { "x-secret": "upstream's own" },
  });
}

/** Answers with trailers; who is called "fail" gets an error behind the messages. */
const answering: GreetServiceHandlers = {
  greet({ name }, call) {
    end(name, call);
    return { greeting: `Hello, ${name}!` };
  },
  async *watch({ everyMs }, call) {
    for (let i = 0; i < 3; i++) yield { greeting: `${i}` };
    end(everyMs > 0 ? "fail" : "", call);
  },
  async collect(requests, call) {
    const names: string[] = [];
    for await (const { name } of requests) names.push(name);
    end(names.at(-1) ?? "", call);
    return { count: BigInt(names.length) };
  },
  async *chat(requests, call) {
    let last = "";
    for await (const { name } of requests) yield { greeting: (last = name) };
    end(last, call);
  },
};

function end(name: string, call: HandlerCall): void {
  call.responseTrailers.append("x-cost", "1");
  call.responseTrailers.append("x-cost", "2");
  if (name === "fail") throw failure();
}

async function greetings(stream: AsyncIterable<{ readonly greeting: string }>): Promise<string[]> {
  const all: string[] = [];
  for await (const { greeting } of stream) all.push(greeting);
  return all;
}

/** Handlers that begin to answer, and then wait to be told that nobody wants more. */
function waiting(): { handlers: GreetServiceHandlers; told: string[]; begun: Promise<void> } {
  const told: string[] = [];
  const begun = Promise.withResolvers<void>();
  const wait = (_: unknown, call: HandlerCall): Promise<never> => {
    begun.resolve();
    call.signal.addEventListener("abort", () => told.push((call.signal.reason as RpcError).code));
    return untilAborted(call.signal);
  };
  const stream = async function* (request: unknown, call: HandlerCall): AsyncGenerator<{ greeting: string }> {
    yield { greeting: "one" };
    await wait(request, call);
  };
  return {
    handlers: { greet: wait, watch: stream, collect: wait, chat: stream },
    told,
    begun: begun.promise,
  };
}

/** Each kind of call, until nothing more comes. Gives what came, and the code that it ended with. */
type Kind = (
  chain: Chain,
  options: object,
  heard?: () => void,
) => Promise<readonly [readonly string[], string]>;

const kinds: Readonly<Record<string, Kind>> = {
  unary: async ({ front }, options) => [[], await codeOf(front.client.greet({}, options))],
  "server stream": ({ front }, options, heard) => read(front.client.watch({}, options), heard),
  "client stream": async ({ front }, options) => {
    const call = front.client.collect(options);
    await call.send({ name: "one" });
    return [[], await codeOf(call.finish())];
  },
  bidi: async ({ front }, options, heard) => {
    const call = front.client.chat(options);
    await call.send({ name: "one" });
    return read(call, heard);
  },
};

async function read(
  stream: AsyncIterable<{ readonly greeting: string }>,
  heard: () => void = () => {},
): Promise<[string[], string]> {
  const came: string[] = [];
  const reading = async (): Promise<void> => {
    for await (const { greeting } of stream) {
      came.push(greeting);
      heard();
    }
  };
  return [came, await codeOf(reading())];
}

describe.each(pairs)("a relay of a call by %s to an upstream by %s", (_front, _back, front, back) => {
  const possible = Object.entries(kinds).filter(([kind]) => kind !== "bidi" || full(front, back));

  test("passes messages and trailers on", async () => {
    await using chain = await Chain.of(front, back, answering);
    const { client } = chain.front;
    const unary = await client.greet({ name: "Ada" }).withMetadata();
    expect([unary.response.greeting, unary.trailers.getAll("x-cost")]).toEqual(["Hello, Ada!", ["1", "2"]]);
    const stream = client.watch({});
    expect(await greetings(stream)).toEqual(["0", "1", "2"]);
    expect((await stream.trailers).getAll("x-cost")).toEqual(["1", "2"]);
    const collected = await client.collect([{}, {}]).withMetadata();
    expect([collected.response.count, collected.trailers.getAll("x-cost")]).toEqual([2n, ["1", "2"]]);
    if (!full(front, back)) return;
    const chat = client.chat([{ name: "one" }, { name: "two" }]);
    expect(await greetings(chat)).toEqual(["one", "two"]);
    expect((await chat.trailers).getAll("x-cost")).toEqual(["1", "2"]);
  });

  test("passes errors on: code, message and details, behind the messages; their metadata not", async () => {
    await using chain = await Chain.of(front, back, answering);
    const { client } = chain.front;
    const outcomes = [
      client.greet({ name: "fail" }),
      greetings(client.watch({ everyMs: 1 })),
      client.collect([{}, { name: "fail" }]),
      ...(full(front, back) ? [greetings(client.chat([{ name: "fail" }]))] : []),
    ];
    for (const outcome of await Promise.allSettled<unknown>(outcomes)) {
      const error = (outcome as PromiseRejectedResult).reason as RpcError;
      expect([error.code, error.message]).toEqual(["aborted", "upstream says no: 100 %"]);
      expect(findDetails(error, MoodSchema)).toEqual([create(MoodSchema, { level: 7 })]);
      expect(error.metadata.has("x-secret")).toBe(false);
    }
    expect(chain.errors).toEqual([]);
  });

  test.each(possible)(
    "%s: a client that cancels cancels the upstream, and all is over",
    async (_kind, call) => {
      const { handlers, told, begun } = waiting();
      await using chain = await Chain.of(front, back, handlers);
      const controller = new AbortController();
      const outcome = call(chain, { signal: controller.signal });
      await begun;
      controller.abort();
      expect((await outcome)[1]).toBe("canceled");
      await chain.over(1);
      expect(told).toEqual(["canceled"]);
      expect(codesOf(chain)).toEqual([["canceled"], ["canceled"], ["canceled"], ["canceled"]]);
      expect(chain.errors).toEqual([]);
    },
  );

  test.each(possible)(
    "%s: a client that is lost cancels the upstream, and all is over",
    async (_kind, call) => {
      const { handlers, told, begun } = waiting();
      await using chain = await Chain.of(front, back, handlers);
      const outcome = call(chain, {});
      await begun;
      await chain.front.fuse.close();
      expect((await outcome)[1]).toBe("unavailable");
      await chain.over(1);
      expect(told).toEqual(["canceled"]);
      expect(codesOf(chain)).toEqual([["unavailable"], ["canceled"], ["canceled"], ["canceled"]]);
      expect(chain.errors).toEqual([]);
    },
  );

  test.each(possible)("%s: an upstream that is lost is unavailable to the client", async (kind, call) => {
    const { handlers, begun } = waiting();
    await using chain = await Chain.of(front, back, handlers);
    const streams = kind === "server stream" || kind === "bidi";
    const heard = Promise.withResolvers<void>();
    const outcome = call(chain, {}, heard.resolve);
    await Promise.all([begun, streams ? heard.promise : undefined]);
    await chain.back.fuse.close();
    expect(await outcome).toEqual([streams ? ["one"] : [], "unavailable"]);
    await chain.over(1);
    expect(codesOf(chain)).toEqual([["unavailable"], ["unavailable"], ["unavailable"], ["canceled"]]);
    expect(chain.errors).toEqual([]);
  });

  describe("by a clock that all share", () => {
    beforeEach(() => void vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] }));
    afterEach(() => void vi.useRealTimers());

    test.each(possible)("%s: the client's deadline holds all the way", async (_kind, call) => {
      const { handlers, told, begun } = waiting();
      await using chain = await Chain.of(front, back, handlers);
      const outcome = call(chain, { timeoutMs: 150 });
      await begun;
      vi.advanceTimersByTime(150);
      expect((await outcome)[1]).toBe("deadline_exceeded");
      await chain.over(1);
      expect(told).toEqual(["deadline_exceeded"]);
      expect(codesOf(chain).flat()).toEqual(Array.from({ length: 4 }, () => "deadline_exceeded"));
      expect(chain.errors).toEqual([]);
    });

    test.each(possible)(
      "%s: the client's deadline holds for an upstream that was not reached",
      async (_kind, call) => {
        await using chain = await Chain.of(front, back, {});
        const { taken } = await chain.silence();
        const outcome = call(chain, { timeoutMs: 150 });
        await taken;
        vi.advanceTimersByTime(150);
        expect((await outcome)[1]).toBe("deadline_exceeded");
        const { client, front: near, back: far } = chain.ends;
        await Promise.all([client, near, far].map((ends) => ends.reach(1)));
        const expired = ["deadline_exceeded"];
        expect(codesOf(chain)).toEqual([expired, expired, expired, []]);
        expect(chain.errors).toEqual([]);
      },
    );
  });

  test("an upstream that is cut anywhere is never shown as complete", async () => {
    await using chain = await Chain.of(front, back, answering);
    const outcomes = new Set<string>();
    // To and fro: some cuts are before the answer, some in it; at last there is one behind it.
    for (let bytes = 1; !outcomes.has("0,1,2 ok 1,2"); bytes += 1 + Math.floor(bytes / 8)) {
      await chain.renew();
      chain.back.fuse.arm(bytes, bytes % 2 === 0 ? "end" : "reset");
      const stream = chain.front.client.watch({});
      const [came, code] = await read(stream);
      const trailers = code === "ok" ? (await stream.trailers).getAll("x-cost") : [];
      outcomes.add(`${code === "ok" ? came.join() : ""} ${code} ${trailers.join()}`.trim());
    }
    expect([...outcomes].toSorted()).toEqual(["0,1,2 ok 1,2", "unavailable"]);
  });
});

function codesOf({ ends: { client, front, back, upstream } }: Chain): string[][] {
  return [client.codes, front.codes, back.codes, upstream.codes];
}
