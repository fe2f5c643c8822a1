// Generates code for a real schema, some 8,000 files of Google's, and type-checks it: `pnpm test:googleapis`. With --all
// google/cloud/compute is type-checked too, for which protoc-gen-es needs minutes.
import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { isDeepStrictEqual, parseArgs } from "node:util";
import { countDeclared, countGenerated, expected, formatCounts } from "./counts.ts";
import type { Counts } from "./counts.ts";
import { runPlugin, withoutComments, writeFiles } from "./run-plugin.ts";
import type { Generated } from "./run-plugin.ts";
import { bin, buildDescriptors, cache, isCompute, root } from "./schema.ts";

/** How long the plugin may take for google/cloud/compute, in seconds. Quadratic, it would take minutes. */
const computeLimit = 20;

const { values } = parseArgs({ options: { all: { type: "boolean", default: false } } });
const failures: string[] = [];

const files = buildDescriptors();
report(`${files.length.toLocaleString("en-US")} files built`);

// Apart and alone, so that nothing else takes its time.
const compute = await runPlugin("protoc-gen-millrace", "target=ts", files, isCompute);
report(`google/cloud/compute: ${describe(compute, countGenerated(contents(compute)))}`);
if (compute.seconds > computeLimit) failures.push(`google/cloud/compute takes more than ${computeLimit} s`);

const plain = withoutComments(files);
const [others, pb, computePb] = await Promise.all([
  runPlugin("protoc-gen-millrace", "target=ts", files, (file) => !isCompute(file)),
  runPlugin("protoc-gen-es", "target=ts", plain, (file) => !isCompute(file)),
  values.all ? runPlugin("protoc-gen-es", "target=ts", plain, isCompute) : undefined,
]);
report(`all others: ${describe(others, countGenerated(contents(others)))}`);

checkCounts(
  "without google/cloud/compute",
  expected.withoutCompute,
  countDeclared(files.filter((file) => !isCompute(file))),
  countGenerated(contents(others)),
);
checkCounts(
  "all",
  expected.all,
  countDeclared(files),
  countGenerated([...contents(compute), ...contents(others)]),
);

const checked = [others, pb, ...(computePb === undefined ? [] : [compute, computePb])];
for (const { files: generated } of checked) writeFiles(join(cache, "gen"), generated);
typeCheck();

if (failures.length > 0) {
  for (const failure of failures) console.error(`FAILED: ${failure}`);
  process.exitCode = 1;
}

function checkCounts(what: string, wanted: Counts, declared: Counts, generated: Counts): void {
  report(`${what}: ${formatCounts(generated)}`);
  if (!isDeepStrictEqual(declared, wanted)) {
    failures.push(`${what}: the schema declares ${formatCounts(declared)}, not ${formatCounts(wanted)}`);
  }
  if (!isDeepStrictEqual(generated, wanted)) failures.push(`${what}: this is not ${formatCounts(wanted)}`);
}

function typeCheck(): void {
  const tsconfig = {
    compilerOptions: {
      strict: true,
      exactOptionalPropertyTypes: true,
      noUncheckedIndexedAccess: true,
      noUnusedLocals: true,
      verbatimModuleSyntax: true,
      isolatedDeclarations: true,
      declaration: true,
      noEmit: true,
      skipLibCheck: true,
      target: "es2024",
      lib: ["es2024", "esnext.disposable"],
      module: "esnext",
      moduleResolution: "bundler",
      types: ["node"],
    },
    include: ["gen/**/*_millrace.ts"],
  };
  writeFileSync(join(cache, "tsconfig.json"), JSON.stringify(tsconfig));
  const start = performance.now();
  const { stdout, status } = spawnSync(bin("tsc"), ["-p", cache, "--pretty", "false"], {
    cwd: root,
    encoding: "utf8",
    maxBuffer: 1 << 30,
  });
  // The runtime's own sources are in the program, and have compiler options of their own.
  const errors = stdout.split("\n").filter((line) => line !== "" && !/^(?:packages\/| )/.test(line));
  const seconds = (performance.now() - start) / 1000;
  if (status === null) failures.push("tsc did not end by itself");
  if (errors.length > 0) {
    failures.push(
      `${errors.length} type errors in generated code, the first of which:\n${errors.slice(0, 20).join("\n")}`,
    );
  } else {
    report(`type-checked under strict, in ${seconds.toFixed(1)} s`);
  }
}

function contents({ files: generated }: Generated): string[] {
  return generated.map(({ content }) => content);
}

function describe({ files: generated, seconds }: Generated, counts: Counts): string {
  return `${formatCounts(counts)} in ${generated.length.toLocaleString("en-US")} files, in ${seconds.toFixed(1)} s`;
}

function report(line: string): void {
  console.log(line);
}
