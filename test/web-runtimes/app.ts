import { errorDetail, implement, RpcError } from "@millrace/web";
import type { App } from "@millrace/web";
import { MoodSchema } from "../../gen/greet/v1/greet_pb.ts";
import { GreetService } from "../../gen/greet/v1/greet_millrace.ts";

/** What every server of these tests serves, whatever it runs on. */
export function app(): App {
  /** Calls whose signal has been aborted. */
  let aborted = 0;
  const greeter = implement(GreetService, {
    greet({ name }, call) {
      if (name === "aborted") return { greeting: String(aborted) };
      if (name === "method") return { greeting: call.httpMethod };
      if (name === "peer") return { greeting: String(call.peer?.address) };
      if (name === "never") return new Promise<never>(() => {});
      if (name === "fail") {
        call.responseTrailers.set("x-trailer", "t");
        throw new RpcError("not_found", "nobody, nowhere ☁", {
          details: [errorDetail(MoodSchema, { level: 3 })],
          metadata: { "x-error": "e", "x-error-bin": new Uint8Array([0, 255]) },
        });
      }
      call.responseHeaders.append("x-list", "a").append("x-list", "b");
      return { greeting: `Hello, ${name}!` };
    },
    async *watch({ everyMs }, call) {
      call.signal.addEventListener("abort", () => aborted++);
      yield { greeting: "one" };
      yield { greeting: "two" };
      // workerd hears that a client has gone when it sends.
      for (; everyMs > 0; yield { greeting: "tick" })
        await new Promise((resolve) => setTimeout(resolve, everyMs));
    },
    async collect(requests) {
      let count = 0n;
      for await (const _ of requests) count++;
      return { count };
    },
    async *chat(requests) {
      for await (const { name } of requests) yield { greeting: name };
    },
  });
  return { services: [greeter], compression: { send: ["gzip", "deflate"] }, onError: () => {} };
}
