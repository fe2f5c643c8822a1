import { execFileSync, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { beforeAll, expect, onTestFinished, test } from "vitest";
import { codeBlocks } from "./code-blocks.ts";

// The README's first service, on the workspace's own sources: what `pnpm test:pack` does with tarballs, plain npm and tsc,
// without any of them. The sources are run as they are, so that their imports end in .ts.

const root = join(import.meta.dirname, "../..");
const bin = join(root, "node_modules/.bin");
const work = join(import.meta.dirname, ".cache/readme");
const blocks = codeBlocks(readFileSync(join(root, "README.md"), "utf8"));

beforeAll(() => {
  rmSync(work, { recursive: true, force: true });
  for (const { file, text } of blocks) {
    if (file === undefined || file === "tsconfig.json") continue;
    mkdirSync(dirname(join(work, file)), { recursive: true });
    const own = text.replaceAll('.js"', '.ts"').replaceAll("import_extension=js", "import_extension=ts");
    writeFileSync(join(work, file), own.replace("port: 8080", "port: 0"));
  }
  writeFileSync(
    join(work, "tsconfig.json"),
    JSON.stringify({ extends: "../../../../tsconfig.base.json", compilerOptions: { types: ["node"] } }),
  );
  const env = { ...process.env, PATH: `${bin}${delimiter}${process.env["PATH"] ?? ""}` };
  execFileSync(join(bin, "buf"), ["generate"], { cwd: work, env });
});

test("the first service of the README type-checks", () => {
  expect(spawnSync(join(bin, "tsc"), ["-p", work], { encoding: "utf8" })).toMatchObject({
    status: 0,
    stdout: "",
  });
});

test("the first service of the README prints what the README says", async () => {
  const server = spawn(process.execPath, ["src/server.ts"], {
    cwd: work,
    stdio: ["ignore", "pipe", "inherit"],
  });
  onTestFinished(() => void server.kill());
  const [line] = (await once(createInterface(server.stdout), "line")) as [string];
  const url = /http:.*/.exec(line)![0];
  expect(line.replace(url, "http://localhost:8080")).toBe(textBehind("npx tsc\nnode dist/server.js"));

  const client = join(work, "src/client.ts");
  writeFileSync(client, readFileSync(client, "utf8").replace("http://localhost:8080", url));
  expect(execFileSync(process.execPath, [client], { encoding: "utf8" }).trimEnd()).toBe(
    textBehind("node dist/client.js"),
  );
});

/** The output that the README gives for a block of commands. */
function textBehind(commands: string): string | undefined {
  const index = blocks.findIndex(({ text }) => text === commands);
  return index < 0 ? undefined : blocks[index + 1]?.text;
}
