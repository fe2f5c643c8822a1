import type { Line, Plan, Target } from "./case.ts";

/** What one measurement gives: figures, each in the unit of its line. */
export type Figures = Readonly<Record<string, number>>;

/**
 * Measures contenders by turns, so that what else the machine does meets all of them: each once to warm up if there
 * are several rounds, then once a round, in another order each time. Gives a line for each figure.
 */
export async function rounds(
  { rounds: count, contenders }: Plan,
  what: string,
  targets: Readonly<Record<string, Target>>,
  measure: (contender: string) => Promise<Figures>,
): Promise<Line[]> {
  if (count > 1) for (const contender of contenders) await measure(contender);
  const samples: Record<string, Record<string, number[]>> = {};
  for (let round = 0; round < count; round++) {
    for (const contender of round % 2 === 0 ? contenders : contenders.toReversed()) {
      const figures = await measure(contender);
      for (const [unit, figure] of Object.entries(figures))
        ((samples[unit] ??= {})[contender] ??= []).push(figure);
    }
  }
  return Object.entries(samples).map(([unit, of]) => ({ what, unit, target: targets[unit], samples: of }));
}
