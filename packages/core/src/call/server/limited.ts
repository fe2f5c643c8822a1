import { leave } from "../client/pump.ts";
import type { CallScope } from "../scope.ts";
import type { HandlerContext } from "./handler-context.ts";
import { sequenceOf } from "./sequence.ts";

/** What a handler gives, unless its scope is canceled first. */
export function within<T>(scope: CallScope, given: T | PromiseLike<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const stop = scope.onCancel(reject);
    void Promise.resolve(given).then(resolve, reject).then(stop);
    if (scope.reason !== undefined) reject(scope.reason);
  });
}

/** The same for a handler's sequence: it runs in its scope, and is left when that is canceled. */
export function sequenceWithin(context: HandlerContext, given: unknown): AsyncIterable<unknown> {
  const { scope } = context;
  return {
    [Symbol.asyncIterator](): AsyncIterator<unknown> {
      const iterator = context.enter(() => sequenceOf(given, context.method.path));
      const stop = scope.onCancel(() => context.enter(() => leave(iterator)));
      return {
        async next(): Promise<IteratorResult<unknown>> {
          const next = await within(
            scope,
            context.enter(() => iterator.next()),
          );
          if (next.done === true) stop();
          return next;
        },
        async return(): Promise<IteratorResult<unknown>> {
          stop();
          await context.enter(() => iterator.return?.());
          return { done: true, value: undefined };
        },
      };
    },
  };
}
