import { RpcError } from "@millrace/node";
import { inspect, isDeepStrictEqual } from "node:util";

/** One line of the table: calls to make, and what must come of them. */
export interface Check {
  readonly what: string;
  readonly over: string;
  /** `refused`: what cannot be carried must fail at once, and say why. */
  readonly expected: "works" | "refused";
  /** Makes the calls and compares. Resolves with what was seen, in a few words; rejects if it is not as expected. */
  readonly run: () => Promise<string>;
}

/** What became of a check. */
export interface Outcome {
  readonly what: string;
  readonly over: string;
  readonly ms: number;
  readonly state: Check["expected"] | "mismatch";
  readonly result: string;
}

/** Something is not as it must be. */
export class Mismatch extends Error {
  override readonly name = "Mismatch";
}

/** Throws a {@link Mismatch} unless the two are equal, deeply. */
export function expectEqual(what: string, actual: unknown, expected: unknown): void {
  if (isDeepStrictEqual(actual, expected)) return;
  throw new Mismatch(`${what} is ${show(actual)}, not ${show(expected)}`);
}

/** The error that a promise rejects with. Throws a {@link Mismatch} if it is none of ours, or none at all. */
export async function expectError(what: string, promise: Promise<unknown>): Promise<RpcError> {
  try {
    await promise;
  } catch (error) {
    if (error instanceof RpcError) return error;
    throw new Mismatch(`${what} failed with ${show(error)}, not with an RpcError`, { cause: error });
  }
  throw new Mismatch(`${what} succeeded, but must fail`);
}

/** Who watches checks being run. */
export interface Watcher {
  begins(check: Check, index: number): void;
  ended(outcome: Outcome): void;
}

/** Runs the checks one by one, so that times and memory are each one's own. A check that fails stops no other. */
export async function runChecks(checks: readonly Check[], watcher: Watcher): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  for (const [index, check] of checks.entries()) {
    watcher.begins(check, index);
    const outcome = await outcomeOf(check);
    outcomes.push(outcome);
    watcher.ended(outcome);
  }
  return outcomes;
}

async function outcomeOf({ what, over, expected, run }: Check): Promise<Outcome> {
  const start = performance.now();
  try {
    const result = await run();
    return { what, over, ms: performance.now() - start, state: expected, result };
  } catch (error) {
    return { what, over, ms: performance.now() - start, state: "mismatch", result: explain(error) };
  }
}

function explain(error: unknown): string {
  if (error instanceof Mismatch) return error.message;
  if (error instanceof RpcError) return `${error.code}: ${error.message}`;
  return String(error);
}

function show(value: unknown): string {
  return inspect(value, { breakLength: Infinity, maxStringLength: 200 });
}
