import { errorDetail, implement, RpcError } from "@millrace/node";
import type { CallOptions, HandlerCall, Implementation, Init, MessageStream } from "@millrace/node";
import { setImmediate as turn } from "node:timers/promises";
import { GreetService } from "../../../gen/greet/v1/greet_millrace.ts";
import type { GreetServiceClient } from "../../../gen/greet/v1/greet_millrace.ts";
import { MoodSchema } from "../../../gen/greet/v1/greet_pb.ts";
import type { CollectReply, GreetReply, GreetRequest, WatchRequest } from "../../../gen/greet/v1/greet_pb.ts";

/** What a call asks of its handler, in request headers. */
export const asks = {
  /** To fail with `aborted` where it would have ended. */
  failure: "x-fail",
  /** To sleep at the end until it is told to stop. */
  sleep: "x-sleep",
  /** To have another server's answer, from `upstream`. */
  relay: "x-relay",
} as const;

/** GreetService with answers that can be checked. `upstream` is a client of the same service, called with `stop`. */
export function createGreeter(upstream: () => GreetServiceClient, stop: AbortSignal): Implementation {
  const relayed = (call: HandlerCall): boolean => call.requestHeaders.has(asks.relay);
  const passedOn = (call: HandlerCall): CallOptions => ({
    signal: stop,
    headers: {
      [asks.failure]: call.requestHeaders.getAll(asks.failure),
      [asks.sleep]: call.requestHeaders.getAll(asks.sleep),
    },
  });
  return implement(GreetService, {
    greet: (request, call) =>
      relayed(call) ? upstream().greet(request, passedOn(call)) : greet(request, call),
    watch: (request, call) =>
      relayed(call) ? upstream().watch(request, passedOn(call)) : watch(request, call),
    collect: (requests, call) =>
      relayed(call) ? upstream().collect(requests, passedOn(call)) : collect(requests, call),
    chat: (requests, call) =>
      relayed(call) ? upstream().chat(requests, passedOn(call)) : chat(requests, call),
  });
}

async function greet({ name, mood }: GreetRequest, call: HandlerCall): Promise<Init<GreetReply>> {
  for (let i = mood?.level ?? 0; i > 0; i--) await turn();
  await end(call, name.length);
  return { greeting: `Hello, ${name}!` };
}

/** `everyMs` greetings, each of that many more bytes than its number has. */
async function* watch({ everyMs }: WatchRequest, call: HandlerCall): AsyncGenerator<Init<GreetReply>> {
  for (let i = 0; i < everyMs; i++) {
    yield { greeting: `${i} ${"x".repeat(everyMs)}` };
    if (i % 4 === 0) await turn();
  }
  await end(call, everyMs);
}

async function collect(
  requests: MessageStream<GreetRequest>,
  call: HandlerCall,
): Promise<Init<CollectReply>> {
  let count = 0n;
  let length = 0;
  for await (const { name } of requests) {
    count++;
    length += name.length;
  }
  await end(call, length);
  return { count };
}

async function* chat(
  requests: MessageStream<GreetRequest>,
  call: HandlerCall,
): AsyncGenerator<Init<GreetReply>> {
  let length = 0;
  for await (const { name } of requests) {
    length += name.length;
    yield { greeting: name };
  }
  await end(call, length);
}

async function end(call: HandlerCall, length: number): Promise<void> {
  call.responseTrailers.set("x-length", String(length));
  if (call.requestHeaders.has(asks.failure))
    throw new RpcError("aborted", "as asked", { details: [errorDetail(MoodSchema, { level: length })] });
  if (call.requestHeaders.has(asks.sleep))
    await new Promise((_, reject) => {
      const wake = (): void => reject(call.signal.reason as Error);
      if (call.signal.aborted) wake();
      else call.signal.addEventListener("abort", wake);
    });
}
