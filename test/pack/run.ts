// Packs every package, checks the tarballs, and follows the README's first service with them, in an empty folder outside
// the repository, with plain npm and tsc; then installs the packages by name, as after a release; and the HTTP/2 engine by
// itself. The tarballs stay in .cache/pack.
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { codeBlocks } from "../docs/code-blocks.ts";
import type { CodeBlock } from "../docs/code-blocks.ts";
import { checkTarball } from "./check-tarball.ts";
import { compare, followReadme } from "./follow-readme.ts";
import { startRegistry } from "./registry.ts";
import { Shell } from "./shell.ts";
import { packAll, tarballFolder } from "./tarballs.ts";
import type { Tarball } from "./tarballs.ts";

const root = join(import.meta.dirname, "../..");

async function main(): Promise<void> {
  const tarballs = packAll();
  const problems = tarballs.flatMap((tarball) =>
    checkTarball(tarball).map((problem) => `${tarball.name}: ${problem}`),
  );
  if (problems.length > 0) throw new Error(problems.join("\n"));
  for (const { name, files } of tarballs)
    console.log(`${name}: ${files.length} files, publint and attw content`);

  const folder = mkdtempSync(join(tmpdir(), "first-service-"));
  try {
    const blocks = await withFreePort(codeBlocks(readFileSync(join(root, "README.md"), "utf8")));
    // As the block says that is for the checkout, which is this one.
    await firstService(new Shell(folder, { MILLRACE: root }), blocks);
    await fromRegistry(folder, blocks, tarballs);
    await engineAlone(folder, tarballs);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  console.log(`\nThe README's first service works as written. Tarballs: ${tarballFolder}`);
}

/** The page as it stands, then compiled as a bundler would have it. */
async function firstService(shell: Shell, blocks: readonly CodeBlock[]): Promise<void> {
  const running = await followReadme(blocks, shell, (what) => console.log(`README: ${what}`));
  try {
    const bundler = "npx tsc --module esnext --moduleResolution bundler --outDir dist-bundler";
    console.log(`README: under moduleResolution bundler: ${bundler}`);
    await shell.run(bundler);
    const client = blocks.findIndex(({ text }) => text === "node dist/client.js");
    compare(await shell.run("node dist-bundler/client.js"), blocks[client + 1]?.text);
    console.log("README: its client over fetch, compiled for a browser, without Node's types");
    await inBrowser(shell);
  } finally {
    for (const one of running) one.stop();
  }
}

/** All declarations are looked at: skipLibCheck would hide what they lack. */
async function inBrowser(shell: Shell): Promise<void> {
  const folder = join(shell.folder, "browser");
  mkdirSync(folder);
  const compilerOptions = {
    target: "es2024",
    lib: ["es2024", "dom"],
    module: "esnext",
    moduleResolution: "bundler",
    types: [],
    strict: true,
    noEmit: true,
  };
  writeFileSync(join(folder, "tsconfig.json"), JSON.stringify({ compilerOptions, include: ["."] }));
  writeFileSync(join(folder, "page.ts"), page);
  await shell.run("npx tsc -p browser");
}

const page = `
import { connect, createClient, createTransport } from "@millrace/web";
import { GreetService } from "../src/gen/greet/v1/greet_millrace.js";
const greeter = createClient(GreetService, createTransport({ baseUrl: "/api", protocol: connect }));
const { greeting } = await greeter.greet({ name: "Ada" });
document.title = greeting;
export {};
`;

/** The way of the time after the first release: packages by name, from a registry that knows them. */
async function fromRegistry(
  folder: string,
  blocks: readonly CodeBlock[],
  tarballs: readonly Tarball[],
): Promise<void> {
  const block = blocks.find(({ marks }) => marks.includes("released"));
  if (block === undefined) throw new Error("README.md: the block marked `released` is gone");
  await using registry = await startRegistry(tarballs);
  const own = join(folder, "from-registry");
  mkdirSync(own);
  const settings = join(folder, "npmrc");
  writeFileSync(settings, npmrc(registry.url));
  // Not the user's settings, which may say where other packages come from, and not the project's, which npm init makes.
  const shell = new Shell(own, { npm_config_globalconfig: settings });
  console.log(`README: ${block.text.split("\n").join("; ")}`);
  await shell.run("npm init -y");
  await shell.run(block.text);
  await shell.run("npx --no-install protoc-gen-millrace --version");
  compare(await shell.run(`node --input-type=module -e '${importAll}'`), "function function");
}

/** The HTTP/2 engine without the rest: what its own README shows, which is JavaScript as well. */
async function engineAlone(folder: string, tarballs: readonly Tarball[]): Promise<void> {
  const blocks = codeBlocks(readFileSync(join(root, "packages/http2/README.md"), "utf8"));
  const at = blocks.findIndex(({ marks }) => marks.includes("run"));
  if (at < 0) throw new Error("packages/http2/README.md: the block marked `run` is gone");
  const own = join(folder, "engine");
  mkdirSync(own);
  writeFileSync(join(own, "hello.mjs"), blocks[at]!.text);
  const shell = new Shell(own);
  const names = ["@millrace/exchange", "@millrace/http2"];
  const paths = tarballs.filter(({ name }) => names.includes(name)).map(({ path }) => `'${path}'`);
  console.log(`packages/http2/README: npm install ${names.join(" ")}; node hello.mjs`);
  await shell.run("npm init -y");
  await shell.run(`npm install --no-audit --no-fund ${paths.join(" ")}`);
  compare(await shell.run("node hello.mjs"), blocks[at + 1]?.text);
}

const importAll =
  'import { serve } from "@millrace/node"; import { implement } from "@millrace/core"; console.log(typeof serve, typeof implement)';

/** npm looks for our packages in the given registry and for all others where it always does. */
function npmrc(url: string): string {
  return `@millrace:registry=${url}/\nfund=false\naudit=false\n`;
}

/** The page with a free port for 8080, which may be in use. */
async function withFreePort(blocks: readonly CodeBlock[]): Promise<CodeBlock[]> {
  const probe = createServer().listen(0);
  await once(probe, "listening");
  const { port } = probe.address() as AddressInfo;
  probe.close();
  await once(probe, "close");
  return blocks.map((block) => ({ ...block, text: block.text.replaceAll("8080", String(port)) }));
}

try {
  await main();
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
