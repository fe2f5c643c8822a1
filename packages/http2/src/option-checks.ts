/** The names of an options type: the compiler sees to it that none is missing and none too many. */
export type OptionNames<T> = { readonly [Name in keyof T]-?: true };

/** A value as a message about it names it: a string is told from the number that it looks like. */
export function shown(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value);
  if (Array.isArray(value)) return "an array";
  if (typeof value === "object" && value !== null) return "an object";
  return typeof value === "function" ? "a function" : String(value);
}

/** What is wrong with an option: its name, its value, and what it must be. */
export function wrongOption(name: string, value: unknown, must: string): TypeError {
  return new TypeError(`${name} is ${shown(value)}: it must be ${must}`);
}

/**
 * Refuses what is no object, and options that there are not: a misspelt one would silently do nothing. What is undefined is
 * not there. `such`: an example.
 */
export function checkNames(name: string, given: unknown, known: object, such: string): void {
  if (typeof given !== "object" || given === null || Array.isArray(given))
    throw wrongOption(name, given, `an object, such as ${such}`);
  for (const [each, value] of Object.entries(given)) {
    if (value !== undefined && !Object.hasOwn(known, each))
      throw new TypeError(`${name}.${each} is not known: there are ${Object.keys(known).join(", ")}`);
  }
}

/** Refuses what is no whole number in a range. `unit`: of what, as ` of milliseconds`; `why`: of the range. */
export function checkWhole(
  name: string,
  value: unknown,
  least: number,
  most: number,
  unit = "",
  why?: string,
): void {
  if (Number.isInteger(value) && (value as number) >= least && (value as number) <= most) return;
  const reason = why === undefined ? "" : ` (${why})`;
  throw wrongOption(name, value, `a whole number${unit} from ${least} to ${most}${reason}`);
}

/** Refuses a time that something cannot be given to end. Infinity: as long as timers can. */
export function checkGrace(graceMs: unknown): void {
  if (typeof graceMs !== "number" || !(graceMs >= 0))
    throw wrongOption("graceMs", graceMs, "a number of milliseconds, 0 or more");
}
