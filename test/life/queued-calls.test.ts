import { createClient, createTransport, implementPartial, serve } from "@millrace/node";
import { expect, test } from "vitest";
import { GreetService } from "../../gen/greet/v1/greet_millrace.ts";
import { codeOf, expectNothingUnhandled } from "./support/life.ts";

expectNothingUnhandled();

/** Connections that a client makes to one server at most. */
const connections = 8;

test("calls that wait for room under a server's limit of streams can end before, and keep their order", async () => {
  const names: string[] = [];
  const wakes: (() => void)[] = [];
  const full = Promise.withResolvers<void>();
  await using server = await serve({
    host: "127.0.0.1",
    limits: { maxConcurrentStreams: 1 },
    services: [
      implementPartial(GreetService, {
        async greet({ name }) {
          names.push(name);
          if (names.length === connections) full.resolve();
          if (name.startsWith("first")) await new Promise<void>((resolve) => wakes.push(resolve));
          return { greeting: name };
        },
      }),
    ],
  });
  await using transport = createTransport({ baseUrl: server.url, protocol: "grpc" });
  const client = createClient(GreetService, transport);
  const first = Array.from({ length: connections }, (_, number) => client.greet({ name: `first ${number}` }));
  await full.promise;

  const controller = new AbortController();
  const canceled = codeOf(client.greet({ name: "canceled" }, { signal: controller.signal }));
  const late = codeOf(client.greet({ name: "late" }, { timeoutMs: 20 }));
  const waiting = ["one", "two", "three"].map((name) => client.greet({ name }));
  controller.abort();
  expect([await canceled, await late]).toEqual(["canceled", "deadline_exceeded"]);
  // A server with room for one serves those that wait one by one.
  wakes[0]!();
  expect((await Promise.all(waiting)).map(({ greeting }) => greeting)).toEqual(["one", "two", "three"]);
  for (const wake of wakes) wake();
  await Promise.all(first);
  expect(names.slice(connections)).toEqual(["one", "two", "three"]);
});
