import type { Message } from "@bufbuild/protobuf";
import { cancellation } from "../../error.ts";
import type { RpcError } from "../../error.ts";
import { FieldMetadata } from "../../metadata.ts";
import { InterceptedReply } from "../intercepted-call.ts";
import type { HeadChanges, InterceptedCall, SharedCall } from "../intercepted-call.ts";
import type { Run } from "../compose.ts";
import type { CallHead } from "../call-head.ts";
import type { Observation } from "../observation.ts";
import { CallScope } from "../scope.ts";
import { ClientCall } from "./client-call.ts";
import type { ReplyConsumer } from "./client-call.ts";
import type { ClientHead } from "./client-head.ts";
import type { MethodPlan } from "./method-plan.ts";
import { pump } from "./pump.ts";
import { WireReplies } from "./wire-replies.ts";

/** What the calls of one user's call share, on a client. */
export class ClientShared implements SharedCall {
  readonly headers: FieldMetadata = new FieldMetadata();
  readonly trailers: FieldMetadata = new FieldMetadata();
  readonly plan: MethodPlan;
  readonly observation: Observation | null;
  readonly #running = new Set<ClientCall<Message, Message>>();

  constructor(plan: MethodPlan, observation: Observation | null) {
    this.plan = plan;
    this.observation = observation;
  }

  derive(head: CallHead, changes: HeadChanges): CallHead {
    const from = head as ClientHead;
    const { host } = from.core;
    const scope = from.scope.part(
      changes.timeoutMs === undefined ? Infinity : host.now() + changes.timeoutMs,
    );
    if (changes.signal !== undefined) scope.follow(changes.signal, cancellation);
    const headers = new FieldMetadata([...from.headers.fields]);
    if (changes.headers !== undefined) headers.replace(changes.headers);
    return from.derive(scope, headers);
  }

  started(call: ClientCall<Message, Message>): void {
    this.#running.add(call);
  }

  ended(call: ClientCall<Message, Message>): void {
    this.#running.delete(call);
  }

  /** The user's call has ended: what interceptors left running on the wire is canceled. */
  end(): void {
    for (const call of this.#running) call.cancel(cancellation(undefined));
  }
}

/** Sends a call on the wire, innermost of the interceptors. A call that runs again is another call on the wire. */
export const wireTerminal: Run = async (call) => {
  const shared = call.shared as ClientShared;
  const head = headOnWire(call.head as ClientHead);
  const { kind } = call;
  if (kind === "unary" || kind === "client_streaming") return single(call, head, shared);
  const replies = new WireReplies<Message>();
  const wire = start(call, head, shared, replies);
  replies.from(wire);
  const headers = await replies.headers(undefined);
  shared.headers.assign((headers as FieldMetadata).fields);
  return new InterceptedReply(kind, readReplies(replies, shared), shared.headers, shared.trailers);
};

/** A copy: the scope is the wire call's own, which may close later, and headers stay writable for the next time. */
function headOnWire(head: ClientHead): ClientHead {
  const scope = new CallScope(head.core.host, Infinity, head.scope);
  if (head.scope.finished) scope.cancel(cancellation("it has ended already"));
  else scope.inherit(head.scope);
  return head.derive(scope, new FieldMetadata([...head.headers.fields]));
}

function single(call: InterceptedCall, head: ClientHead, shared: ClientShared): Promise<InterceptedReply> {
  return new Promise((resolve, reject) => {
    let response: Message | undefined;
    start(call, head, shared, {
      onHeaders: (fields) => shared.headers.assign(FieldMetadata.received(fields).fields),
      onMessage(message) {
        response = message;
      },
      onEnd(error, trailers) {
        if (error !== null) {
          reject(error);
          return;
        }
        shared.trailers.assign(FieldMetadata.received(trailers).fields);
        resolve(new InterceptedReply(call.kind, response!, shared.headers, shared.trailers));
      },
    });
  });
}

function start(
  call: InterceptedCall,
  head: ClientHead,
  shared: ClientShared,
  consumer: ReplyConsumer<Message>,
): ClientCall<Message, Message> {
  let stop: (() => void) | undefined;
  const wire = new ClientCall<Message, Message>(
    head,
    shared.plan,
    {
      onHeaders: (fields) => consumer.onHeaders(fields),
      onMessage: (message, bytes) => consumer.onMessage(message, bytes),
      onEnd(error, trailers, canceled) {
        stop?.();
        shared.ended(wire);
        consumer.onEnd(error, trailers, canceled);
      },
    },
    shared.observation,
    false,
  );
  shared.started(wire);
  if (call.kind === "unary" || call.kind === "server_streaming") wire.startWith(call.request as Message);
  else {
    const requests = wire.startStream();
    stop = pump(head.core.host, call.request as AsyncIterable<Message>, requests, (error: RpcError) =>
      wire.cancel(error),
    );
  }
  return wire;
}

async function* readReplies(replies: WireReplies<Message>, shared: ClientShared): AsyncGenerator<Message> {
  let ended = false;
  try {
    for (;;) {
      const message = await replies.receive(undefined);
      if (message === undefined) break;
      yield message;
    }
    ended = true;
  } catch (error) {
    ended = true;
    throw error;
  } finally {
    if (!ended) replies.cancel(cancellation(undefined));
  }
  shared.trailers.assign(((await replies.trailers(undefined)) as FieldMetadata).fields);
}
