import type { Message } from "@bufbuild/protobuf";
import type { FieldMetadata } from "../../metadata.ts";
import type { Codec, Kind } from "../../method.ts";
import { completed } from "../completed.ts";
import { compose } from "../compose.ts";
import { handled } from "../handled.ts";
import type { Handler } from "../implementation.ts";
import { InterceptedCall, InterceptedReply } from "../intercepted-call.ts";
import type { SharedCall } from "../intercepted-call.ts";
import type { Interceptor } from "../interceptor.ts";
import { consumed } from "../one-shot.ts";
import type { CallScope } from "../scope.ts";
import { callHandler } from "./call-handler.ts";
import type { RunHandler } from "./call-handler.ts";
import { givenMessage } from "./given-message.ts";
import type { HandlerContext } from "./handler-context.ts";
import { sequenceInContext, within } from "./limited.ts";
import { RequestStream } from "./request-stream.ts";

/** A handler behind its interceptors, in the handler's own signature. */
export function interceptHandler(
  kind: Kind,
  output: Codec<Message>,
  handler: Handler,
  interceptors: readonly Interceptor[],
): RunHandler {
  const run = compose(interceptors, async (call) => {
    const context = call.head as HandlerContext;
    const { path } = context.method;
    const shared = call.shared as ServerShared;
    const request = call.request;
    shared.startHandler();
    const { scope } = context;
    if (scope.reason !== undefined) throw scope.reason;
    // An interceptor may have given it less time than the call has.
    const limited = scope !== shared.scope;
    const handle = (): unknown => callHandler(handler, asStream(kind, request), context);
    if (kind === "unary" || kind === "client_streaming") {
      const given = context.enter(handle);
      // An interceptor need not wait for it.
      if (given instanceof Promise) context.turn.holdFor(given);
      const message = givenMessage(await (limited ? within(scope, given) : given), path);
      const response = completed(output, message);
      return new InterceptedReply(kind, response, shared.headers, shared.trailers);
    }
    const messages = context.enter(() => sequenceInContext(context, handle(), limited));
    const responses = completeEach(output, messages, path);
    return new InterceptedReply(kind, responses, shared.headers, shared.trailers);
  });
  return (request, context) => {
    const shared = new ServerShared(context, request instanceof RequestStream ? request : undefined);
    const replying = run(
      new InterceptedCall(context, request as Message | RequestStream<Message>, shared),
    ).then((reply) => {
      context.responseHeaders.replaceIfOpen(reply.headers);
      context.responseTrailers.replace(reply.trailers);
      return reply.response;
    });
    return kind === "unary" || kind === "client_streaming"
      ? replying
      : laterSequence(replying as Promise<AsyncIterable<Message>>);
  };
}

class ServerShared implements SharedCall {
  readonly headers: FieldMetadata;
  readonly trailers: FieldMetadata;
  /** The call's own. */
  readonly scope: CallScope;
  readonly #requests: RequestStream<Message> | undefined;
  #ran = false;

  constructor(context: HandlerContext, requests: RequestStream<Message> | undefined) {
    this.headers = context.responseHeaders;
    this.trailers = context.responseTrailers;
    this.scope = context.scope;
    this.#requests = requests;
  }

  derive(head: InterceptedCall["head"], changes: Parameters<SharedCall["derive"]>[1]): HandlerContext {
    return (head as HandlerContext).derive(changes);
  }

  /** A handler that runs again cannot have the requests that the first one took. */
  startHandler(): void {
    if (this.#requests?.started === true && this.#ran) throw consumed();
    this.#ran = true;
  }
}

/** Interceptors may put any sequence in place of the requests; a handler has receive() on it all the same. */
function asStream(kind: Kind, request: Message | AsyncIterable<Message>): unknown {
  if (kind === "unary" || kind === "server_streaming" || request instanceof RequestStream) return request;
  return new SequenceStream(request as AsyncIterable<Message>);
}

class SequenceStream {
  readonly #sequence: AsyncIterable<Message>;
  #iterator: AsyncIterator<Message> | undefined;
  #left = false;

  constructor(sequence: AsyncIterable<Message>) {
    this.#sequence = sequence;
  }

  receive(): Promise<Message | undefined> {
    return handled(this.#next().then((next) => (next.done === true ? undefined : next.value)));
  }

  [Symbol.asyncIterator](): AsyncIterator<Message, undefined> {
    return {
      next: () => handled(this.#next()),
      return: async (): Promise<IteratorResult<Message, undefined>> => {
        this.#left = true;
        await this.#opened.return?.();
        return { done: true, value: undefined };
      },
    };
  }

  async #next(): Promise<IteratorResult<Message, undefined>> {
    const next = this.#left ? undefined : await this.#opened.next();
    return next === undefined || next.done === true ? { done: true, value: undefined } : next;
  }

  get #opened(): AsyncIterator<Message> {
    return (this.#iterator ??= this.#sequence[Symbol.asyncIterator]());
  }
}

async function* completeEach(
  output: Codec<Message>,
  responses: AsyncIterable<unknown>,
  path: string,
): AsyncGenerator<Message> {
  for await (const given of responses) yield completed(output, givenMessage(given, path));
}

async function* laterSequence(sequence: Promise<AsyncIterable<Message>>): AsyncGenerator<Message> {
  yield* await sequence;
}
