/** The largest that Node's timers take, and HTTP/2's windows (RFC 9113 section 6.9.1). */
const largest = 2 ** 31 - 1;

/** From where to where a limit may be set: from 1 to 2,147,483,647 unless said otherwise. `why`, if that is not plain. */
export interface LimitRange {
  readonly least?: number;
  readonly most?: number;
  readonly why?: string;
}

/** The ranges of some limits. */
export type LimitRanges<L> = { readonly [Name in keyof L]?: LimitRange | undefined };

/**
 * Limits, with other numbers in place of some: `given` may be anything, as configuration files are. Throws TypeError, naming
 * option and value.
 */
export function checkedLimits<L extends object>(defaults: L, given: unknown, ranges: LimitRanges<L>): L {
  const limits = { ...defaults };
  if (given === undefined) return limits;
  if (typeof given !== "object" || given === null || Array.isArray(given)) {
    const found = Array.isArray(given) ? "an array" : shown(given);
    throw new TypeError(`limits is ${found}: it must be an object, such as { maxConcurrentStreams: 100 }`);
  }
  const isKnown = (name: string): name is keyof L & string => Object.hasOwn(defaults, name);
  for (const [name, value] of Object.entries(given)) {
    if (value === undefined) continue;
    if (!isKnown(name))
      throw new TypeError(`limits.${name} is not known: there are ${Object.keys(defaults).join(", ")}`);
    const { least = 1, most = largest, why } = ranges[name] ?? {};
    if (!Number.isInteger(value) || value < least || value > most)
      throw new TypeError(
        `limits.${name} is ${shown(value)}: it must be a whole number from ${least} to ${most}${why === undefined ? "" : ` (${why})`}`,
      );
    limits[name] = value;
  }
  return limits;
}

/** A string is told from the number that it looks like. */
function shown(value: unknown): string {
  return typeof value === "string" ? JSON.stringify(value) : String(value);
}
