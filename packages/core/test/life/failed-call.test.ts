import { inspect } from "node:util";
import { setHeaders } from "@millrace/core";
import type { Interceptor } from "@millrace/core";
import { RpcError } from "@millrace/core";
import { describe, expect, test } from "vitest";
import type { GreetServiceClient } from "../../../../gen/greet/v1/greet_millrace.ts";
import { protocols, stage } from "../support/stage.ts";

async function failure(run: () => Promise<unknown>): Promise<RpcError> {
  try {
    await run();
  } catch (error) {
    if (error instanceof RpcError) return error;
    throw error;
  }
  throw new Error("it succeeded");
}

function refuse(): never {
  throw new RpcError("not_found", "nobody\nof that name");
}

/** The user's own functions, by whose names a stack is known to lead to them. */
const callers: readonly [string, (client: GreetServiceClient) => Promise<unknown>, string][] = [
  ["unary", calledHere, "Greet"],
  ["server streaming", loopedHere, "Watch"],
  ["client streaming", collectedHere, "Collect"],
  ["bidi", receivedHere, "Chat"],
];
async function calledHere(client: GreetServiceClient): Promise<void> {
  await client.greet({});
}
async function loopedHere(client: GreetServiceClient): Promise<void> {
  for await (const _ of client.watch({}));
}
async function collectedHere(client: GreetServiceClient): Promise<void> {
  await client.collect([]);
}
async function receivedHere(client: GreetServiceClient): Promise<void> {
  await client.chat([]).receive();
}

const refusing = {
  greet: refuse,
  async *watch() {
    yield* [];
    refuse();
  },
  collect: refuse,
  async *chat() {
    yield* [];
    refuse();
  },
};

describe.each(protocols)("an error that a call over %s fails with", (protocol) => {
  describe.each([
    ["without interceptors", []],
    ["with interceptors", [setHeaders({})]],
  ] as [string, Interceptor[]][])("%s", (_, interceptors) => {
    test.each(callers)("names the method and leads to the caller: %s", async (_, call, name) => {
      const { client } = stage(refusing, { protocol, client: { interceptors } });
      const error = await failure(() => call(client));
      const path = `/greet.v1.GreetService/${name}`;
      expect(error.message).toBe("nobody\nof that name");
      expect(error.method).toBe(path);
      expect(error.stack).toMatch(
        new RegExp(`^RpcError: ${path} failed with not_found: nobody\nof that name\n    at `),
      );
      expect(error.stack).toMatch(/\n {4}at (async )?(calledHere|loopedHere|collectedHere|receivedHere) /);
      expect(inspect(error)).toContain(`method: '${path}'`);
    });
  });
});

test("observers see which call failed", async () => {
  const { client, clientEnds } = stage(refusing);
  await failure(() => client.greet({}));
  expect(clientEnds[0]?.error?.method).toBe("/greet.v1.GreetService/Greet");
});

test("a relay sends on the text alone, and its own client names the relay's method", async () => {
  const back = stage(refusing);
  const seen: RpcError[] = [];
  const front = stage({
    collect: async () => {
      const error = await failure(() => back.client.greet({}));
      seen.push(error);
      throw error;
    },
  });
  const error = await failure(() => front.client.collect([]));
  expect(seen[0]?.method).toBe("/greet.v1.GreetService/Greet");
  expect(error.method).toBe("/greet.v1.GreetService/Collect");
  expect(error.message).toBe("nobody\nof that name");
});

test("an interceptor that lets the failure of another call through keeps that call's name, once", async () => {
  const tokens = stage(refusing);
  const authorized: Interceptor = async (call, next) => {
    await tokens.client.greet({});
    return next(call);
  };
  const { client } = stage({}, { client: { interceptors: [authorized] } });
  const error = await failure(() => client.collect([]));
  expect(error.method).toBe("/greet.v1.GreetService/Greet");
  expect(error.stack?.match(/failed with/g)).toHaveLength(1);
});

test("calls that are canceled with the call that made them are named each for itself", async () => {
  const back = stage({
    greet: () => new Promise<never>(() => {}),
    collect: () => new Promise<never>(() => {}),
  });
  const entered = Promise.withResolvers<void>();
  const named = Promise.withResolvers<(string | undefined)[]>();
  const front = stage(
    {
      async greet() {
        const errors = [failure(() => back.client.greet({})), failure(() => back.client.collect([]))];
        entered.resolve();
        named.resolve((await Promise.all(errors)).map(({ method }) => method));
        return {};
      },
    },
    { host: back.host },
  );
  const controller = new AbortController();
  const call = failure(() => front.client.greet({}, { signal: controller.signal }));
  await entered.promise;
  controller.abort();
  await call;
  expect(await named.promise).toEqual(["/greet.v1.GreetService/Greet", "/greet.v1.GreetService/Collect"]);
});

test("an error that no call failed with names none, and one that cannot be changed still fails the call", async () => {
  const frozen = Object.freeze(new RpcError("aborted", "as it is"));
  expect("method" in frozen).toBe(false);
  const throwing: Interceptor = async () => {
    throw frozen;
  };
  const { client } = stage({}, { client: { interceptors: [throwing] } });
  expect(await failure(() => client.greet({}))).toBe(frozen);
});
