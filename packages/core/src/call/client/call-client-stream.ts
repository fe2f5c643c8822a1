import type { Message } from "@bufbuild/protobuf";
import type { Messages } from "../../init.ts";
import type { Method } from "../../method.ts";
import type { CallOptions } from "../call-options.ts";
import type { ClientStreamCall, ReplyPromise } from "../streams.ts";
import type { Transport } from "../transport.ts";
import { settingsOf } from "./client-settings.ts";
import type { ClientSettings } from "./client-settings.ts";
import { ClientStreamFacade, singleReply } from "./client-stream-call.ts";
import { isMessages, openRequests } from "./open-requests.ts";

/**
 * Calls one client-streaming method. Throws TypeError for a `transport` that is none, and for nothing else: a call that
 * fails rejects send() and finish(), with RpcError.
 */
export function callClientStream<I extends Message, O extends Message>(
  transport: Transport,
  method: Method<"client_streaming", I, O>,
  options?: CallOptions,
): ClientStreamCall<I, O> {
  return new ClientStreamFacade(openRequests(settingsOf(transport), method, undefined, options));
}

/** Either form of a client's method: with all messages at hand, or to send them one by one. */
export function clientStreamMember(settings: ClientSettings, method: Method) {
  return (
    first?: Messages<Message> | CallOptions,
    second?: CallOptions,
  ): ClientStreamCall<Message, Message> | ReplyPromise<Message> =>
    isMessages(first)
      ? singleReply(openRequests(settings, method, first, second).replies)
      : new ClientStreamFacade(openRequests(settings, method, undefined, first));
}
