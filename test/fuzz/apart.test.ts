import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { expect, test } from "vitest";
import { runApart } from "./apart.ts";

test("what takes the whole process down is a finding, with the last input that was begun", async () => {
  const folder = mkdtempSync(join(tmpdir(), "apart-"));
  const script = join(folder, "worker.ts");
  writeFileSync(
    script,
    `import { Journal } from ${JSON.stringify(new URL("journal.ts", import.meta.url).href)};
     const journal = new Journal(JSON.parse(process.argv[2]).journal);
     for (const text of ["a longer input", "fatal"]) journal.begin(Buffer.from(text));
     process.kill(process.pid, "SIGABRT");`,
  );
  try {
    const report = await runApart(pathToFileURL(script), { target: "any", seconds: 1, seed: 1 });
    expect(report).toEqual({
      executions: 2,
      finding: {
        input: new Uint8Array(Buffer.from("fatal")),
        error: new Error("the process ended with SIGABRT"),
      },
    });
  } finally {
    rmSync(folder, { recursive: true });
  }
});
