import type { Handler } from "../implementation.ts";
import { isRelayable } from "../relay.ts";
import type { ReplyPromise, ReplyStream } from "../streams.ts";
import type { HandlerContext } from "./handler-context.ts";

/** Runs a method: with a message or a stream of them, it gives a message, a promise of one, or a sequence. */
export type RunHandler = (request: unknown, context: HandlerContext) => unknown;

/**
 * Calls a handler. What it gives may be another call's reply (a relay): then that call's trailers become this one's.
 */
export function callHandler(handler: Handler, request: unknown, context: HandlerContext): unknown {
  const given = handler(request, context);
  if (!isRelayable(given)) return given;
  return given["~relay"] === "reply" ? relayReply(given, context) : relayStream(given, context);
}

async function relayReply(reply: ReplyPromise<unknown>, context: HandlerContext): Promise<unknown> {
  const { response, trailers } = await reply.withMetadata();
  context.responseTrailers.add(trailers);
  return response;
}

function relayStream(stream: ReplyStream<unknown>, context: HandlerContext): AsyncIterable<unknown> {
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
