import type { Writable } from "node:stream";
import { styleText } from "node:util";
import type { Outcome } from "./check.ts";

const styles = { works: "green", refused: "yellow", mismatch: "red" } as const;
const words = { works: "ok", refused: "refused", mismatch: "MISMATCH" } as const;

/** Prints outcomes in columns. Colours only where the stream is a terminal that wants them (NO_COLOR is honoured). */
export function printTable(outcomes: readonly Outcome[], stream: Writable): void {
  const rows = outcomes.map(({ what, over, ms, state, result }, index) => ({
    over,
    // What is the same as above is left out, so that the eye finds where something new begins.
    what: outcomes[index - 1]?.what === what ? "" : what,
    time: `${ms.toFixed(0)} ms`,
    result: `${styleText(styles[state], words[state].padEnd(8), { stream })}  ${result}`,
  }));
  const head = { what: "WHAT", over: "OVER WHAT", time: "TIME", result: "RESULT" };
  const width = (column: "what" | "over" | "time"): number =>
    Math.max(head[column].length, ...rows.map((row) => row[column].length));
  const [what, over, time] = [width("what"), width("over"), width("time")];
  const print = (row: typeof head, style: (line: string) => string): void => {
    const line = `${row.what.padEnd(what)}  ${row.over.padEnd(over)}  ${row.time.padStart(time)}  ${row.result}`;
    stream.write(`${style(line)}\n`);
  };
  print(head, (line) => styleText("bold", line, { stream }));
  for (const row of rows) print(row, (line) => line);
}
