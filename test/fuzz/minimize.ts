import type { Attempts } from "./attempt.ts";

const mostRuns = 2000;

/** Cuts away of an input what it can lose and still break the same rule. */
export async function minimize(attempts: Attempts, input: Uint8Array, error: unknown): Promise<Uint8Array> {
  const wanted = kindOf(error);
  let smallest = input;
  let runs = 0;
  for (let size = smallest.length >> 1; size > 0 && runs < mostRuns; size >>= 1) {
    for (let at = 0; at < smallest.length && runs < mostRuns; runs++) {
      const candidate = Uint8Array.from([...smallest.subarray(0, at), ...smallest.subarray(at + size)]);
      const result = await attempts.run(candidate);
      if ("error" in result && kindOf(result.error) === wanted) smallest = candidate;
      else at += size;
    }
  }
  return smallest;
}

/** The place that threw: its text may name what is in the input. */
function kindOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const place = /^ +at .*$/m.exec(error.stack ?? "")?.[0] ?? "";
  return `${error.name}${place}`;
}
