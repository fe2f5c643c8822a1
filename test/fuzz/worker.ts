// Fuzzes one target, in a thread of its own: the thread beside it sees when an input does not come to an end.
import { parentPort, workerData } from "node:worker_threads";
import { Attempts } from "./attempt.ts";
import { dropInput, grownFolder, keepInput, readInputs, regressionFolder, seedFolder } from "./corpus.ts";
import { Coverage } from "./coverage.ts";
import { Fuzzer } from "./fuzzer.ts";
import type { Finding } from "./fuzzer.ts";
import type { Growth, Job, Report } from "./job.ts";
import { minimize } from "./minimize.ts";
import { Random } from "./random.ts";
import type { Target } from "./target.ts";
import { targets } from "./targets.ts";

const { target: name, seconds, seed, running, input: shared } = workerData as Job;
const until = performance.now() + seconds * 1000;

const coverage = new Coverage();
coverage.start();
const target = await targets[name]!();
coverage.begin();
const attempts = new Attempts(target);
try {
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a port has none
  parentPort!.postMessage(await fuzz());
} finally {
  // From here on what is thrown ends the thread again.
  attempts.stop();
  coverage.stop();
}

async function fuzz(): Promise<Report> {
  const fuzzer = new Fuzzer(
    target,
    attempts,
    new Random(seed),
    coverage,
    (input) => {
      shared.set(input);
      Atomics.store(running, 1, input.length);
      Atomics.add(running, 0, 1);
    },
    (input) => keepInput(grownFolder(name), input),
  );
  let finding = await seedAll(fuzzer);
  const [inputs, covered] = [fuzzer.corpus.length, fuzzer.covered];
  while (finding === null && performance.now() < until) finding = await fuzzer.batch();
  if (finding === null) finding = await close(target);
  else finding = { ...finding, input: await minimize(attempts, finding.input, finding.error) };
  const { executions, outcomes } = fuzzer;
  if (finding !== null) return { executions, finding };
  const grown: Growth = {
    inputs: [inputs, fuzzer.corpus.length],
    covered: [covered, fuzzer.covered],
    outcomes,
  };
  return { executions, finding, grown };
}

/** Runs what is kept, and forgets what was kept on this machine and adds nothing any more. */
async function seedAll(fuzzer: Fuzzer): Promise<Finding | null> {
  const grown = readInputs(grownFolder(name));
  const kept = [...readInputs(seedFolder(name)), ...readInputs(regressionFolder(name)), ...grown];
  const seeded = await fuzzer.seed(kept.map(({ input }) => input));
  if (!Array.isArray(seeded)) return seeded;
  for (const one of grown) if (seeded.includes(one.input)) dropInput(one);
  return null;
}

async function close({ close }: Target): Promise<Finding | null> {
  try {
    await close?.();
    return null;
  } catch (error) {
    return { input: new Uint8Array(0), error };
  }
}
