import { createRequire } from "node:module";
import { join } from "node:path";
import { build } from "esbuild";

const { resolve } = createRequire(import.meta.url);

/** How each runtime starts a program: what comes before the path of its file. */
export const commands: Readonly<
  Record<"node" | "deno" | "bun", readonly [program: string, ...given: string[]]>
> = {
  node: [process.execPath],
  deno: [join(resolve("deno/package.json"), "../deno"), "run", "--allow-all"],
  bun: [join(resolve("bun/package.json"), "../bin/bun.exe")],
};

/** One file of a program and all that it imports: what a user's bundler would make. */
export async function bundle(entry: string, outfile: string): Promise<string> {
  await build({
    entryPoints: [entry],
    outfile,
    bundle: true,
    format: "esm",
    platform: "neutral",
    target: "es2022",
    external: ["node:*"],
  });
  return outfile;
}
