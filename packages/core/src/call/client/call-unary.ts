import type { Message } from "@bufbuild/protobuf";
import type { Init } from "../../init.ts";
import type { Method } from "../../method.ts";
import type { CallOptions } from "../call-options.ts";
import { completed } from "../completed.ts";
import type { ReplyPromise } from "../streams.ts";
import type { Transport } from "../transport.ts";
import { beginCall } from "./begin-call.ts";
import { ClientCall } from "./client-call.ts";
import { settingsOf } from "./client-settings.ts";
import type { ClientSettings } from "./client-settings.ts";
import { singleReply } from "./client-stream-call.ts";
import { startIntercepted } from "./intercepted-start.ts";
import { UnaryConsumer, UnaryReply } from "./unary-reply.ts";

/**
 * Calls one unary method. Throws TypeError for a `transport` that is none, and for nothing else: a call that fails
 * rejects, with RpcError.
 */
export function callUnary<I extends Message, O extends Message>(
  transport: Transport,
  method: Method<"unary", I, O>,
  request: NoInfer<Init<I>>,
  options?: CallOptions,
): ReplyPromise<O> {
  return startUnary(settingsOf(transport), method, request, options);
}

/** Starts a unary call of a client. */
export function startUnary<I extends Message, O extends Message>(
  settings: ClientSettings,
  method: Method<"unary", I, O>,
  request: Init<I>,
  options: CallOptions | undefined,
): ReplyPromise<O> {
  const { plan, head, observation, run } = beginCall(settings, method, options);
  if (run !== null) {
    const message = (): I => completed(plan.input, request);
    return singleReply(startIntercepted<O>(run, head, plan, observation, message));
  }
  const { reply, settler } = UnaryReply.pending<O>();
  new ClientCall(head, plan, new UnaryConsumer(settler), observation).startWith(request);
  return reply;
}
