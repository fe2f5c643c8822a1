// Emits dist/ of every published package, from nothing, so that no file of a source that is gone stays behind.
import { spawnSync } from "node:child_process";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { publishedPackages } from "./published-packages.ts";

const root = join(import.meta.dirname, "..");

/** Builds all published packages. False if tsc found errors, which it has printed. */
export function build(): boolean {
  const folders = publishedPackages().map(({ folder }) => join(root, folder));
  for (const folder of folders) rmSync(join(folder, "dist"), { recursive: true, force: true });
  const tsc = spawnSync(join(root, "node_modules/.bin/tsc"), ["-b", ...folders], { stdio: "inherit" });
  return tsc.status === 0;
}

if (import.meta.main) {
  if (!build()) process.exitCode = 1;
  else
    for (const { folder, manifest } of publishedPackages()) console.log(`${manifest.name}: ${folder}/dist`);
}
