import { leave } from "../leave.ts";
import type { HandlerContext } from "./handler-context.ts";
import { sequenceOf } from "./sequence.ts";

/** What a handler gives, unless its scope is canceled first. The handler runs on then, and is counted as running. */
export function within<T>(context: HandlerContext, given: T | PromiseLike<T>): Promise<T> {
  const { scope } = context;
  const work = Promise.resolve(given);
  context.occupy(work);
  return new Promise((resolve, reject) => {
    const stop = scope.onCancel(reject);
    void work.then(resolve, reject).then(stop);
    if (scope.reason !== undefined) reject(scope.reason);
  });
}

/**
 * A handler's sequence, run to its end in the context of now, which interceptors may have entered. `limited`: it is left
 * when its scope is canceled, however long it sleeps.
 */
export function sequenceInContext(
  context: HandlerContext,
  given: unknown,
  limited: boolean,
): AsyncIterable<unknown> {
  const { scope } = context;
  const inContext = context.capture();
  return {
    [Symbol.asyncIterator](): AsyncIterator<unknown> {
      const iterator = inContext(() => sequenceOf(given, context.method.path));
      const leaveIt = (): void => {
        const leaving = inContext(() => leave(iterator));
        if (leaving !== undefined) context.occupy(leaving);
      };
      const stop = limited ? scope.onCancel(leaveIt) : () => {};
      return {
        async next(): Promise<IteratorResult<unknown>> {
          const coming = inContext(() => iterator.next());
          const next = await (limited ? within(context, coming) : coming);
          if (next.done === true) stop();
          return next;
        },
        async return(): Promise<IteratorResult<unknown>> {
          stop();
          await inContext(() => iterator.return?.());
          return { done: true, value: undefined };
        },
      };
    },
  };
}
