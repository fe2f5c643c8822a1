/** Tells a sequence that nobody wants more of it. What it throws then has nobody to go to. */
export function leave(iterator: AsyncIterator<unknown> | Iterator<unknown>): void {
  try {
    const left: unknown = iterator.return?.();
    if (left instanceof Promise) left.catch(() => {});
  } catch {
    // As above.
  }
}
