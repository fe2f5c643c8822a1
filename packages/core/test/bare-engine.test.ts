import { build } from "esbuild";
import { createContext, runInContext } from "node:vm";
import { expect, test } from "vitest";

/** A program on core alone: a service, a client of each kind of call, in every protocol and both codecs. */
const program = `
  import { createClient, implement, RpcError } from "@millrace/core";
  import { createInMemoryTransport, protocolByName, serverProtocols } from "@millrace/core/host";
  import { GreetService } from "../../../gen/greet/v1/greet_millrace.ts";

  const host = {
    now: () => 0, timer: () => () => {}, nextTurn: queueMicrotask, enter: (_, run) => run(), current: () => undefined,
    capture: () => (run) => run(), root: (run) => run(), compression: () => null, report: () => {},
  };
  const app = { services: [implement(GreetService, {
    greet: (request, call) => {
      call.signal.addEventListener("abort", () => {});
      if (request.name === "") throw new RpcError("invalid_argument", "näme");
      return { greeting: "Hello, " + request.name };
    },
    async *watch() { yield { greeting: "one" }; yield { greeting: "two" }; },
    async collect(requests) { let count = 0n; for await (const _ of requests) count++; return { count }; },
    async *chat(requests) { for await (const request of requests) yield { greeting: request.name }; },
  })] };
  globalThis.run = async () => {
    const seen = [];
    for (const protocol of ["connect", "grpc", "grpc-web"]) for (const codec of ["proto", "json"]) {
      const transport = createInMemoryTransport({ host, protocol: protocolByName(protocol), serverProtocols }, app, { codec });
      const client = createClient(GreetService, transport);
      seen.push((await client.greet({ name: "Ada" })).greeting);
      await client.greet({}).catch((error) => seen.push(error.code + " " + error.message));
      for await (const reply of client.watch({})) seen.push(reply.greeting);
      seen.push(String((await client.collect([{}, {}])).count));
      for await (const reply of client.chat([{ name: "x" }])) seen.push(reply.greeting);
    }
    return seen;
  };
`;

test("core runs in an engine that has ECMAScript, text codecs, AbortController and queueMicrotask, and nothing else", async () => {
  const bundle = await build({
    stdin: { contents: program, resolveDir: import.meta.dirname, loader: "js" },
    bundle: true,
    write: false,
    format: "iife",
    platform: "neutral",
  });
  // An engine takes its promises' callbacks from its own queue; the array comes back as that engine's.
  const engine = createContext({ TextEncoder, TextDecoder, AbortController, queueMicrotask });
  runInContext(bundle.outputFiles[0]!.text, engine);
  const seen = JSON.parse(
    await (runInContext("run().then(JSON.stringify)", engine) as Promise<string>),
  ) as string[];
  const each = ["Hello, Ada", "invalid_argument näme", "one", "two", "2", "x"];
  expect(seen).toEqual([each, each, each, each, each, each].flat());
});
