import { ReplyStreamFacade } from "../client/reply-stream.ts";
import { UnaryReply } from "../client/unary-reply.ts";
import type { Handler } from "../implementation.ts";
import type { HandlerContext } from "./handler-context.ts";

/** Runs a method: with a message or a stream of them, it gives a message, a promise of one, or a sequence. */
export type RunHandler = (request: unknown, context: HandlerContext) => unknown;

/**
 * Calls a handler. What it gives may be another call's reply (a relay): then that call's trailers become this one's.
 */
export function callHandler(handler: Handler, request: unknown, context: HandlerContext): unknown {
  const given = handler(request, context);
  if (given instanceof UnaryReply) return relayReply(given, context);
  if (given instanceof ReplyStreamFacade) return relayStream(given, context);
  return given;
}

async function relayReply(reply: UnaryReply<unknown>, context: HandlerContext): Promise<unknown> {
  const { response, trailers } = await reply.withMetadata();
  context.responseTrailers.add(trailers);
  return response;
}

function relayStream(stream: ReplyStreamFacade<unknown>, context: HandlerContext): AsyncIterable<unknown> {
  return {
    [Symbol.asyncIterator]() {
      const iterator = stream[Symbol.asyncIterator]();
      return {
        async next() {
          const next = await iterator.next();
          if (next.done === true) context.responseTrailers.add(await stream.trailers);
          return next;
        },
        return: () => iterator.return!(),
      };
    },
  };
}
