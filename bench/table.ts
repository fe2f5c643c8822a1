import type { Line, Plan, Target } from "./case.ts";
import { median } from "../test/support/median.ts";
import { ratio, spread } from "./samples.ts";

const widths = { what: 30, unit: 20, figure: 17, ratio: 17 };

/** The head of a case's table. */
export function tableHead({ contenders }: Plan): string {
  const figures = contenders.map((name) => name.padStart(widths.figure));
  const ratios = contenders.slice(1).map((name) => `of ${name}`.padStart(widths.ratio));
  return ["".padEnd(widths.what + widths.unit), ...figures, ...ratios, "  target"].join("");
}

/** A line of it: medians and how far the samples are from them, ratios of ours to theirs, and what was wanted. */
export function tableLine(line: Line, { contenders, rounds }: Plan): string {
  const figures = contenders.map((name) => figure(line.samples[name]!).padStart(widths.figure));
  const ratios = contenders
    .slice(1)
    .map((name) =>
      `${ratio(line.samples[contenders[0]!]!, line.samples[name]!).toFixed(2)}×`.padStart(widths.ratio),
    );
  const target =
    line.target === undefined || rounds === 1 ? "" : `  ${outcome(line.target, line, contenders)}`;
  return [line.what.padEnd(widths.what), line.unit.padEnd(widths.unit), ...figures, ...ratios, target].join(
    "",
  );
}

function figure(samples: readonly number[]): string {
  const middle = median(samples);
  const digits = middle < 100 ? 1 : 0;
  const text = middle.toLocaleString("en-US", {
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  });
  return `${text} ± ${Math.round(100 * spread(samples))} %`;
}

function outcome(target: Target, line: Line, [ours, floor]: readonly string[]): string {
  if ("most" in target) {
    const isReached = median(line.samples[ours!]!) <= target.most;
    return `at most ${target.most.toLocaleString("en-US")}: ${isReached ? "reached" : "missed"}`;
  }
  if (floor === undefined) return `${target.ratio}×`;
  return `${target.ratio}×: ${ratio(line.samples[ours!]!, line.samples[floor]!) >= target.ratio ? "reached" : "missed"}`;
}
