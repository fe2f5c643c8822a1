export function median(samples: readonly number[]): number {
  const sorted = samples.toSorted((a, b) => a - b);
  const half = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[half]! : (sorted[half - 1]! + sorted[half]!) / 2;
}

/** How far the farthest sample is from the median, as a part of it. */
export function spread(samples: readonly number[]): number {
  const middle = median(samples);
  return Math.max(...samples.map((sample) => Math.abs(sample - middle))) / middle;
}

/** How many times the second's median the first's is. */
export function ratio(samples: readonly number[], others: readonly number[]): number {
  return median(samples) / median(others);
}
