// Fuzzes one target, in a process of its own: the one above it sees when an input does not come to an end, or ends everything.
import { Attempts } from "./attempt.ts";
import { dropInput, grownFolder, keepInput, readInputs, regressionFolder, seedFolder } from "./corpus.ts";
import { Coverage } from "./coverage.ts";
import { Fuzzer } from "./fuzzer.ts";
import type { Finding } from "./fuzzer.ts";
import type { Assignment, Growth, Report } from "./job.ts";
import { Journal } from "./journal.ts";
import { minimize } from "./minimize.ts";
import { Random } from "./random.ts";
import type { Target } from "./target.ts";
import { targets } from "./targets.ts";

// It stays until it is ended, and does not outlive who would do that.
process.once("disconnect", () => process.exit());
const { target: name, seconds, seed, journal: path } = JSON.parse(process.argv[2]!) as Assignment;
const journal = new Journal(path);
const until = performance.now() + seconds * 1000;

const coverage = new Coverage();
coverage.start();
const target = await targets[name]!();
coverage.begin();
const attempts = new Attempts(target);
try {
  process.send!(await fuzz());
} finally {
  // From here on what is thrown ends the process again.
  attempts.stop();
  coverage.stop();
}

async function fuzz(): Promise<Report> {
  const fuzzer = new Fuzzer(
    target,
    attempts,
    new Random(seed),
    coverage,
    (input) => journal.begin(input),
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
