/** What the suite counted on one lane. */
export interface Counts {
  readonly lane: string;
  /** How many there have to be; undefined if only some were asked for. */
  readonly cases: number | undefined;
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  readonly exitCode: number;
  readonly seconds: number;
}

/** Reads the suite's last line; zeros if it gave up before it wrote that. */
export function parseCounts(output: string): Pick<Counts, "passed" | "failed" | "skipped"> {
  const [, passed = 0, skipped = 0, failed = 0] =
    /^\d+ tests, (\d+) passed, (\d+) skipped, (\d+) failed$/m.exec(output) ?? [];
  return { passed: Number(passed), failed: Number(failed), skipped: Number(skipped) };
}

/** Whether every case passed that was to run: none failed, none was skipped, none is missing. */
export function isRight({ cases, passed, failed, skipped, exitCode }: Counts): boolean {
  return passed > 0 && passed === (cases ?? passed) && failed === 0 && skipped === 0 && exitCode === 0;
}

export function summary(title: string, lanes: readonly Counts[]): string {
  const lines = lanes.map(
    ({ lane, passed, failed, skipped, seconds }) =>
      lane.padEnd(12) + columns(passed, failed, skipped, seconds.toFixed(1)),
  );
  const head = "lane".padEnd(12) + columns("passed", "failed", "skipped", "seconds");
  return ["", title, head, ...lines].join("\n");
}

function columns(...cells: readonly (number | string)[]): string {
  return cells.map((cell) => String(cell).padStart(9)).join("");
}
