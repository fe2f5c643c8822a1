import type { Message } from "@bufbuild/protobuf";
import type { Messages } from "../../init.ts";
import type { Method } from "../../method.ts";
import type { CallOptions } from "../call-options.ts";
import type { BidiCall, ReplyStream } from "../streams.ts";
import type { Transport } from "../transport.ts";
import { BidiFacade } from "./bidi-call.ts";
import { settingsOf } from "./client-settings.ts";
import type { ClientSettings } from "./client-settings.ts";
import { isMessages, openRequests } from "./open-requests.ts";
import { ReplyStreamFacade } from "./reply-stream.ts";

/**
 * Calls one bidi-streaming method. Throws TypeError for a `transport` that is none, and for nothing else: a call that
 * fails rejects send() and what is read, with RpcError.
 */
export function callBidi<I extends Message, O extends Message>(
  transport: Transport,
  method: Method<"bidi_streaming", I, O>,
  options?: CallOptions,
): BidiCall<I, O> {
  return startBidi<I, O>(settingsOf(transport), method, options);
}

/** Starts a bidi call of a client, to send messages one by one. */
function startBidi<I extends Message, O extends Message>(
  settings: ClientSettings,
  method: Method,
  options: CallOptions | undefined,
): BidiCall<I, O> {
  const { requests, replies, head } = openRequests<I, O>(settings, method, undefined, options);
  return new BidiFacade(requests, replies, head, settings);
}

/** Either form of a client's method: with all messages at hand, or to send them one by one. */
export function bidiMember(settings: ClientSettings, method: Method) {
  return (
    first?: Messages<Message> | CallOptions,
    second?: CallOptions,
  ): BidiCall<Message, Message> | ReplyStream<Message> => {
    if (!isMessages(first)) return startBidi(settings, method, first);
    const { replies, head } = openRequests<Message, Message>(settings, method, first, second);
    return new ReplyStreamFacade(replies, head, settings);
  };
}
