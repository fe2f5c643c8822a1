import type { Message } from "@bufbuild/protobuf";
import type { Messages } from "../../init.ts";
import type { Method } from "../../method.ts";
import type { CallOptions } from "../call-options.ts";
import { observe } from "../observation.ts";
import { OneShot } from "../one-shot.ts";
import { ClientCall } from "./client-call.ts";
import type { ClientHead } from "./client-head.ts";
import type { ClientSettings } from "./client-settings.ts";
import { completedAll, startIntercepted } from "./intercepted-start.ts";
import { pump } from "./pump.ts";
import type { ReplySource } from "./reply-source.ts";
import { RequestChannel } from "./request-channel.ts";
import type { RequestTarget } from "./request-target.ts";
import { WireReplies } from "./wire-replies.ts";
import { wireTerminal } from "./wire-terminal.ts";

/** A call with a stream of requests: both of its ends, and its head. */
export interface RequestStreamCall<I extends Message, O> {
  readonly requests: RequestTarget<I>;
  readonly replies: ReplySource<O>;
  readonly head: ClientHead;
}

/** Starts a call with a stream of requests: those of `messages`, or, without it, those that are sent one by one. */
export function openRequests<I extends Message, O extends Message>(
  settings: ClientSettings,
  method: Method,
  messages: Messages<I> | undefined,
  options: CallOptions | undefined,
): RequestStreamCall<I, O> {
  const { core } = settings;
  const plan = core.plan<I, O>(method);
  const head = settings.begin(method, options);
  const observation = observe(core.host, settings.observers, head);
  const run = settings.chain(wireTerminal);
  if (run !== null) {
    const requests = new RequestChannel<I>(plan.input, (error) => head.scope.cancel(error));
    const sequence =
      messages === undefined ? new OneShot(() => requests.iterate()) : completedAll(plan.input, messages);
    const replies = startIntercepted<O>(run, head, plan, observation, () => sequence, requests);
    return { requests, replies, head };
  }
  const replies = new WireReplies<O>();
  const call = new ClientCall<I, O>(head, plan, replies, observation);
  replies.from(call);
  call.startStream();
  if (messages !== undefined)
    replies.onSettled(pump(core.host, messages, call, (error) => call.cancel(error)));
  return { requests: call, replies, head };
}

/** Whether a call's first argument is messages to send, rather than options. */
export function isMessages(argument: unknown): argument is Messages<Message> {
  return (
    typeof argument === "object" &&
    argument !== null &&
    (Symbol.asyncIterator in argument || Symbol.iterator in argument)
  );
}
