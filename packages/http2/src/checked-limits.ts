/** The largest that Node's timers take, and HTTP/2's windows (RFC 9113 section 6.9.1). */
const largest = 2 ** 31 - 1;

/** From where to where each of some limits may be set; those that are not named, from 1 to 2,147,483,647. */
export type LimitRanges<L> = { readonly [Name in keyof L]?: readonly [least: number, most: number] };

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
    const [least, most] = ranges[name] ?? [1, largest];
    if (!Number.isInteger(value) || value < least || value > most)
      throw new TypeError(
        `limits.${name} is ${shown(value)}: it must be a whole number from ${least} to ${most}`,
      );
    limits[name] = value;
  }
  return limits;
}

/** A string is told from the number that it looks like. */
function shown(value: unknown): string {
  return typeof value === "string" ? JSON.stringify(value) : String(value);
}
