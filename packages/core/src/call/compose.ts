import { RpcError } from "../error.ts";
import { InterceptedCall, InterceptedReply } from "./intercepted-call.ts";
import type { AnyCall, Interceptor, InterceptorCall, ReplyTo } from "./interceptor.ts";

/** Runs a call and gives its reply. */
export type Run = (call: InterceptedCall) => Promise<InterceptedReply>;

/** Puts interceptors round what runs a call; the first in the list is outermost. */
export function compose(interceptors: readonly Interceptor[], terminal: Run): Run {
  return interceptors.reduceRight<Run>((inner, interceptor) => {
    const next = <C extends AnyCall>(call: C): Promise<ReplyTo<C>> => {
      const replying = ready(call).then(inner);
      // An interceptor that does not wait for it is told by the call's own end.
      replying.catch(() => {});
      // What inner() gives is of the call's kind; the type of one call of four does not say which reply that is.
      return replying as Promise<unknown> as Promise<ReplyTo<C>>;
    };
    return async (call: InterceptorCall) => {
      const reply: unknown = await interceptor(call as AnyCall, next);
      if (reply instanceof InterceptedReply) return reply.ready();
      throw new RpcError(
        "internal",
        "an interceptor must return the reply that next() gave, or one made by call.reply()",
      );
    };
  }, terminal);
}

async function ready(call: unknown): Promise<InterceptedCall> {
  if (call instanceof InterceptedCall) return call.ready();
  throw new RpcError(
    "internal",
    "next() takes the interceptor's call, or a copy made by call.with() or call.mapRequests()",
  );
}
