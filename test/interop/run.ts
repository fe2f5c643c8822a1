import { parseArgs } from "node:util";
import { help } from "../support/help.ts";
import type { Lane } from "./lane.ts";
import { allLanes } from "./lanes.ts";
import { runLane } from "./run-lane.ts";
import type { Outcome } from "./run-lane.ts";
import { printTotals, Table } from "./table.ts";

help(`pnpm interop [--run 'WORD …']

--run  only the cases in whose row of the table every word is found`);
try {
  const lanes = choose(allLanes(), readWords());
  for (const prepare of new Set(lanes.flatMap(({ needs }) => needs))) prepare();
  const started = performance.now();
  const table = new Table(lanes);
  const outcomes: Outcome[] = [];
  for (const lane of lanes) {
    for (const outcome of await runLane(lane)) {
      table.print(outcome);
      outcomes.push(outcome);
    }
  }
  printTotals(outcomes, (performance.now() - started) / 1000);
  if (outcomes.some(({ failure }) => failure !== undefined)) process.exitCode = 1;
} catch (error) {
  console.error(`interop: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
}

function readWords(): string[] {
  // npm takes the "--" away, pnpm leaves it.
  const args = process.argv.slice(2).filter((argument) => argument !== "--");
  const { values } = parseArgs({ args, options: { run: { type: "string", default: "" } } });
  return values.run.toLowerCase().split(/\s+/);
}

/** The cases in whose row of the table every word is found. */
function choose(lanes: readonly Lane[], words: readonly string[]): Lane[] {
  const chosen = lanes.flatMap((lane) => {
    const cases = lane.cases.filter(({ name }) => {
      const row = [lane.peer, lane.direction, lane.carriage, name].join(" ").toLowerCase();
      return words.every((word) => row.includes(word));
    });
    return cases.length === 0 ? [] : [{ ...lane, cases }];
  });
  if (chosen.length === 0) throw new Error(`no case has all of these words: ${words.join(" ")}`);
  return chosen;
}
