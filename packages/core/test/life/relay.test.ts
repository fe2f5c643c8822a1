import { errorDetail, findDetails, RpcError } from "@millrace/core";
import type { Protocol } from "@millrace/core";
import { create } from "@bufbuild/protobuf";
import { describe, expect, test } from "vitest";
import { MoodSchema } from "../../../../gen/greet/v1/greet_pb.ts";
import type { GreetServiceHandlers } from "../../../../gen/greet/v1/greet_millrace.ts";
import { codeOf, protocols, quiet, stage } from "../support/stage.ts";

const upstream: GreetServiceHandlers = {
  greet: ({ name }, call) => {
    call.responseHeaders.set("x-upstream-head", "secret");
    call.responseTrailers.append("x-cost", "1");
    call.responseTrailers.append("x-cost", "2");
    if (name === "fail") throw failure();
    return { greeting: `Hello, ${name}!`, places: [{ name: "there", tags: ["a"] }] };
  },
  async *watch({ everyMs }, call) {
    yield { greeting: "one" };
    if (everyMs > 0) await new Promise(() => {});
    yield { greeting: "two" };
    call.responseTrailers.set("x-cost", "3");
    if (call.requestHeaders.get("x-fail") !== undefined) throw failure();
  },
  async collect(requests, call) {
    let count = 0n;
    for await (const _ of requests) count++;
    call.responseTrailers.set("x-cost", "4");
    return { count };
  },
  async *chat(requests, call) {
    for await (const { name } of requests) yield { greeting: name };
    call.responseTrailers.set("x-cost", "5");
    throw failure();
  },
};

function failure(): RpcError {
  return new RpcError("aborted", "upstream says no", {
    details: [
      errorDetail(MoodSchema, { level: 7 }),
      { type: "not.known.Here", value: new Uint8Array([1, 2, 3]) },
    ],
    metadata: { "x-upstream-error": "secret" },
  });
}

const pairs: readonly [Protocol, Protocol][] = protocols.flatMap((front) =>
  protocols.map((back): [Protocol, Protocol] => [front, back]),
);

describe.each(pairs)("a relay from %s to %s", (frontProtocol, backProtocol) => {
  const relays = (interceptors = false) => {
    const back = stage(upstream, { protocol: backProtocol });
    const { client } = back;
    const front = stage(
      {
        greet: (request) => client.greet(request),
        watch: (request, call) =>
          client.watch(request, { headers: { "x-fail": call.requestHeaders.getAll("x-fail") } }),
        collect: (requests) => client.collect(requests),
        chat: (requests) => client.chat(requests),
      },
      {
        protocol: frontProtocol,
        host: back.host,
        app: interceptors ? { interceptors: [(call, next) => next(call)] } : {},
      },
    );
    return { front, back };
  };

  test.each([false, true])(
    "messages and trailers pass; the upstream's headers do not; interceptors: %s",
    async (on) => {
      const { front, back } = relays(on);
      const unary = await front.client.greet({ name: "Ada" }).withMetadata();
      expect(unary.response).toMatchObject({
        greeting: "Hello, Ada!",
        places: [{ name: "there", tags: ["a"] }],
      });
      expect(unary.trailers.getAll("x-cost")).toEqual(["1", "2"]);
      expect(unary.headers.get("x-upstream-head")).toBeUndefined();

      const stream = front.client.watch({});
      const greetings: string[] = [];
      for await (const { greeting } of stream) greetings.push(greeting);
      expect(greetings).toEqual(["one", "two"]);
      expect((await stream.trailers).get("x-cost")).toBe("3");

      const collected = await front.client.collect([{}, {}, {}]).withMetadata();
      expect(collected.response.count).toBe(3n);
      expect(collected.trailers.get("x-cost")).toBe("4");
      await quiet();
      expect(back.host.timers).toBe(0);
      expect(front.errors).toEqual([]);
    },
  );

  test.each([false, true])(
    "errors pass with code, message and details, without their metadata; interceptors: %s",
    async (on) => {
      const { front } = relays(on);
      const outcomes: Promise<unknown>[] = [
        front.client.greet({ name: "fail" }),
        (async () => {
          for await (const _ of front.client.watch({}, { headers: { "x-fail": "1" } }));
        })(),
        (async () => {
          for await (const _ of front.client.chat([{ name: "Ada" }]));
        })(),
      ];
      for (const outcome of outcomes) {
        const error = (await outcome.catch((reason: unknown) => reason)) as RpcError;
        expect([error.code, error.message]).toEqual(["aborted", "upstream says no"]);
        expect(findDetails(error, MoodSchema)).toEqual([create(MoodSchema, { level: 7 })]);
        expect(error.details[1]).toEqual({ type: "not.known.Here", value: new Uint8Array([1, 2, 3]) });
        expect([...error.metadata].map(([name]) => name)).not.toContain("x-upstream-error");
        expect([...error.metadata].map(([name]) => name)).not.toContain("x-upstream-head");
      }
      expect(front.errors).toEqual([]);
    },
  );

  test("a client that leaves the relay leaves the upstream", async () => {
    const { front, back } = relays();
    for await (const _ of front.client.watch({ everyMs: 1 })) break;
    await quiet();
    expect(back.clientEnds.map(({ code }) => code)).toEqual(["canceled"]);
  });

  test("an upstream that is away is unavailable to the client", async () => {
    const { front, back } = relays();
    await back.connector.close(0);
    expect(await codeOf(front.client.greet({}))).toBe("canceled");
  });
});
