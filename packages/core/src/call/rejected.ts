import type { RpcError } from "../error.ts";

/** What V8 has beyond ECMAScript. */
interface Tracing {
  captureStackTrace?(into: { stack?: string }, above: (error: RpcError) => unknown): void;
}

/** Errors whose stack has been led on already: several promises may reject with one. */
const led = /*@__PURE__*/ new WeakSet<RpcError>();

/**
 * Rejects with an error whose stack goes on to whoever awaits the promise that is resolved with this one. V8 finds the way
 * along the awaits that wait by now, so that a call which succeeds pays nothing for it.
 */
export async function rejected(error: RpcError): Promise<never> {
  // Who is resolved with this promise begins to wait for it in the next microtask.
  await Promise.resolve();
  await Promise.resolve();
  if (!led.has(error)) {
    led.add(error);
    const { stack } = error;
    const callers = awaiting();
    if (stack !== undefined && callers.length > 0)
      Reflect.set(error, "stack", [stack, ...callers].join("\n"));
  }
  throw error;
}

/** The same to a user, who is told by the keeper of what they wait for; without one nobody but ourselves waits. */
export function rejectedFor(keeper: unknown, error: RpcError): Promise<never> {
  return keeper === undefined ? Promise.reject(error) : rejected(error);
}

/** The frames of those who await rejected(), innermost first. */
function awaiting(): string[] {
  const trace: { stack?: string } = {};
  (Error as Tracing).captureStackTrace?.(trace, rejected);
  const lines = trace.stack?.split("\n") ?? [];
  return lines.filter((line) => line.startsWith("    at ") && !line.includes("processTicksAndRejections"));
}
