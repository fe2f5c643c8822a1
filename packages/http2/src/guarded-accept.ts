import { type Accept, ErrorCode, type Sink } from "@millrace/exchange";
import type { ServerStream } from "./server-stream.ts";

const ignored: Sink = { data() {}, end() {}, fault() {}, writable() {}, closed() {} };

/** The same for a server whose handlers may be wrong: what throws, or gives no sink, is answered 500, and told. */
export function guarded(accept: Accept, problem: (text: string) => void): Accept {
  return (exchange) => {
    try {
      const sink: Sink | null | undefined = accept(exchange);
      if (sink !== undefined) return sink;
      problem("accept() gave undefined: it must give a sink, or null for 404");
    } catch (error) {
      const why = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
      problem(`accept() threw ${why.replace(/\s+/g, " ")}`);
    }
    if ((exchange as ServerStream).isResponded) exchange.reset(ErrorCode.INTERNAL_ERROR);
    else exchange.reply(500, [], null, null);
    return ignored;
  };
}
