import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { copyFileSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import {
  certificate,
  descriptorSet,
  goFolder,
  grpcurl,
  here,
  protoFolder,
  python,
  pythonFolder,
  pythonStubs,
  root,
} from "./paths.ts";

const goModule = join(here, "go");
const goInputs = ["go/go.mod", "go/go.sum", "go/main.go"];
const requirements = join(here, "grpcio/requirements.txt");

/** grpc-go's client and server, grpcurl, the schema and the certificate: built from `go/`, again when that has changed. */
export function prepareGo(): void {
  const { stdout: version, error } = spawnSync("go", ["env", "GOVERSION"], { encoding: "utf8" });
  if (error !== undefined) {
    throw new Error("Go 1.26 or newer is missing (https://go.dev/dl): grpc-go and grpcurl are Go programs");
  }
  cached(goFolder, goInputs, version, () => {
    console.log("building grpc-go's client and server, and grpcurl");
    run("go", ["build", "-buildvcs=false", "-o", `${goFolder}/`, "tool"], { cwd: goModule });
    writeFileSync(descriptorSet, run("go", ["run", "-buildvcs=false", "."], { cwd: goModule }));
    const service = "grpc.testing.TestService";
    run(grpcurl, ["-protoset", descriptorSet, "-proto-out-dir", protoFolder, "describe", service]);
    const grpc = run("go", ["list", "-m", "-f", "{{.Dir}}", "google.golang.org/grpc"], { cwd: goModule });
    for (const to of [certificate.ca, certificate.cert, certificate.key]) {
      copyFileSync(join(String(grpc).trim(), "testdata", to.slice(dirname(to).length)), to);
    }
  });
}

/** grpcio in a virtual environment of its own, with stubs: installed again when what is required has changed. */
export function preparePython(): void {
  const probe = "import ensurepip, sys, venv; print(sys.version, sys.prefix)";
  const { stdout, status, error } = spawnSync("python3", ["-c", probe], { encoding: "utf8" });
  if (error !== undefined) throw new Error("Python 3 is missing (python3): grpcio runs on it");
  if (status !== 0) {
    throw new Error(
      "python3 cannot make virtual environments: install its venv module (python3-venv on Debian)",
    );
  }
  cached(pythonFolder, [...goInputs, "grpcio/requirements.txt"], stdout, () => {
    console.log("installing grpcio");
    run("python3", ["-m", "venv", dirname(dirname(python))]);
    const pip = ["-m", "pip", "--disable-pip-version-check", "install", "--only-binary", ":all:"];
    run(python, [...pip, "--requirement", requirements]);
    mkdirSync(pythonStubs);
    const files = ["empty", "messages", "test"].map((name) => `interop/${name}.proto`);
    const out = [`--python_out=${pythonStubs}`, `--grpc_python_out=${pythonStubs}`];
    run(python, ["-m", "grpc_tools.protoc", "-I", protoFolder, ...out, ...files]);
  });
}

/** The schema as TypeScript in `gen/`; then checks the types of the programs, which lean on it. */
export function prepareTypeScript(): void {
  const opt = ["target=ts", "import_extension=ts", "erasable_syntax=true"];
  const plugins = ["protoc-gen-es", "protoc-gen-millrace"].map((local) => ({ local, out: "gen", opt }));
  const template = JSON.stringify({ version: "v2", clean: true, plugins });
  run("buf", ["generate", descriptorSet, "--template", template, "--output", here]);
  run("tsc", ["--project", here]);
}

/** Fills a folder, if it was not filled from just these files and this text before. */
function cached(folder: string, files: readonly string[], text: string, fill: () => void): void {
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
function run(program: string, args: readonly string[], { cwd = root }: { cwd?: string } = {}): Buffer {
  const path = `${join(root, "node_modules/.bin")}${delimiter}${process.env["PATH"] ?? ""}`;
  const done = spawnSync(program, args, { cwd, env: { ...process.env, PATH: path } });
  if (done.error !== undefined) throw new Error(`${program} cannot be started: ${done.error.message}`);
  if (done.status === 0) return done.stdout;
  const written = Buffer.concat([done.stdout, done.stderr]).toString().trim();
  throw new Error(`${program} ${args[0]} failed:\n${written}`);
}
