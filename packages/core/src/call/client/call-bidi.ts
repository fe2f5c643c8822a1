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
  return new BidiFacade(openRequests(settingsOf(transport), method, undefined, options));
}

/** Either form of a client's method: with all messages at hand, or to send them one by one. */
export function bidiMember(settings: ClientSettings, method: Method) {
  return (
    first?: Messages<Message> | CallOptions,
    second?: CallOptions,
  ): BidiCall<Message, Message> | ReplyStream<Message> =>
    isMessages(first)
      ? new ReplyStreamFacade(openRequests(settings, method, first, second))
      : new BidiFacade(openRequests(settings, method, undefined, first));
}
