import type { Message } from "@bufbuild/protobuf";
import type { Messages } from "../../init.ts";
import type { Kind, Method } from "../../method.ts";
import type { CallOptions } from "../call-options.ts";
import { OneShot } from "../one-shot.ts";
import { beginCall } from "./begin-call.ts";
import { ClientCall } from "./client-call.ts";
import type { ClientSettings } from "./client-settings.ts";
import { completedAll, startIntercepted } from "./intercepted-start.ts";
import { pump } from "./pump.ts";
import { RequestChannel } from "./request-channel.ts";
import type { RequestTarget } from "./request-target.ts";
import type { StartedCall } from "./stream-facade.ts";
import { WireReplies } from "./wire-replies.ts";

/** A call with a stream of requests. */
export interface RequestStreamCall<I extends Message, O> extends StartedCall<O> {
  readonly requests: RequestTarget<I>;
}

/** Starts a call with a stream of requests: those of `messages`, or, without it, those that are sent one by one. */
export function openRequests<I extends Message, O extends Message>(
  settings: ClientSettings,
  method: Method<Kind, I, O>,
  messages: Messages<I> | undefined,
  options: CallOptions | undefined,
): RequestStreamCall<I, O> {
  const { plan, head, observation, run } = beginCall(settings, method, options);
  if (run !== null) {
    const requests = new RequestChannel<I>(plan.input, head.scope);
    const sequence =
      messages === undefined ? new OneShot(() => requests.iterate()) : completedAll(plan.input, messages);
    const replies = startIntercepted<O>(run, head, plan, observation, () => sequence, requests);
    return { requests, replies, head, settings };
  }
  const replies = new WireReplies<O>();
  const call = new ClientCall<I, O>(head, plan, replies, observation);
  replies.from(call);
  const requests = call.startStream();
  if (messages !== undefined)
    replies.onSettled(pump(settings.core.host, messages, requests, (error) => call.cancel(error)));
  return { requests, replies, head, settings };
}

/** Whether a call's first argument is messages to send, rather than options. */
export function isMessages(argument: unknown): argument is Messages<Message> {
  return (
    typeof argument === "object" &&
    argument !== null &&
    (Symbol.asyncIterator in argument || Symbol.iterator in argument)
  );
}
