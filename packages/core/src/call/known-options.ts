/** The names of an options type: the compiler sees to it that none is missing and none too many. */
export type OptionNames<T> = { readonly [Name in keyof T]-?: true };

/**
 * Refuses options that there are not: plain JavaScript, and configuration, may have misspelt them, and what they should do
 * would silently not happen. Throws TypeError, naming the option and those that it may mean. What is undefined is not there.
 */
export function checkOptions(what: string, given: object | undefined, ...known: readonly object[]): void {
  if (typeof (given ?? {}) !== "object") {
    throw new TypeError(`${what} takes its options as an object, not a ${typeof given}`);
  }
  const names = known.flatMap((each) => Object.keys(each));
  for (const [name, value] of Object.entries(given ?? {})) {
    if (value === undefined || names.includes(name)) continue;
    const most = Math.max(2, name.length / 3);
    const meant = names.filter((one) => distance(one.toLowerCase(), name.toLowerCase()) <= most);
    const fix = meant.length > 0 ? `did you mean ${meant.join(" or ")}?` : `there are ${names.join(", ")}`;
    throw new TypeError(`${what} has no option ${JSON.stringify(name)}: ${fix}`);
  }
}

/** How many characters have to be put in, taken out or replaced to make one of the other (Levenshtein). */
function distance(one: string, other: string): number {
  let row = Array.from({ length: other.length + 1 }, (_, at) => at);
  for (let i = 1; i <= one.length; i++) {
    const next = [i];
    for (let j = 1; j <= other.length; j++) {
      const replaced = row[j - 1]! + (one[i - 1] === other[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, row[j]! + 1, next[j - 1]! + 1));
    }
    row = next;
  }
  return row[other.length]!;
}
