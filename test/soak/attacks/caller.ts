// Somebody else's client: small calls one after another, on a connection of its own.
import { createClient, createTransport } from "@millrace/node";
import { setTimeout as pause } from "node:timers/promises";
import { GreetService } from "../../../gen/greet/v1/greet_millrace.ts";
import type { GreetServiceClient } from "../../../gen/greet/v1/greet_millrace.ts";
import { answer } from "../../support/program-answers.ts";

/** Between an answer and the next call: some 250 calls a second, so that what is counted is how long each one waits. */
const pauseMs = 3;

let greeter: GreetServiceClient;

function connect(port: number): void {
  const baseUrl = `http://127.0.0.1:${port}`;
  greeter = createClient(GreetService, createTransport({ baseUrl, protocol: "grpc", httpVersion: "2" }));
}

/** Has the server compile, and its heap grow to, what any work makes of them: many calls at once, much both ways. */
async function warmUp(): Promise<void> {
  for (let round = 0; round < 100; round++)
    await Promise.all(Array.from({ length: 100 }, () => greeter.greet({ name: "Ada" })));
  const name = "x".repeat(1024 * 1024);
  const call = greeter.collect();
  for (let sent = 0; sent < 64; sent++) await call.send({ name });
  await call.finish();
  let taken = 0;
  for await (const _ of greeter.watch({})) if (++taken === 64) break;
}

/** How many calls are answered within so many milliseconds. */
async function calls(ms: number): Promise<number> {
  const until = performance.now() + ms;
  let answered = 0;
  while (performance.now() < until) {
    const { greeting } = await greeter.greet({ name: "Ada" });
    if (greeting !== "Hello, Ada!") throw new Error(`the answer is ${greeting}`);
    answered++;
    await pause(pauseMs);
  }
  return answered;
}

answer({ connect, warmUp, calls });
