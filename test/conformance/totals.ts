/** What the runner counted in one pass. */
export interface Totals {
  readonly cases: number;
  readonly passed: number;
  readonly failed: number;
  /** Cases that never ran, because the program under test had ended or hung. */
  readonly notRun: number;
}

export interface PassTotals extends Totals {
  readonly name: string;
  readonly exitCode: number;
  readonly seconds: number;
}

/** Reads the runner's last lines; zeros if it gave up before it wrote them. */
export function parseTotals(output: string): Totals {
  const count = (pattern: RegExp): number => Number(pattern.exec(output)?.[1] ?? 0);
  return {
    cases: count(/^Total cases: (\d+)/m),
    passed: count(/^(\d+) passed, \d+ failed/m),
    failed: count(/^\d+ passed, (\d+) failed/m),
    notRun: count(/^Another (\d+) could not be run/m),
  };
}

/** Whether cases ran, and all of them passed. */
export function isRight({ cases, passed, failed, notRun, exitCode }: PassTotals): boolean {
  return cases > 0 && passed === cases && failed === 0 && notRun === 0 && exitCode === 0;
}

export function summary(title: string, passes: readonly PassTotals[]): string {
  const lines = passes.map((pass) => {
    const { name, cases, passed, failed, notRun, seconds } = pass;
    const verdict = isRight(pass) ? "ok" : "FAILED";
    const missing = notRun > 0 ? `  ${notRun} not run` : "";
    return `  ${name.padEnd(16)} ${cases} cases  ${passed} passed  ${failed} failed${missing}  ${Math.round(seconds)} s  ${verdict}`;
  });
  return ["", title, ...lines].join("\n");
}
