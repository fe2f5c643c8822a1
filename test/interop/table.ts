import { styleText } from "node:util";
import type { Lane } from "./lane.ts";
import type { Outcome } from "./run-lane.ts";

type Row = readonly [peer: string, direction: string, carriage: string, name: string];

const heads: Row = ["PEER", "DIRECTION", "CARRIAGE", "CASE"];

/** Prints outcomes as they come, in columns that are wide enough for all that is to come. */
export class Table {
  readonly #widths: readonly number[];

  constructor(lanes: readonly Lane[]) {
    const rows = lanes.flatMap((lane) => lane.cases.map(({ name }) => rowOf(lane, name)));
    this.#widths = heads.map((head, column) =>
      Math.max(head.length, ...rows.map((row) => row[column]!.length)),
    );
    console.log(styleText("bold", `${this.#line(heads)}RESULT`));
  }

  print({ lane, name, failure }: Outcome): void {
    const line = this.#line(rowOf(lane, name));
    console.log(line + (failure === undefined ? styleText("green", "ok") : styleText("red", "FAILED")));
    if (failure !== undefined) console.log(failure.trimEnd().replaceAll(/^/gm, "    "));
  }

  #line(row: Row): string {
    return row.map((cell, column) => `${cell.padEnd(this.#widths[column]!)}  `).join("");
  }
}

/** Prints, for each peer and direction, how many cases passed, and the sum. */
export function printTotals(outcomes: readonly Outcome[], seconds: number): void {
  const groups = Map.groupBy(outcomes, ({ lane }) => `${lane.direction.padEnd(13)}  ${lane.peer}`);
  console.log();
  for (const [group, cases] of groups) console.log(`${passed(cases)}  ${group}`);
  console.log(`${passed(outcomes)}  in ${Math.round(seconds)} s`);
}

function passed(outcomes: readonly Outcome[]): string {
  const failed = outcomes.filter(({ failure }) => failure !== undefined).length;
  const counts = `${String(outcomes.length - failed).padStart(4)} passed  ${String(failed).padStart(3)} failed`;
  return failed === 0 ? counts : styleText("red", counts);
}

function rowOf({ peer, direction, carriage }: Lane, name: string): Row {
  return [peer, direction, carriage, name];
}
