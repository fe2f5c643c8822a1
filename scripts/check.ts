// Types, lint, format, unused code, package shape: everything that can be seen without running the project.
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { publishedPackages } from "./published-packages.ts";

interface Step {
  readonly name: string;
  readonly command: readonly [string, ...string[]];
}

/** What these generate when they run need not be there; then there is nothing to check them against. */
const generating = ["test/codec", "test/conformance", "test/interop"].filter((folder) =>
  existsSync(`${folder}/gen`),
);
const published = publishedPackages().map(({ folder }) => folder);

const steps: readonly Step[] = [
  { name: "generate", command: ["buf", "generate"] },
  { name: "types of the packages", command: ["tsc", "-b", ...published] },
  { name: "types of tests and examples", command: ["tsc", "-p", "tsconfig.tests.json"] },
  ...generating.map((folder): Step => ({ name: `types of ${folder}`, command: ["tsc", "-p", folder] })),
  { name: "lint", command: ["oxlint", "--deny-warnings"] },
  { name: "format", command: ["prettier", "--check", "--log-level", "warn", "."] },
  { name: "unused code", command: ["knip", "--no-progress"] },
  ...published.map((folder): Step => ({
    name: `shape of ${folder}`,
    command: ["publint", "--strict", folder],
  })),
];

let failed = 0;
for (const { name, command } of steps) {
  const [program, ...rest] = command;
  const { status, error, stdout, stderr } = spawnSync(program, rest, { encoding: "utf8" });
  if (error !== undefined) throw error;
  console.log(`${status === 0 ? "ok  " : "FAIL"} ${name}`);
  if (status === 0) continue;
  failed++;
  console.log(stdout + stderr);
}
console.log(failed === 0 ? "check: all passed" : `check: ${failed} of ${steps.length} steps failed`);
process.exitCode = failed === 0 ? 0 : 1;
