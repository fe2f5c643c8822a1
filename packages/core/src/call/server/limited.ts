import { leave } from "../leave.ts";
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
        if (leaving !== undefined) context.turn.holdFor(leaving);
      };
      const stop = limited ? scope.onCancel(leaveIt) : () => {};
      return {
        async next(): Promise<IteratorResult<unknown>> {
          const coming = Promise.resolve(inContext(() => iterator.next()));
          context.turn.holdFor(coming);
          const next = await (limited ? within(scope, coming) : coming);
          if (next.done === true) stop();
          return next;
        },
        async return(): Promise<IteratorResult<unknown>> {
          stop();
          const leaving = Promise.resolve(inContext(() => iterator.return?.()));
          context.turn.holdFor(leaving);
          await leaving;
          return { done: true, value: undefined };
        },
      };
    },
  };
}
