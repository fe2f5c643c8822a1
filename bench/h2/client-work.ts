import type { Answered } from "../load/answered.ts";

/** What a client is to do. */
export interface Work {
  readonly port: number;
  /** Calls under way. */
  readonly inFlight: number;
  readonly seconds: number;
}

/** Keeps calls under way, each begun by `call`. It is measured from when the load has stood for a while. */
export async function measured(
  { inFlight, seconds }: Work,
  call: (done: (failure: string | undefined) => void) => void,
): Promise<Answered> {
  const { promise, resolve, reject } = Promise.withResolvers<Answered>();
  let left = inFlight;
  let calls = 0;
  let before = 0;
  let started = 0;
  let rate: number | undefined;
  const done = (failure: string | undefined): void => {
    if (failure !== undefined) return reject(new Error(failure));
    calls++;
    if (rate === undefined) call(done);
    else if (--left === 0) resolve({ calls, rate });
  };
  for (let i = 0; i < inFlight; i++) call(done);
  setTimeout(() => {
    started = performance.now();
    before = calls;
  }, seconds * 200);
  setTimeout(() => {
    rate = ((calls - before) * 1000) / (performance.now() - started);
  }, seconds * 1200);
  return promise;
}
