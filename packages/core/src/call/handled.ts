/** A promise that need not be awaited: its rejection is seen by whoever does, and by nobody else. */
export function handled<T>(promise: Promise<T>): Promise<T> {
  promise.catch(ignore);
  return promise;
}

function ignore(): void {}
