// The main job: generate code from proto/, serve it, call it in every way there is, compare, and print a table.
//
//   npx -y pnpm@12 start            all of that; exit code 1 if anything is not as it must be
//   npx -y pnpm@12 start --serve    generate, serve, and stay up until Ctrl-C; --port N, else 8080
import { parseArgs } from "node:util";
import { generate } from "./generate.ts";

const { values } = parseArgs({
  options: { serve: { type: "boolean", default: false }, port: { type: "string", default: "8080" } },
});

await generate(process.stdout);
// Imported only now: what follows stands on the generated code, which a fresh clone does not have before this line.
if (values.serve) {
  const { stayUp } = await import("./stay-up.ts");
  await stayUp(Number(values.port), process.stdout);
} else {
  const { runMainJob } = await import("./main-job.ts");
  process.exitCode = await runMainJob(process.stdout);
}
