// More of what `pnpm interop -- --run HPACK` compares: node packages/http2/test/hpack/differential/run.ts [--seed N] [--runs N]
import { parseArgs } from "node:util";
import { comparisons } from "./comparisons.ts";
import { nghttp2Tools } from "./nghttp2-tools.ts";
import { pythonHpack } from "./python-hpack.ts";
import { makeTools } from "./tools.ts";

const { values } = parseArgs({
  options: { seed: { type: "string", default: "1" }, runs: { type: "string", default: "300" } },
});
try {
  makeTools();
  for (const peer of [pythonHpack(), nghttp2Tools()])
    for (const { name, run } of comparisons(peer, {
      seed: Number(values.seed),
      numRuns: Number(values.runs),
    }))
      console.log(`${peer.name} ${name}: ${run()}`);
} catch (error) {
  console.error(`hpack: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
}
