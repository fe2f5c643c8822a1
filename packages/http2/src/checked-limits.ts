import { checkNames, checkWhole } from "./option-checks.ts";

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
  checkNames("limits", given, defaults, "{ maxConcurrentStreams: 100 }");
  for (const [name, value] of Object.entries(given as Readonly<Record<string, number | undefined>>)) {
    if (value === undefined) continue;
    const { least = 1, most = largest, why } = ranges[name as keyof L] ?? {};
    checkWhole(`limits.${name}`, value, least, most, "", why);
    limits[name as keyof L] = value as L[keyof L];
  }
  return limits;
}
