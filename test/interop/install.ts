import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { here, root } from "./paths.ts";

/** Which Go there is. Throws if there is none. */
export function goVersion(): string {
  const { stdout, error } = spawnSync("go", ["env", "GOVERSION"], { encoding: "utf8" });
  if (error === undefined) return stdout;
  throw new Error("Go 1.26 or newer is missing (https://go.dev/dl): some of the peers are Go programs");
}

/** Which Python there is. Throws if there is none that makes virtual environments. */
export function pythonVersion(): string {
  const probe = "import ensurepip, sys, venv; print(sys.version, sys.prefix)";
  const { stdout, status, error } = spawnSync("python3", ["-c", probe], { encoding: "utf8" });
  if (error !== undefined) throw new Error("Python 3 is missing (python3): some of the peers run on it");
  if (status === 0) return stdout;
  throw new Error(
    "python3 cannot make virtual environments: install its venv module (python3-venv on Debian)",
  );
}

/** Makes a virtual environment around a Python that is to be, with what a file in this folder requires. */
export function installPython(python: string, requirements: string): void {
  run("python3", ["-m", "venv", dirname(dirname(python))]);
  const pip = ["-m", "pip", "--disable-pip-version-check", "install", "--only-binary", ":all:"];
  run(python, [...pip, "--requirement", join(here, requirements)]);
}

/** Throws if a program is not installed; `from` says what brings it. */
export function demand(program: string, from: string): void {
  const { error } = spawnSync(program, ["--version"]);
  if (error !== undefined) throw new Error(`${program} is missing: install ${from}`);
}

/** Fills a folder, if it was not filled from just these files and this text before. */
export function filled(folder: string, files: readonly string[], text: string, fill: () => void): void {
  const hash = createHash("sha256").update(text);
  for (const file of files) hash.update(readFileSync(join(here, file)));
  const digest = hash.digest("hex");
  const stamp = join(folder, ".filled-from");
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === digest) return;
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  fill();
  writeFileSync(stamp, digest);
}

/** Runs a program to its end and gives what it wrote. Throws with what it said if it fails. */
export function run(program: string, args: readonly string[], { cwd = root }: { cwd?: string } = {}): Buffer {
  const path = `${join(root, "node_modules/.bin")}${delimiter}${process.env["PATH"] ?? ""}`;
  const done = spawnSync(program, args, { cwd, env: { ...process.env, PATH: path } });
  if (done.error !== undefined) throw new Error(`${program} cannot be started: ${done.error.message}`);
  if (done.status === 0) return done.stdout;
  const written = Buffer.concat([done.stdout, done.stderr]).toString().trim();
  throw new Error(`${program} ${args[0]} failed:\n${written}`);
}
