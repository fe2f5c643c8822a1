import { randomInt } from "node:crypto";
import { readFileSync } from "node:fs";
import { relative } from "node:path";
import { parseArgs } from "node:util";
import { setup as generate } from "../../scripts/generate.ts";
import { help } from "../support/help.ts";
import { usageFault } from "../support/usage-fault.ts";
import { runApart } from "./apart.ts";
import { keepInput, regressionFolder } from "./corpus.ts";
import { targets } from "./targets.ts";

const worker = new URL("worker.ts", import.meta.url);

help(`pnpm fuzz [target …] [--seconds N] [--seed N]
pnpm fuzz target --replay FILE

The targets are ${Object.keys(targets).join(", ")}; all of them, if none is named.
--seconds  how long each is fuzzed: 60
--seed     of the random numbers: another each time
--replay   runs one input again`);
const { values, positionals } = readArguments();
const names = positionals.length === 0 ? Object.keys(targets) : positionals;
for (const name of names) {
  if (!Object.hasOwn(targets, name))
    fail(`there is no target ${JSON.stringify(name)}: use ${Object.keys(targets).join(", ")}`);
}
const seconds = wholeNumber("--seconds", values.seconds ?? "60");
if (seconds === 0) fail("--seconds 0 fuzzes nothing: give 1 or more");
const seed = values.seed === undefined ? randomInt(2 ** 31) : wholeNumber("--seed", values.seed);

generate();
if (values.replay === undefined) process.exitCode = await fuzz();
else await replay(values.replay);

/** Runs one input again, and lets what it throws come out. */
async function replay(path: string): Promise<void> {
  if (positionals.length !== 1) fail("--replay wants one target");
  const target = await targets[names[0]!]!();
  console.log(await target.run(new Uint8Array(readFileSync(path))));
  await target.close?.();
}

async function fuzz(): Promise<0 | 1> {
  console.log(`seed ${seed}, ${seconds} s each`);
  for (const name of names) {
    const report = await runApart(worker, { target: name, seconds, seed });
    if (report.finding !== null) {
      const path = relative(process.cwd(), keepInput(regressionFolder(name), report.finding.input));
      console.log(`${name}: a finding after ${report.executions} executions`);
      console.log(report.finding.error);
      console.log(`its input is kept; again: pnpm fuzz ${name} --replay ${path}`);
      return 1;
    }
    const { inputs, covered, outcomes } = report.grown;
    console.log(
      `${name}: ${report.executions} executions, ${outcomes} outcomes, ` +
        `inputs ${inputs[0]} to ${inputs[1]}, source covered ${covered[0]} to ${covered[1]} bytes`,
    );
  }
  console.log(`${names.length} ${names.length === 1 ? "target" : "targets"}, no finding`);
  return 0;
}

function readArguments() {
  try {
    return parseArgs({
      allowPositionals: true,
      options: { seconds: { type: "string" }, seed: { type: "string" }, replay: { type: "string" } },
    });
  } catch (error) {
    console.error(usageFault("fuzz", error));
    process.exit(1);
  }
}

function wholeNumber(name: string, text: string): number {
  if (!/^\d{1,9}$/.test(text)) fail(`${name} ${text} is not a whole number below 1,000,000,000`);
  return Number(text);
}

function fail(text: string): never {
  console.error(`fuzz: ${text}`);
  process.exit(1);
}
