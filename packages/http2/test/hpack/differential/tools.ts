import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** Ignored by git. */
const cache = join(import.meta.dirname, "../../../../../.cache/hpack");

export interface Tools {
  /** nghttp2's command-line programs. */
  readonly deflatehd: string;
  readonly inflatehd: string;
  /** A Python that has the package hpack. */
  readonly python: string;
}

/** Whatever is missing is made, once. */
export function findTools(): Tools {
  const nghttp2 = once("nghttp2", buildNghttp2);
  return {
    deflatehd: join(nghttp2, "src/deflatehd"),
    inflatehd: join(nghttp2, "src/inflatehd"),
    python: join(once("python", installHpack), "bin/python"),
  };
}

/** A folder that is either whole or not there. */
function once(name: string, make: (folder: string) => void): string {
  const folder = join(cache, name);
  const done = join(folder, ".done");
  if (existsSync(done)) return folder;
  console.log(`making ${folder}`);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  make(folder);
  writeFileSync(done, "");
  return folder;
}

function installHpack(folder: string): void {
  run("python3", ["-m", "venv", folder], cache);
  run(join(folder, "bin/pip"), ["install", "--quiet", "hpack>=4,<5"], cache);
}

/** From the source package of the Debian that this runs on; nothing is installed into the system. */
function buildNghttp2(folder: string): void {
  const lists = join(folder, "lists");
  mkdirSync(join(lists, "partial"), { recursive: true });
  const sources = join(folder, "sources.list");
  const format = ["--format", "deb-src $(REPO_URI) $(RELEASE) $(COMPONENT)", "Created-By: Packages"];
  writeFileSync(sources, run("apt-get", ["indextargets", ...format], folder));
  const options = { "Etc::SourceList": sources, "Etc::SourceParts": "/dev/null", "State::Lists": lists };
  const apart = Object.entries(options).flatMap(([name, value]) => ["-o", `Dir::${name}=${value}`]);
  run("apt-get", ["--quiet", ...apart, "update"], folder);
  run("apt-get", ["--quiet", ...apart, "source", "nghttp2"], folder);
  run("apt-get", ["--quiet", "download", "libjansson-dev"], folder);
  run("dpkg-deb", ["--extract", only(folder, /^libjansson-dev.*\.deb$/), "jansson"], folder);
  const source = join(folder, only(folder, /^nghttp2-[\d.]+$/));
  const jansson = join(folder, "jansson/usr");
  const library = only(jansson, /libjansson\.a$/, true);
  const headers = [join(jansson, "include"), join(source, "lib/includes"), join(folder, "lib/includes")];
  const flags = headers.map((header) => `-I${header}`).join(" ");
  const settings = {
    ENABLE_HPACK_TOOLS: "ON",
    ENABLE_APP: "OFF",
    ENABLE_EXAMPLES: "OFF",
    JANSSON_INCLUDE_DIR: headers[0],
    JANSSON_LIBRARY: join(jansson, library),
    CMAKE_C_FLAGS: flags,
    CMAKE_CXX_FLAGS: flags,
  };
  run("cmake", [source, ...Object.entries(settings).map(([name, value]) => `-D${name}=${value}`)], folder);
  run("make", ["deflatehd", "inflatehd"], folder);
}

/** The one file in a folder whose name, or path below the folder, is like this. */
function only(folder: string, pattern: RegExp, recursive = false): string {
  const found = readdirSync(folder, { recursive, encoding: "utf8" }).filter((name) => pattern.test(name));
  if (found.length !== 1) throw new Error(`${folder} has ${found.length} files like ${pattern}, not one`);
  return found[0]!;
}

/** Runs a program to its end and gives what it wrote. Throws with what it said if it fails. */
function run(program: string, args: readonly string[], cwd: string): string {
  const { error, status, stdout, stderr } = spawnSync(program, args, { cwd, encoding: "utf8" });
  if (error !== undefined) throw new Error(`${program} cannot be started: ${error.message}`);
  if (status !== 0) throw new Error(`${program} ${args.join(" ")} failed:\n${stdout}${stderr}`);
  return stdout;
}
