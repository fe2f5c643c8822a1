import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { CodeBlock } from "../docs/code-blocks.ts";
import type { Background, Shell } from "./shell.ts";

/**
 * Does what a page tells its reader to: writes each file that it names, runs each block of commands, and compares what is
 * printed to the block behind it. What is marked `serve` stays up; it is in what this gives.
 *
 * Throws with the page's line at the first thing that is not as the page says.
 */
export async function followReadme(
  blocks: readonly CodeBlock[],
  shell: Shell,
  tell: (what: string) => void,
): Promise<Background[]> {
  const running: Background[] = [];
  try {
    for (const [index, block] of blocks.entries()) {
      const { language, marks, file, text, line } = block;
      const next = blocks[index + 1];
      const printed = next?.language === "text" ? next.text : undefined;
      if (file !== undefined) {
        tell(`writes ${file}`);
        const path = join(shell.folder, file);
        mkdirSync(dirname(path), { recursive: true });
        writeFileSync(path, `${text}\n`);
      } else if (language === "sh" && (marks.length === 0 || marks[0] === "serve")) {
        tell(`runs ${text.split("\n").join("; ")}`);
        await at(line, async () => {
          if (marks[0] === "serve") running.push(await shell.start(text, printed ?? ""));
          else compare(await shell.run(text), printed);
        });
      }
    }
  } catch (error) {
    for (const one of running) one.stop();
    throw error;
  }
  return running;
}

/** Throws if something else than was promised is printed; if nothing was promised, anything is right. */
export function compare(printed: string, promised: string | undefined): void {
  if (promised === undefined || printed.trim() === promised.trim()) return;
  throw new Error(`it should print\n\n${promised}\n\nand prints\n\n${printed}`);
}

async function at(line: number, run: () => Promise<void>): Promise<void> {
  try {
    await run();
  } catch (error) {
    throw new Error(`line ${line}: ${error instanceof Error ? error.message : String(error)}`, {
      cause: error,
    });
  }
}
