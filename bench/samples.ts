import { median } from "../test/support/median.ts";

/** How far the farthest sample is from the median, as a part of it. */
export function spread(samples: readonly number[]): number {
  const middle = median(samples);
  return Math.max(...samples.map((sample) => Math.abs(sample - middle))) / middle;
}

/** How many times the second's median the first's is. */
export function ratio(samples: readonly number[], others: readonly number[]): number {
  return median(samples) / median(others);
}
