import { describe, expect, test } from "vitest";
import { implement, implementPartial } from "@millrace/core";
import type { CallOptions } from "@millrace/core";
import { connectClient, createAccept, createInMemoryTransport, serverProtocols } from "@millrace/core/host";
import { createClient } from "@millrace/core";
import { GreetService } from "../../../../gen/greet/v1/greet_millrace.ts";
import { FakeHost } from "../support/fake-host.ts";
import { quiet, stage } from "../support/stage.ts";

describe("what is wrong with a call's options is the call's own failure: opening never throws", () => {
  const bad: [string, object, RegExp][] = [
    ["a signal of null", { signal: null }, /signal is null: it must be an AbortSignal/],
    ["a signal that is none", { signal: {} }, /signal is .*: it must be an AbortSignal/],
    [
      "a limit that is no number",
      { maxReceiveBytes: Number.NaN },
      /maxReceiveBytes is NaN: it must be a whole number/,
    ],
    ["a negative limit", { maxReceiveBytes: -1 }, /maxReceiveBytes is -1/],
    ["a timeout that is no number", { timeoutMs: "5" }, /timeoutMs is "5": it must be a number/],
  ];
  test.each(bad)("%s", async (_, options, text) => {
    const { client } = stage({ greet: () => ({}) });
    await expect(client.greet({}, options as CallOptions)).rejects.toMatchObject({
      code: "internal",
      message: expect.stringMatching(text) as string,
    });
  });
});

test.each([
  ["implement", implement],
  ["implementPartial", implementPartial],
] as const)("%s() takes no descriptor for a service", (_, join) => {
  expect(() => join(GreetService.descriptor as never, {})).toThrow(
    new TypeError(
      "not a service: take the one that protoc-gen-millrace generated, or fromDescriptor(descriptor)",
    ),
  );
});

test.each([
  ["no services", {}, "the App has no services"],
  ["one alone", { services: implementPartial(GreetService, {}) }, "the App has services that are no array"],
])("an App without a list of services is refused: %s", (_, app, text) => {
  expect(() => createAccept(new FakeHost(), serverProtocols, app as never)).toThrow(
    new TypeError(`${text}: give { services: [implement(service, handlers)] }`),
  );
});

test.each(["/rpc", "/rpc/", "/"])("an App under the prefix %s answers in memory", async (pathPrefix) => {
  const app = {
    pathPrefix,
    services: [implementPartial(GreetService, { greet: () => ({ greeting: "hi" }) })],
  };
  const parts = { host: new FakeHost(), protocol: connectClient, serverProtocols };
  const client = createClient(GreetService, createInMemoryTransport(parts, app, {}));
  expect((await client.greet({})).greeting).toBe("hi");
});

test.each([99, 0.5, "9"])("a compression level of %s is refused at construction, with the range", (level) => {
  const compression = { send: "gzip", level: level as number };
  expect(() => createAccept(new FakeHost(), serverProtocols, { services: [], compression })).toThrow(
    /compression\.level is .*: for gzip it must be a whole number from 1 to 9/,
  );
});

describe("memory is bounded by what messages take, not by what they took on the wire", () => {
  const name = "x".repeat(100_000);
  test("a handler that does not read is given no more of what is small only when compressed", async () => {
    let received = 0;
    const on = stage(
      { collect: () => new Promise(() => {}) },
      {
        transport: { compression: { send: "gzip" } },
        app: { observers: [() => ({ received: () => void received++ })] },
      },
    );
    const upload = on.client.collect();
    for (let n = 0; n < 50; n++) void upload.send({ name });
    await quiet();
    // All 50 are 10 kB on the wire, and 5 MB in memory: the queue holds 256 KiB, and the message that goes beyond.
    expect(received).toBe(3);
    upload.cancel();
  });
});

test("headers and trailers that are first looked at behind the end cannot be written", async () => {
  const late = Promise.withResolvers<string[]>();
  const on = stage({
    greet: (_request, call) => {
      const write = (): void => {
        const told: string[] = [];
        for (const metadata of [call.responseHeaders, call.responseTrailers]) {
          try {
            metadata.set("a", "b");
          } catch (error) {
            told.push((error as Error).message);
          }
        }
        late.resolve(told);
      };
      void quiet().then(write);
      return {};
    },
  });
  await on.client.greet({});
  expect(await late.promise).toEqual(["the call has ended", "the call has ended"]);
});
