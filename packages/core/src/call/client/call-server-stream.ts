import type { Message } from "@bufbuild/protobuf";
import type { Init } from "../../init.ts";
import type { Method } from "../../method.ts";
import type { CallOptions } from "../call-options.ts";
import { completed } from "../completed.ts";
import type { ReplyStream } from "../streams.ts";
import type { Transport } from "../transport.ts";
import { beginCall } from "./begin-call.ts";
import { ClientCall } from "./client-call.ts";
import { settingsOf } from "./client-settings.ts";
import type { ClientSettings } from "./client-settings.ts";
import { startIntercepted } from "./intercepted-start.ts";
import { ReplyStreamFacade } from "./reply-stream.ts";
import { WireReplies } from "./wire-replies.ts";

/**
 * Calls one server-streaming method. Throws TypeError for a `transport` that is none, and for nothing else: a call that
 * fails rejects what is read, with RpcError.
 */
export function callServerStream<I extends Message, O extends Message>(
  transport: Transport,
  method: Method<"server_streaming", I, O>,
  request: NoInfer<Init<I>>,
  options?: CallOptions,
): ReplyStream<O> {
  return startServerStream(settingsOf(transport), method, request, options);
}

/** Starts a server-streaming call of a client. */
export function startServerStream<I extends Message, O extends Message>(
  settings: ClientSettings,
  method: Method<"server_streaming", I, O>,
  request: Init<I>,
  options: CallOptions | undefined,
): ReplyStream<O> {
  const { plan, head, observation, run } = beginCall(settings, method, options);
  if (run !== null) {
    const message = (): I => completed(plan.input, request);
    const replies = startIntercepted<O>(run, head, plan, observation, message);
    return new ReplyStreamFacade({ replies, head, settings });
  }
  const replies = new WireReplies<O>();
  const call = new ClientCall(head, plan, replies, observation);
  replies.from(call);
  call.startWith(request);
  return new ReplyStreamFacade({ replies, head, settings });
}
