import { fork } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Assignment, Job, Report } from "./job.ts";
import { readJournal } from "./journal.ts";

/** Longer than any input may take, whatever else the machine does. */
const longestMs = 20_000;
const lookMs = 1000;
const heapMiB = 1024;

/**
 * A job in a process of its own, until that is through, or stands still, or dies: its last input is the finding then, though
 * what the engine frees late may have been an earlier one's.
 */
export async function runApart(worker: URL, job: Job): Promise<Report> {
  const folder = mkdtempSync(join(tmpdir(), "fuzz-"));
  const assignment: Assignment = { ...job, journal: join(folder, "journal") };
  const child = fork(worker, [JSON.stringify(assignment)], {
    execArgv: [`--max-old-space-size=${heapMiB}`],
    serialization: "advanced",
  });
  let report: Report | undefined;
  child.once("message", (message) => {
    report = message as Report;
    child.kill("SIGKILL");
  });
  let late: string | undefined;
  let seen = 0;
  let since = performance.now();
  const watch = setInterval(() => {
    const now = readJournal(assignment.journal).executions;
    if (now !== seen) [seen, since] = [now, performance.now()];
    else if (performance.now() - since > longestMs) {
      late = `no end after ${longestMs / 1000} s`;
      child.kill("SIGKILL");
    }
  }, lookMs);
  try {
    const [code, signal] = await once(child, "close");
    if (report !== undefined) return report;
    const { executions, input } = readJournal(assignment.journal);
    const error = new Error(late ?? `the process ended with ${signal ?? code}`);
    return { executions, finding: { input, error } };
  } finally {
    clearInterval(watch);
    rmSync(folder, { recursive: true });
  }
}
