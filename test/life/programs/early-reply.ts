// Uploads that are answered before they are read, over node:http2, one after another: a process of its own, because the
// engine of HTTP/2 may spin, and no timer runs then.
import { createClient, createTransport, implementPartial, serve } from "@millrace/node";
import { GreetService } from "../../../gen/greet/v1/greet_millrace.ts";

const server = await serve({
  host: "127.0.0.1",
  port: 0,
  services: [implementPartial(GreetService, { collect: () => ({ count: 7n }) })],
});

async function* large(): AsyncGenerator<{ name: string }> {
  const name = "x".repeat(20_000);
  for (let i = 0; i < 5000; i++) yield { name };
}

const counts: Record<string, number[]> = {};
for (const protocol of ["connect", "grpc", "grpc-web"] as const) {
  const transport = createTransport({ baseUrl: server.url, protocol, httpVersion: "2" });
  const client = createClient(GreetService, transport);
  counts[protocol] = [];
  for (let i = 0; i < 20; i++) counts[protocol].push(Number((await client.collect(large())).count));
  await transport.close();
}
await server.close();
console.log(JSON.stringify(counts));
