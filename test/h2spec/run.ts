import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { setup as generate } from "../../scripts/generate.ts";
import { help } from "../support/help.ts";
import { type Counts, isRight, parseCounts, summary } from "./counts.ts";

const version = "v2.2.1+incompatible";
const module = "github.com/summerwind/h2spec/cmd/h2spec";
const root = join(import.meta.dirname, "../..");

generate();
// It loads what is generated.
const { lanes } = await import("./lanes.ts");

help(`pnpm h2spec [lane …] [-- for h2spec]

The lanes are ${Object.keys(lanes).join(", ")}; all of them, if none is named.
What stands behind "--" goes to h2spec, a section such as http2/6.5 for one.`);
try {
  const { names, forSuite } = readArguments();
  const program = findSuite();
  const totals: Counts[] = [];
  for (const name of names) {
    const counts = await runLane(program, name, forSuite);
    totals.push(counts);
    console.log(`${name}: ${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`);
  }
  console.log(summary(`h2spec ${version}`, totals));
  if (!totals.every(isRight)) process.exitCode = 1;
} catch (error) {
  console.error(`h2spec: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
}

function readArguments(): { names: readonly string[]; forSuite: readonly string[] } {
  // npm takes the first "--" away, pnpm leaves it.
  const given = process.argv.slice(2);
  const end = given.indexOf("--", given[0] === "--" && given.includes("--", 1) ? 1 : 0);
  const own = (end === -1 ? given : given.slice(0, end)).filter((argument) => argument !== "--");
  for (const name of own) {
    if (!Object.hasOwn(lanes, name))
      throw new Error(`there is no lane ${JSON.stringify(name)}: use ${Object.keys(lanes).join(", ")}`);
  }
  return {
    names: own.length > 0 ? own : Object.keys(lanes),
    forSuite: end === -1 ? [] : given.slice(end + 1),
  };
}

/** The suite's program: built once, into a folder that git ignores. */
function findSuite(): string {
  const folder = join(root, ".cache/bin", `h2spec-${version}`);
  const program = join(folder, process.platform === "win32" ? "h2spec.exe" : "h2spec");
  if (existsSync(program)) return program;
  if (spawnSync("go", ["version"]).error !== undefined)
    throw new Error("Go 1.24 or newer is missing (https://go.dev/dl): h2spec is a Go program");
  mkdirSync(folder, { recursive: true });
  console.log(`installing ${module} ${version}`);
  const done = spawnSync("go", ["install", `${module}@${version}`], {
    encoding: "utf8",
    env: { ...process.env, GOBIN: folder },
  });
  if (done.status === 0) return program;
  rmSync(folder, { recursive: true, force: true });
  throw new Error(`go install ${module}@${version} failed:\n${(done.stdout + done.stderr).trim()}`);
}

/** Runs the suite against one server. What fails is shown with what the suite says of it. */
async function runLane(program: string, name: string, forSuite: readonly string[]): Promise<Counts> {
  const { tls, sections = [], cases, start } = lanes[name]!;
  const isWhole = forSuite.length === 0;
  const serving = await start();
  console.log(`${name}: running`);
  const started = performance.now();
  const strict = ["-S", "-h", "127.0.0.1", "-p", String(serving.port), ...(tls ? ["-t", "-k"] : [])];
  const child = spawn(program, [...strict, ...(isWhole ? sections : forSuite)], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  let output = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => (output += text));
  const exitCode = await new Promise<number>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code) => resolve(code ?? 1));
  });
  await serving.close();
  const seconds = (performance.now() - started) / 1000;
  const counts = {
    lane: name,
    cases: isWhole ? cases : undefined,
    ...parseCounts(output),
    exitCode,
    seconds,
  };
  if (!isRight(counts)) console.log(/^Failures:[^]*/m.exec(output)?.[0].trimEnd() ?? output.trimEnd());
  return counts;
}
