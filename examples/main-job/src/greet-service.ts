import { errorDetail, implement, RpcError } from "@millrace/node";
import type { Implementation } from "@millrace/node";
import { setTimeout } from "node:timers/promises";
import { GreetService } from "../../../gen/greet/v1/greet_millrace.ts";
import { MoodSchema } from "../../../gen/greet/v1/greet_pb.ts";

/** GreetService: the four kinds of call, as small as they get. */
export const greetService: Implementation = implement(GreetService, {
  greet(request, call) {
    if (request.name === "") {
      throw new RpcError("invalid_argument", "whom shall I greet? The name is empty", {
        details: [errorDetail(MoodSchema, { level: -1 })],
      });
    }
    call.responseHeaders.set("caller", call.requestHeaders.get("caller") ?? "nobody");
    call.responseTrailers.set("name-bin", new TextEncoder().encode(request.name));
    return { greeting: hello(request.name), places: request.to.case === "place" ? [request.to.value] : [] };
  },

  async *watch(request, call) {
    for (let n = 1; !call.signal.aborted; n++) {
      yield { greeting: `Hello for the ${n}. time` };
      await setTimeout(request.everyMs, undefined, { signal: call.signal });
    }
  },

  async collect(requests) {
    let count = 0n;
    for await (const _ of requests) count++;
    return { count };
  },

  async *chat(requests, call) {
    let answered = 0;
    for await (const request of requests) {
      yield { greeting: hello(request.name) };
      answered++;
    }
    call.responseTrailers.set("answered", String(answered));
  },
});

function hello(name: string): string {
  return `Hello, ${name}!`;
}
