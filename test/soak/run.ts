import { randomInt } from "node:crypto";
import { parseArgs } from "node:util";
import { runChecks } from "../../examples/main-job/src/check.ts";
import { ProgressLine, progressOf } from "../../examples/main-job/src/progress.ts";
import { makeSampleFile } from "../../examples/main-job/src/sample-file.ts";
import { printTable } from "../../examples/main-job/src/table.ts";
import { setup as generate } from "../../scripts/generate.ts";
import { help } from "../support/help.ts";
import { attackChecks } from "./attacks/attacking.ts";
import { delayedLinkChecks } from "./delayed-link/delayed-link.ts";
import { buildGrpcGo } from "./delayed-link/grpc-go.ts";
import { fairnessChecks } from "./fairness/fairness.ts";
import { memoryChecks } from "./memory/memory.ts";
import { vanishingChecks } from "./vanishing/vanishing.ts";

help(`pnpm soak [--seconds N] [--mib N] [--seed N]

Clients that vanish, small calls beside a large body, a large body over a link that is slow to answer, a large file both ways,
and attacks.
--seconds  how long clients vanish, and a twelfth of it each attack lasts: 60
--mib      how large the file is: 2048 MiB; half of it is moved beside small calls, a quarter over the slow link
--seed     of the random numbers: another each time`);
const values = readArguments();
const seconds = wholeNumber("seconds", values.seconds, 60);
const mebibytes = wholeNumber("mib", values.mib, 2048);
const seed = wholeNumber("seed", values.seed, randomInt(1, 1_000_000));

generate();
// Listened to, so that Ctrl-C runs what "exit" runs: the file is removed.
process.once("SIGINT", () => process.exit(130));
console.log(`soak: ${seconds} s with seed ${seed}, then a file of ${mebibytes} MiB`);
using sample = await makeSampleFile("sample", mebibytes);
const hasGo = buildGrpcGo();
if (!hasGo)
  console.log("no link that is slow to answer: Go is missing (https://go.dev/dl), and grpc-go with it");
const checks = [
  ...vanishingChecks(seconds, seed),
  ...fairnessChecks(Math.ceil(mebibytes / 2)),
  ...(hasGo ? delayedLinkChecks(Math.ceil(mebibytes / 4)) : []),
  ...memoryChecks(sample),
  ...attackChecks(seconds),
];
const progress = new ProgressLine(process.stdout);
const outcomes = await runChecks(checks, (check, index) =>
  progress.show(progressOf(check, index, checks.length)),
);
progress.clear();
printTable(outcomes, process.stdout);
const right = outcomes.filter(({ state }) => state === "works").length;
console.log(`\n${right} of ${outcomes.length} as they must be`);
process.exitCode = right === outcomes.length ? 0 : 1;

function readArguments(): { seconds?: string; mib?: string; seed?: string } {
  try {
    const options = {
      seconds: { type: "string" },
      mib: { type: "string" },
      seed: { type: "string" },
    } as const;
    return parseArgs({ options }).values;
  } catch (error) {
    console.error(`soak: ${(error as Error).message}`);
    process.exit(1);
  }
}

function wholeNumber(name: string, text: string | undefined, otherwise: number): number {
  if (text === undefined) return otherwise;
  if (/^[1-9]\d{0,8}$/.test(text)) return Number(text);
  console.error(`soak: --${name} is "${text}": give a whole number from 1 on`);
  process.exit(1);
}
