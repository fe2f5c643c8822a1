import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { demand, pythonVersion } from "../../../../../test/interop/install.ts";

/** Ignored by git. */
const cache = join(import.meta.dirname, "../../../../../.cache/hpack");

/** nghttp2's command-line programs, and a Python that has the package hpack. Made by makeTools(). */
export const tools = {
  deflatehd: join(cache, "nghttp2/deflatehd"),
  inflatehd: join(cache, "nghttp2/inflatehd"),
  python: join(cache, "python/bin/python"),
} as const;

/** Whatever is missing is made, once. Throws, naming what that needs. */
export function makeTools(): void {
  once("nghttp2", buildNghttp2);
  once("python", installHpack);
}

/** A folder that is either whole or not there. */
function once(name: string, make: (folder: string) => void): void {
  const folder = join(cache, name);
  const done = join(folder, ".done");
  if (existsSync(done)) return;
  console.log(`making ${name} for HPACK`);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  make(folder);
  writeFileSync(done, "");
}

function installHpack(folder: string): void {
  pythonVersion();
  run("python3", ["-m", "venv", folder], cache);
  run(join(folder, "bin/pip"), ["install", "--quiet", "hpack>=4,<5"], cache);
}

/** What this needs of a system, and what brings it there. */
const needed = {
  gcc: "a C compiler (gcc on Debian)",
  "g++": "a C++ compiler (g++ on Debian)",
  "apt-get": "apt: nghttp2 is built from the source package of a Debian or Ubuntu",
  "dpkg-deb": "dpkg, as Debian and Ubuntu have it",
};

/** From the source package of the Debian that this runs on; nothing is installed into the system but, as root, apt's lists. */
function buildNghttp2(folder: string): void {
  for (const [program, from] of Object.entries(needed)) demand(program, from);
  // In an image of a system the lists are empty.
  if (process.getuid?.() === 0) run("apt-get", ["--quiet", "update"], folder);
  const lists = join(folder, "lists");
  mkdirSync(join(lists, "partial"), { recursive: true });
  const sources = join(folder, "sources.list");
  const format = ["--format", "deb-src $(REPO_URI) $(RELEASE) $(COMPONENT)", "Created-By: Packages"];
  const uris = run("apt-get", ["indextargets", ...format], folder);
  if (uris === "") throw new Error("apt knows no packages: run apt-get update, as root");
  writeFileSync(sources, uris);
  const options = { "Etc::SourceList": sources, "Etc::SourceParts": "/dev/null", "State::Lists": lists };
  const apart = Object.entries(options).flatMap(([name, value]) => ["-o", `Dir::${name}=${value}`]);
  run("apt-get", ["--quiet", ...apart, "update"], folder);
  run("apt-get", ["--quiet", ...apart, "source", "nghttp2"], folder);
  run("apt-get", ["--quiet", "download", "libjansson-dev"], folder);
  run("dpkg-deb", ["--extract", only(folder, /^libjansson-dev.*\.deb$/), "jansson"], folder);
  const source = join(folder, only(folder, /^nghttp2-[\d.]+$/));
  const jansson = join(folder, "jansson/usr");
  compile(folder, source, join(jansson, "include"), join(jansson, only(jansson, /libjansson\.a$/, true)));
}

/** By hand: configuring all of nghttp2 takes ten times as long as these few files. */
function compile(folder: string, source: string, jansson: string, library: string): void {
  const generated = join(folder, "include/nghttp2");
  mkdirSync(generated, { recursive: true });
  const version = readFileSync(join(source, "lib/includes/nghttp2/nghttp2ver.h.in"), "utf8");
  // Nobody asks for it.
  writeFileSync(join(generated, "nghttp2ver.h"), version.replaceAll(/@PACKAGE_VERSION(_NUM)?@/g, "0"));
  const headers = ["arpa/inet", "fcntl", "netdb", "netinet/in", "sys/socket", "sys/time", "time", "unistd"];
  const flags = [
    ...["-w", "-ffunction-sections", "-DHAVE_JANSSON"],
    ...headers.map((name) => `-DHAVE_${name.replace("/", "_").toUpperCase()}_H`),
    ...[join(folder, "include"), join(source, "lib/includes"), join(source, "lib")].map(
      (path) => `-I${path}`,
    ),
    ...[join(source, "third-party"), jansson].map((path) => `-I${path}`),
  ];
  const sources = (below: string, names: RegExp): string[] =>
    readdirSync(join(source, below))
      .filter((name) => names.test(name))
      .map((name) => join(source, below, name));
  const c = [...sources("lib", /\.c$/), ...sources("src", /^(timegm|comp_helper)\.c$/)];
  run("gcc", ["-c", ...flags, ...c], folder);
  run("g++", ["-c", "-std=gnu++20", ...flags, join(source, "src/util.cc")], folder);
  const objects = readdirSync(folder).filter((name) => name.endsWith(".o"));
  // Of util.cc they need little, and nothing of what would need OpenSSL.
  const linked = [...objects, library, "-Wl,--gc-sections"];
  for (const name of ["deflatehd", "inflatehd"])
    run("g++", ["-std=gnu++20", ...flags, join(source, `src/${name}.cc`), ...linked, "-o", name], folder);
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
