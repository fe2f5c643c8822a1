// The main job: generate code from proto/, serve it, call it in every way there is, compare, and print a table.
// `npx -y pnpm@12 start --help` tells what else there is.
import { generate } from "./generate.ts";
import { run } from "./run.ts";

process.exitCode = await run(process.argv.slice(2), {
  stdout: process.stdout,
  stderr: process.stderr,
  prepare: generate,
});
