// A program as users write it: a server, a call or a stream of it, and nothing else. It prints what it got.
import { createClient, createTransport, implementPartial, serve } from "@millrace/node";
import { GreetService } from "../../../gen/greet/v1/greet_millrace.ts";

const [role, url, protocol, httpVersion, ca] = process.argv.slice(2) as [string, ...string[]];

if (role === "client") {
  // Its transport is never closed.
  const transport = createTransport({
    baseUrl: url!,
    protocol: protocol as "grpc",
    ...(httpVersion === "" ? {} : { httpVersion: httpVersion as "2" }),
    ...(ca === undefined ? {} : { tls: { ca } }),
    keepalive: { intervalMs: 1000, timeoutMs: 1000, whileIdle: true },
  });
  const client = createClient(GreetService, transport);
  console.log((await client.greet({ name: "once" })).greeting);
  for await (const { greeting } of client.watch({})) console.log(greeting);
} else {
  // It is closed, and its client, which is in the same process, is not.
  const server = await serve({
    host: "127.0.0.1",
    services: [implementPartial(GreetService, { greet: ({ name }) => ({ greeting: name }) })],
  });
  const client = createClient(GreetService, createTransport({ baseUrl: server.url, protocol: "grpc" }));
  console.log((await client.greet({ name: "once" })).greeting);
  await server.close();
}
