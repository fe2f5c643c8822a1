import { execFile, spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { beforeAll, describe, expect, test } from "vitest";
import { codeBlocks } from "./code-blocks.ts";
import { pageModules, separator } from "./page-modules.ts";

const root = join(import.meta.dirname, "../..");
// Below this folder, so that the pages can import what its package.json names. Not tracked.
const work = join(import.meta.dirname, ".cache/pages");
// Where pages that read certificates find some.
const certificates = join(root, "packages/node/test/tls");

const pages = readdirSync(join(root, "docs"))
  .filter((file) => file.endsWith(".md"))
  .map((file) => file.replace(/\.md$/, ""));
const modules = [
  ...pages.map((page) => ({ name: page, file: `docs/${page}.md` })),
  ...["exchange", "http2", "node", "web"].map((name) => ({
    name: `packages-${name}`,
    file: `packages/${name}/README.md`,
  })),
].flatMap(({ name, file }) => pageModules(name, readFileSync(join(root, file), "utf8")));

beforeAll(() => {
  rmSync(work, { recursive: true, force: true });
  mkdirSync(work, { recursive: true });
  for (const { name, text } of modules) writeFileSync(join(work, `${name}.ts`), text);
  const tsconfig = {
    extends: "../../../../tsconfig.base.json",
    compilerOptions: { types: ["node"] },
    include: ["*.ts"],
  };
  writeFileSync(join(work, "tsconfig.json"), JSON.stringify(tsconfig));
});

test("the code of every page, and of the README of every package, type-checks", () => {
  const tsc = spawnSync(join(root, "node_modules/.bin/tsc"), ["-p", work], { encoding: "utf8" });
  expect(tsc.stdout).toBe("");
  expect(tsc.status).toBe(0);
});

describe("running the code of a page prints what the page says", () => {
  test.for(modules.filter(({ runs }) => runs))("$name", async ({ name, outputs }) => {
    const { stdout, stderr } = await promisify(execFile)(process.execPath, [join(work, `${name}.ts`)], {
      cwd: certificates,
      timeout: 25_000,
    });
    for (const { line, text } of outputs) expect(blockOutput(stdout, line)).toBe(text);
    expect(stderr).toBe("");
  });
});

test("every page that the README names is there, and the README names every page", () => {
  const named = [...readFileSync(join(root, "README.md"), "utf8").matchAll(/\]\(docs\/([^)]+)\.md\)/g)];
  expect(new Set(named.map(([, page]) => page))).toEqual(new Set(pages));
});

describe("the code blocks of a page", () => {
  test("have the language, the marks, the line and the file that the line before names", () => {
    const page =
      "# Page\n\n`a/b.proto`:\n\n```proto\nsyntax;\n```\n\nText `c.ts`:\n\n```ts run alone\n1;\n\n2;\n```\n";
    expect(codeBlocks(page)).toEqual([
      { language: "proto", marks: [], file: "a/b.proto", text: "syntax;", line: 6 },
      { language: "ts", marks: ["run", "alone"], file: undefined, text: "1;\n\n2;", line: 12 },
    ]);
  });

  test("without an end are an error that names the line", () => {
    expect(() => codeBlocks("\n```ts\nlet a;\n")).toThrow("the code block in line 2 has no end");
  });

  test("keep their line numbers in the module that they make", () => {
    const [module] = pageModules("page", "one\n\n```ts\nconst a = 1;\n```\n\n```ts\nconst b = 2;\n```\n");
    const lines = module!.text.split("\n");
    expect([lines[3], lines[7]]).toEqual(["const a = 1;", "const b = 2;"]);
  });

  test("that are run must say what they print", () => {
    expect(() => pageModules("page", "```ts run\n1;\n```\n")).toThrow(
      'page.md:2: a block marked "run" needs',
    );
  });
});

/** What was printed between a block's separator and the next one. */
function blockOutput(stdout: string, line: number): string {
  const start = stdout.indexOf(`${separator(line)}\n`);
  const rest = stdout.slice(start + separator(line).length + 1);
  const end = rest.indexOf("--- line ");
  return (end < 0 ? rest : rest.slice(0, end)).trimEnd();
}
