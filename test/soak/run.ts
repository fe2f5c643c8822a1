import { randomInt } from "node:crypto";
import { runChecks } from "../../examples/main-job/src/check.ts";
import { ProgressLine, progressOf } from "../../examples/main-job/src/progress.ts";
import { makeSampleFile } from "../../examples/main-job/src/sample-file.ts";
import { Table } from "../../examples/main-job/src/table.ts";
import { setup as generate } from "../../scripts/generate.ts";
import { help } from "../support/help.ts";
import { attackChecks } from "./attacks/attacking.ts";
import { parseCommandLine, sections, UsageError } from "./command-line.ts";
import type { Command } from "./command-line.ts";
import { delayedLinkChecks } from "./delayed-link/delayed-link.ts";
import { buildGrpcGo } from "./delayed-link/grpc-go.ts";
import { fairnessChecks } from "./fairness/fairness.ts";
import { memoryChecks } from "./memory/memory.ts";
import { vanishingChecks } from "./vanishing/vanishing.ts";

help(`pnpm soak [section …] [--seconds N] [--mib N] [--seed N]

The sections are ${sections.join(", ")}; all of them, if none is named: clients that vanish, small calls beside a
large body, a large body over a link that is slow to answer, a large file both ways, and attacks.
--seconds  how long clients vanish, and a twelfth of it each attack lasts: 60
--mib      how large the file is: 2048 MiB; half of it is moved beside small calls, a quarter over the slow link
--seed     of the random numbers of clients that vanish: another each time`);
const { sections: wanted, seconds, mebibytes, seed = randomInt(1, 1_000_000) } = readCommand();

generate();
// Listened to, so that Ctrl-C runs what "exit" runs: the file is removed.
process.once("SIGINT", () => process.exit(130));
console.log(`soak: ${[...wanted].join(", ")}; --seconds ${seconds} --mib ${mebibytes} --seed ${seed}\n`);
using sample = wanted.has("files") ? await makeSampleFile("sample", mebibytes) : undefined;
const hasGo = wanted.has("link") && buildGrpcGo();
if (wanted.has("link") && !hasGo)
  console.log("no link that is slow to answer: Go is missing (https://go.dev/dl), and grpc-go with it\n");
const checks = [
  ...(wanted.has("vanishing") ? vanishingChecks(seconds, seed) : []),
  ...(wanted.has("fairness") ? fairnessChecks(Math.ceil(mebibytes / 2)) : []),
  ...(hasGo ? delayedLinkChecks(Math.ceil(mebibytes / 4)) : []),
  ...(sample === undefined ? [] : memoryChecks(sample)),
  ...(wanted.has("attacks") ? attackChecks(seconds) : []),
];
const progress = new ProgressLine(process.stdout);
const table = new Table(checks, process.stdout);
const outcomes = await runChecks(checks, {
  begins: (check, index) => progress.show(progressOf(check, index, checks.length)),
  ended: (outcome) => {
    progress.clear();
    table.print(outcome);
  },
});
const right = outcomes.filter(({ state }) => state === "works").length;
console.log(`\n${right} of ${outcomes.length} as they must be`);
process.exitCode = right === outcomes.length ? 0 : 1;

function readCommand(): Command {
  try {
    return parseCommandLine(process.argv.slice(2));
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    console.error(error.message);
    process.exit(1);
  }
}
