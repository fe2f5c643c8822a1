import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdirSync } from "node:fs";
import { delimiter, join } from "node:path";
import { help } from "../support/help.ts";
import { bundle, commands } from "../web-runtimes/programs.ts";
import { readArguments, usage } from "./arguments.ts";
import type { Pass } from "./passes.ts";
import { isRight, parseTotals, summary } from "./totals.ts";
import type { PassTotals } from "./totals.ts";

const version = "v1.0.5";
const runnerModule = "connectrpc.com/conformance";
const here = import.meta.dirname;
const root = join(here, "../..");
const bin = join(root, "node_modules/.bin");

help(usage);
try {
  const options = readArguments(process.argv.slice(2));
  requireGo();
  const runner = findRunner();
  generate();
  checkTypes();
  const totals: PassTotals[] = [];
  for (const pass of options.passes) totals.push(await runPass(runner, pass, options.forRunner));
  console.log(summary(`Connect conformance ${version}`, totals));
  if (!totals.every(isRight)) process.exitCode = 1;
} catch (error) {
  console.error(`conformance: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
}

function requireGo(): void {
  const { error } = spawnSync("go", ["version"]);
  if (error !== undefined)
    throw new Error("Go 1.24 or newer is missing (https://go.dev/dl): the runner is a Go program");
}

/** The runner's program: built once, into a folder that git ignores. */
function findRunner(): string {
  const folder = join(root, ".cache/bin", `connectconformance-${version}`);
  const program = join(
    folder,
    process.platform === "win32" ? "connectconformance.exe" : "connectconformance",
  );
  if (existsSync(program)) return program;
  mkdirSync(folder, { recursive: true });
  console.log(`installing ${runnerModule} ${version}`);
  run("go", ["install", `${runnerModule}/cmd/connectconformance@${version}`], { GOBIN: folder });
  return program;
}

/** The suite's schemas, from the folder of its own module, as TypeScript in gen/. */
function generate(): void {
  const listed = run("go", ["mod", "download", "-json", `${runnerModule}@${version}`]);
  const { Dir: folder } = JSON.parse(listed) as { Dir: string };
  const opt = ["target=ts", "import_extension=ts", "erasable_syntax=true"];
  const plugins = ["protoc-gen-es", "protoc-gen-millrace"].map((local) => ({ local, out: "gen", opt }));
  run("buf", [
    "generate",
    join(folder, "proto"),
    "--template",
    JSON.stringify({ version: "v2", clean: true, plugins }),
    "--output",
    here,
  ]);
}

/** The programs lean on generated code, which is why the check of the whole repository leaves them out. */
function checkTypes(): void {
  run("tsc", ["--project", here]);
}

/** Runs a program to its end and gives what it wrote. Throws with what it said if it fails. */
function run(program: string, args: readonly string[], env: Record<string, string> = {}): string {
  const path = `${bin}${delimiter}${process.env["PATH"] ?? ""}`;
  const done = spawnSync(program, args, {
    cwd: here,
    encoding: "utf8",
    env: { ...process.env, PATH: path, ...env },
  });
  if (done.error !== undefined) throw new Error(`${program} cannot be started: ${done.error.message}`);
  if (done.status !== 0)
    throw new Error(`${program} ${args[0]} failed:\n${(done.stdout + done.stderr).trim()}`);
  return done.stdout;
}

/** How a program is started. Other runtimes than Node get it in one file. */
async function commandOf(script: string, runtime: Pass["runtime"]): Promise<string[]> {
  if (runtime === undefined) return [process.execPath, script];
  const file = await bundle(script, join(root, ".cache/conformance", `${runtime}.mjs`));
  return [...commands[runtime], file];
}

/** Runs the suite against one program. What the runner writes is shown as it comes. */
async function runPass(runner: string, pass: Pass, forRunner: readonly string[]): Promise<PassTotals> {
  const { name, mode, config, program, runtime } = pass;
  // The reference client's default parallelism starves two-core machines, and its deadlines are real time.
  const parallel = mode === "server" ? ["-p", "2"] : [];
  const [script, ...scriptArguments] = program;
  const args = [
    "--mode",
    mode,
    "--conf",
    join(here, config),
    ...parallel,
    ...forRunner,
    "--",
    ...(await commandOf(join(here, script), runtime)),
    ...scriptArguments,
  ];
  console.log(`${name}: running`);
  const started = performance.now();
  const child = spawn(runner, args, { cwd: here, stdio: ["ignore", "pipe", "inherit"] });
  let output = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    output += text;
    process.stdout.write(text);
  });
  const exitCode = await new Promise<number>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code) => resolve(code ?? 1));
  });
  return { name, exitCode, seconds: (performance.now() - started) / 1000, ...parseTotals(output) };
}
