import { spawnSync } from "node:child_process";
import { join } from "node:path";
import type { Tarball } from "./tarballs.ts";

const bin = join(import.meta.dirname, "../../node_modules/.bin");

/** What is wrong with a tarball: missing or surplus files, and what publint and attw say. */
export function checkTarball(tarball: Tarball): string[] {
  return [
    ...checkFiles(tarball.files),
    ...tool("publint", ["run", tarball.path, "--strict"]),
    ...(tarball.importable ? tool("attw", [tarball.path, "--profile", "esm-only", "--no-emoji"]) : []),
  ];
}

function checkFiles(files: readonly string[]): string[] {
  const problems: string[] = [];
  for (const name of ["LICENSE", "README.md", "package.json"]) {
    if (!files.includes(name)) problems.push(`${name} is missing`);
  }
  for (const file of files) {
    if (!file.startsWith("dist/")) {
      if (!["LICENSE", "README.md", "CHANGELOG.md", "package.json"].includes(file))
        problems.push(`${file} is too much`);
    } else if (/\btests?\b|\.tsbuildinfo$/.test(file)) problems.push(`${file} is too much`);
    else if (file.endsWith(".js") && !files.includes(file.replace(/js$/, "d.ts"))) {
      problems.push(`${file} has no declarations`);
    }
  }
  if (!files.some((file) => file.endsWith(".js"))) problems.push("there is no JavaScript in it");
  return problems;
}

function tool(name: string, args: readonly string[]): string[] {
  const { status, stdout, stderr } = spawnSync(join(bin, name), args, { encoding: "utf8" });
  return status === 0 ? [] : [`${name} ${args.join(" ")}:\n${stdout}${stderr}`];
}
