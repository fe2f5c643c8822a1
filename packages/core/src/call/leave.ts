/**
 * Tells a sequence that nobody wants more of it. What it throws then has nobody to go to. Gives a promise if it takes its
 * time over the end.
 */
export function leave(iterator: AsyncIterator<unknown> | Iterator<unknown>): Promise<unknown> | undefined {
  try {
    const left: unknown = iterator.return?.();
    return left instanceof Promise ? left.catch(() => {}) : undefined;
  } catch {
    return undefined;
  }
}
