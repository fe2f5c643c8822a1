import { passes } from "./passes.ts";
import type { Pass } from "./passes.ts";

const names = passes.map(({ name }) => name).join(", ");

export const usage: string = `pnpm conformance [pass …] [-- arguments of the runner]

The passes are ${names}; all of them, if none is named.
Everything from the first word with a dash on is the runner's, as --run 'PATTERN', --trace, -v.`;

export interface ConformanceArguments {
  readonly passes: readonly Pass[];
  readonly forRunner: readonly string[];
}

/** Reads the command line. Throws for a word that is no pass. */
export function readArguments(given: readonly string[]): ConformanceArguments {
  // What begins with a dash is the runner's: npm takes the "--" away, pnpm leaves it, and may put one in front.
  const words = given[0] === "--" ? given.slice(1) : given;
  const firstDash = words.findIndex((word) => word.startsWith("-"));
  const own = firstDash === -1 ? words : words.slice(0, firstDash);
  const behind = words.slice(own.length);
  const chosen = own.map((word) => {
    const pass = passes.find(({ name }) => name === word);
    if (pass === undefined) throw new Error(`there is no pass ${JSON.stringify(word)}: use ${names}`);
    return pass;
  });
  return {
    passes: chosen.length > 0 ? chosen : passes,
    forRunner: behind[0] === "--" ? behind.slice(1) : behind,
  };
}
