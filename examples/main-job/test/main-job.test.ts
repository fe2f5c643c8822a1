import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { expect, test } from "vitest";

async function runOneCheck(outcome: "right" | "wrong"): Promise<{ exitCode: unknown; stdout: string }> {
  const job = spawn(process.execPath, [join(import.meta.dirname, "run-one-check.ts"), outcome]);
  const [stdout, [exitCode]] = await Promise.all([text(job.stdout), once(job, "close")]);
  return { exitCode, stdout };
}

test("a mismatch is named in the table, and the exit code is 1", async () => {
  const { exitCode, stdout } = await runOneCheck("wrong");
  expect(stdout).toMatch(/^sums {2,}paper {2,}\d+ ms {2,}MISMATCH {2,}2 \+ 2 is 5, not 4$/m);
  expect(stdout).toContain("0 of 1 as they must be");
  expect(exitCode).toBe(1);
});

test("without a mismatch the exit code is 0, and the verdict on memory stands above what to try next", async () => {
  const { exitCode, stdout } = await runOneCheck("right");
  expect(stdout).toMatch(/^sums {2,}paper {2,}\d+ ms {2,}ok {2,}2 \+ 2 = 4$/m);
  expect(stdout).toMatch(
    /^Peak memory of this process, .* files of 64 MiB .*: \d+ MiB, below the limit of 250 MiB$[^]*^Try next:$/m,
  );
  expect(exitCode).toBe(0);
});

test("into a pipe goes plain text: neither colours nor a progress line", async () => {
  const { stdout } = await runOneCheck("right");
  expect(stdout).not.toMatch(/[\x1b\r]/);
});
