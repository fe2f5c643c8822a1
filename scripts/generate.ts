// Generated code for the workspace. Vitest runs setup() once before the tests, so that they work on a fresh clone.
import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const root = join(import.meta.dirname, "..");
const stamp = join(root, "gen/.generated");
/** The modules of buf.yaml. */
const protos = ["proto", "test/proto"];
const inputs = [
  ...protos,
  "buf.yaml",
  "buf.gen.yaml",
  "plugins/protoc-gen-millrace/src",
  "node_modules/@bufbuild/protoc-gen-es/package.json",
];

/** Runs `buf generate` if gen/ lacks a file, or an input is newer than the last run. */
export function setup(): void {
  if (!isStale()) return;
  const started = new Date();
  execFileSync(join(root, "node_modules/.bin/buf"), ["generate"], { cwd: root, stdio: "inherit" });
  // buf leaves a file alone whose text is the same, so that the files' own times tell nothing.
  writeFileSync(stamp, "");
  utimesSync(stamp, started, started);
}

function isStale(): boolean {
  if (!existsSync(stamp)) return true;
  const last = statSync(stamp).mtimeMs;
  const outputs = protos.flatMap((folder) =>
    filesBelow(folder).map((path) => path.replace(folder, "gen").replace(/\.proto$/, "_pb.ts")),
  );
  if (!outputs.every((path) => existsSync(join(root, path)))) return true;
  return inputs.flatMap(filesBelow).some((path) => statSync(join(root, path)).mtimeMs > last);
}

/** The path itself, or the files below it if it is a folder. */
function filesBelow(path: string): string[] {
  if (!statSync(join(root, path)).isDirectory()) return [path];
  return readdirSync(join(root, path), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(root.length + 1));
}

if (import.meta.main) setup();
