// The server under test: gRPC's TestService, over all that serve() speaks, until SIGTERM.
import { serve } from "@millrace/node";
import { serverFlags } from "../flags.ts";
import { running, testService } from "./test-service.ts";

const { port, tls, compression } = serverFlags();
const server = await serve({
  services: [testService],
  host: "127.0.0.1",
  port,
  tls,
  compression: { send: compression },
});
process.once("SIGTERM", () => void end());
console.log(`listening on ${new URL(server.url).host}`);

async function end(): Promise<void> {
  await server.close();
  for (const { path } of running) console.error(`a handler of ${path} runs though its call is gone`);
}
