import { serve } from "@millrace/node";
import type { Writable } from "node:stream";
import { createApp } from "./app.ts";
import { bufCurlChecks } from "./buf-curl-checks.ts";
import { runChecks } from "./check.ts";
import type { Check } from "./check.ts";
import { clientChecks } from "./client-checks.ts";
import type { Target } from "./client-checks.ts";
import { peakMemory } from "./peak-memory.ts";
import { ProgressLine, progressOf } from "./progress.ts";
import { root } from "./root.ts";
import { makeSampleFile } from "./sample-file.ts";
import { Table } from "./table.ts";
import { tryNext } from "./try-next.ts";

/** In MiB: what client and server, in one process, may have in memory at most while 64 MiB go each way. */
const memoryLimit = 250;

/** Serves, calls, checks and prints. Resolves with the exit code: 1 if anything is not as it must be. */
export async function runMainJob(
  stream: Writable,
  checksOf: (target: Target) => readonly Check[] = allChecks,
): Promise<number> {
  // Listened to, so that Ctrl-C runs what "exit" runs: the files are removed.
  process.once("SIGINT", () => process.exit(130));
  using large = await makeSampleFile("large", 64);
  using small = await makeSampleFile("small", 8);
  const folders = new Map([
    ["repository", root],
    ["large", large.folder],
    ["small", small.folder],
  ]);
  await using server = await serve({ ...createApp(folders), host: "127.0.0.1", port: 0 });
  stream.write(
    `Serving    ${server.url}: GreetService, and FileService on this repository and files of 64 and 8 MiB\n\n`,
  );

  const allRight = await report(checksOf({ url: server.url, large, small }), stream);

  const peak = await peakMemory();
  const verdict = peak < memoryLimit ? "below" : "NOT BELOW";
  stream.write(
    `Peak memory of this process, clients and server together, with files of 64 MiB streamed both ways: ${peak.toFixed(0)} MiB, ${verdict} the limit of ${memoryLimit} MiB\n\n`,
  );
  stream.write(
    "Generated code: gen/greet/v1/ and gen/millrace/file/v1/. Handlers and checks: examples/main-job/src/\n",
  );
  stream.write(`Try next:\n  npx -y pnpm@12 start --serve\n${tryNext("http://127.0.0.1:8080")}`);
  return allRight && peak < memoryLimit ? 0 : 1;
}

function allChecks(target: Target): Check[] {
  return [...clientChecks(target), ...bufCurlChecks(target.url)];
}

/** Runs the checks and prints their table. Resolves with whether all is as it must be. */
async function report(checks: readonly Check[], stream: Writable): Promise<boolean> {
  const progress = new ProgressLine(stream);
  const start = performance.now();
  const table = new Table(checks, stream);
  const outcomes = await runChecks(checks, {
    begins: (check, index) => progress.show(progressOf(check, index, checks.length)),
    ended: (outcome) => {
      progress.clear();
      table.print(outcome);
    },
  });
  const seconds = ((performance.now() - start) / 1000).toFixed(1);
  const right = outcomes.filter((outcome) => outcome.state !== "mismatch").length;
  stream.write(`\n${right} of ${outcomes.length} as they must be, in ${seconds} s\n`);
  return right === outcomes.length;
}
