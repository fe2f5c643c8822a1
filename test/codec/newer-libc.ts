import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const libraries = "root/usr/lib/x86_64-linux-gnu";

/**
 * What to put in front of a program that was built against a newer C library than the system's: that library's loader,
 * taken from the next Debian's packages into `folder`. Nothing if the program starts as it is.
 */
export function loaderFor(program: string, folder: string): string[] {
  const { error, stderr } = spawnSync(program, ["--help"], { encoding: "utf8" });
  if (error !== undefined) throw new Error(`${program} cannot be started: ${error.message}`);
  if (!/version `GLIBC/.test(stderr)) return [];
  const loader = join(folder, libraries, "ld-linux-x86-64.so.2");
  if (!existsSync(loader)) fetchLibraries(folder);
  return [loader, "--library-path", join(folder, libraries)];
}

/** By apt, with lists and a state of its own: nothing is installed. */
function fetchLibraries(folder: string): void {
  console.log("the runner needs a newer C library than this system's: taking Debian 13's");
  rmSync(folder, { recursive: true, force: true });
  for (const inner of ["state/lists/partial", "cache/archives/partial", "root"])
    mkdirSync(join(folder, inner), { recursive: true });
  writeFileSync(join(folder, "state/status"), "");
  const key = "/usr/share/keyrings/debian-archive-keyring.gpg";
  writeFileSync(join(folder, "sources.list"), `deb [signed-by=${key}] ${mirror()} trixie main\n`);
  const settings = {
    "Dir::State": join(folder, "state"),
    "Dir::State::status": join(folder, "state/status"),
    "Dir::Cache": join(folder, "cache"),
    "Dir::Etc::sourcelist": join(folder, "sources.list"),
    "Dir::Etc::sourceparts": "-",
  };
  const options = Object.entries(settings).flatMap(([name, value]) => ["-o", `${name}=${value}`]);
  run(folder, "apt-get", [...options, "-qq", "update"]);
  run(folder, "apt-get", [...options, "-qq", "download", "libc6", "libstdc++6", "libgcc-s1"]);
  for (const file of readdirSync(folder).filter((name) => name.endsWith(".deb")))
    run(folder, "dpkg", ["-x", file, "root"]);
}

/** The package source that this system has. */
function mirror(): string {
  const folder = "/etc/apt";
  const inner = join(folder, "sources.list.d");
  const files = [
    join(folder, "sources.list"),
    ...(existsSync(inner) ? readdirSync(inner).map((name) => join(inner, name)) : []),
  ];
  for (const file of files.filter((path) => existsSync(path))) {
    const text = readFileSync(file, "utf8");
    const urls = [...text.matchAll(/^(?:deb\s.*?|URIs:\s*)(https?:\/\/\S+)/gm)].map((match) => match[1]!);
    const url = urls.find((one) => !one.includes("security"));
    if (url !== undefined) return url;
  }
  throw new Error(
    "the runner needs glibc 2.38 or newer, and this system has no Debian package source to take one from",
  );
}

function run(folder: string, program: string, args: readonly string[]): void {
  const { error, status, stderr } = spawnSync(program, args, { cwd: folder, encoding: "utf8" });
  if (error !== undefined) throw new Error(`${program} cannot be started: ${error.message}`);
  if (status !== 0) throw new Error(`${program} failed: ${stderr.trim()}`);
}
