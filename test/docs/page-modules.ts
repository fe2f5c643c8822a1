import { codeBlocks } from "./code-blocks.ts";
import type { CodeBlock } from "./code-blocks.ts";

/** A TypeScript module made of a page's code. Its lines have the numbers that they have on the page. */
export interface PageModule {
  /** `handlers`, or `handlers-42` for a block of its own. */
  readonly name: string;
  readonly text: string;
  readonly runs: boolean;
  /** What running it must print, block by block. */
  readonly outputs: readonly ExpectedOutput[];
}

/** What one block prints. */
export interface ExpectedOutput {
  /** Of the block's first line. */
  readonly line: number;
  readonly text: string;
}

/** What a run module prints before a block's own output. */
export function separator(line: number): string {
  return `--- line ${line} ---`;
}

/**
 * The modules of a page. Its `ts` blocks are one module, in their order; one that is marked `alone` is a module of its own.
 * The output of a block that is marked `run` must be the `text` block behind it; one that is marked `quiet` may print what it
 * likes, and must end well. A module that has such a block is run, all of it; the others are compiled.
 *
 * `./gen/….js`, which is where a user's generated code lies, becomes `gen` at the root of the workspace.
 */
export function pageModules(name: string, markdown: string): PageModule[] {
  const shared: CodeBlock[] = [];
  const modules: PageModule[] = [];
  const blocks = codeBlocks(markdown);
  const moduleOf = (own: string, parts: readonly CodeBlock[]): PageModule => ({
    name: own,
    text: join(parts),
    runs: parts.some(({ marks }) => marks.includes("run") || marks.includes("quiet")),
    outputs: parts
      .filter(({ marks }) => marks.includes("run"))
      .map((block) => expectedOutput(name, block, blocks[blocks.indexOf(block) + 1])),
  });
  for (const block of blocks) {
    if (block.language !== "ts") continue;
    if (block.marks.includes("alone")) modules.push(moduleOf(`${name}-${block.line}`, [block]));
    else shared.push(block);
  }
  if (shared.length > 0) modules.unshift(moduleOf(name, shared));
  return modules;
}

function expectedOutput(name: string, { line }: CodeBlock, next: CodeBlock | undefined): ExpectedOutput {
  if (next?.language !== "text") {
    throw new Error(
      `${name}.md:${line}: a block marked "run" needs a "text" block behind it: what it prints`,
    );
  }
  return { line, text: next.text };
}

function join(blocks: readonly CodeBlock[]): string {
  const lines: string[] = [];
  for (const { line, text } of blocks) {
    // The line of the fence says where the output of this block begins.
    while (lines.length < line - 2) lines.push("");
    lines.push(`console.log(${JSON.stringify(separator(line))});`);
    lines.push(...text.split("\n"));
  }
  const code = lines.join("\n").replace(/"\.\/gen\/(.*)\.js"/g, '"../../../../gen/$1.ts"');
  return `${code}\nexport {};\n`;
}
