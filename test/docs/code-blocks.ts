/** One fenced code block of a Markdown page. */
export interface CodeBlock {
  /** The first word behind the fence: `ts`. */
  readonly language: string;
  /** The words after it, which tell the tests what to do: `run`. */
  readonly marks: readonly string[];
  /** The file that the line before the block names: a path in backticks and a colon, nothing else. */
  readonly file: string | undefined;
  readonly text: string;
  /** Of the first line of its text, counted from 1. */
  readonly line: number;
}

const fence = /^```(\S*) *(.*)$/;
const fileName = /^`([^`]+)`:$/;

/** The code blocks of a page, in order. Throws if the last one is not closed. */
export function codeBlocks(markdown: string): CodeBlock[] {
  const lines = markdown.split("\n");
  const blocks: CodeBlock[] = [];
  let before = "";
  for (let i = 0; i < lines.length; i++) {
    const [, language, marks] = fence.exec(lines[i]!) ?? [];
    if (language === undefined) {
      if (lines[i] !== "") before = lines[i]!;
      continue;
    }
    const start = i + 1;
    const end = lines.indexOf("```", start);
    if (end < 0) throw new Error(`the code block in line ${start} has no end`);
    blocks.push({
      language,
      marks: (marks ?? "").split(" ").filter((mark) => mark !== ""),
      file: fileName.exec(before)?.[1],
      text: lines.slice(start, end).join("\n"),
      line: start + 1,
    });
    before = "";
    i = end;
  }
  return blocks;
}
