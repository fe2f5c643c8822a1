import { implement } from "@millrace/node";
import type { App } from "@millrace/node";
import { GreetService } from "../../gen/greet/v1/greet_millrace.ts";
import type { GreetServiceHandlers } from "../../gen/greet/v1/greet_millrace.ts";

/** An App whose handlers do as they should, but for those that are given. */
export function greeter(handlers: Partial<GreetServiceHandlers> = {}, options: Partial<App> = {}): App {
  return {
    ...options,
    services: [
      implement(GreetService, {
        greet: (request) => ({ greeting: `Hello, ${request.name}!` }),
        async *watch() {
          yield { greeting: "one" };
          yield { greeting: "two" };
        },
        async collect(requests) {
          let count = 0n;
          for await (const _ of requests) count++;
          return { count };
        },
        async *chat(requests) {
          for await (const request of requests) yield { greeting: request.name };
        },
        ...handlers,
      }),
    ],
  };
}
