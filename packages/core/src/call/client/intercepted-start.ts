import type { Message } from "@bufbuild/protobuf";
import type { RpcError } from "../../error.ts";
import type { Messages } from "../../init.ts";
import type { Codec } from "../../method.ts";
import { completed } from "../completed.ts";
import type { Run } from "../compose.ts";
import { InterceptedCall } from "../intercepted-call.ts";
import type { InterceptedReply } from "../intercepted-call.ts";
import type { Observation } from "../observation.ts";
import { OneShot } from "../one-shot.ts";
import type { ClientHead } from "./client-head.ts";
import { InterceptedReplies } from "./intercepted-replies.ts";
import type { MethodPlan } from "./method-plan.ts";
import { ClientShared } from "./wire-terminal.ts";

/** A user's requests on their way to interceptors. */
export interface OfferedRequests {
  leave(): void;
  settle(error: RpcError | null): void;
}

/** Starts a call through interceptors. `offered`: its requests, if they are sent one by one. */
export function startIntercepted<O>(
  run: Run,
  head: ClientHead,
  plan: MethodPlan,
  observation: Observation | null,
  request: () => Message | AsyncIterable<Message>,
  offered?: OfferedRequests,
): InterceptedReplies<O> {
  const shared = new ClientShared(plan, observation);
  const { scope } = head;
  scope.arm(() => scope.cancel(scope.deadlineExceeded()));
  const replies = async (): Promise<InterceptedReply> => {
    if (scope.reason !== undefined) throw scope.reason;
    const reply = await run(new InterceptedCall(head, request(), shared));
    // A single response is complete: whatever is still offered comes too late.
    if (reply.kind === "client_streaming") offered?.leave();
    return reply;
  };
  return new InterceptedReplies<O>(head, observation, replies(), (error) => {
    shared.end();
    offered?.settle(error);
  });
}

/** A user's sequence as interceptors see it: complete messages, to be read once. */
export function completedAll<I extends Message>(codec: Codec<I>, messages: Messages<I>): AsyncIterable<I> {
  return new OneShot(() => each(codec, messages));
}

async function* each<I extends Message>(codec: Codec<I>, messages: Messages<I>): AsyncGenerator<I> {
  for await (const init of messages) yield completed(codec, init);
}
