import { parseArgs } from "node:util";
import { usageFault } from "../support/usage-fault.ts";

/** Parts of the soak, in the order in which they run. */
export const sections = ["vanishing", "fairness", "link", "files", "attacks"] as const;

export type Section = (typeof sections)[number];

/** What the command line asks for. */
export interface Command {
  /** In their order, whatever order they are named in. */
  readonly sections: ReadonlySet<Section>;
  readonly seconds: number;
  readonly mebibytes: number;
  /** Undefined: any. */
  readonly seed: number | undefined;
}

/** A command line that asks for nothing that there is. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/** Reads the arguments. Throws a {@link UsageError} of one line. */
export function parseCommandLine(args: readonly string[]): Command {
  const { values, positionals } = parse(args);
  return {
    sections: chosen(positionals),
    seconds: wholeNumber("seconds", values.seconds) ?? 60,
    mebibytes: wholeNumber("mib", values.mib) ?? 2048,
    seed: wholeNumber("seed", values.seed),
  };
}

function parse(args: readonly string[]): {
  readonly values: { readonly seconds?: string; readonly mib?: string; readonly seed?: string };
  readonly positionals: readonly string[];
} {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: { seconds: { type: "string" }, mib: { type: "string" }, seed: { type: "string" } },
    });
  } catch (cause) {
    throw new UsageError(usageFault("soak", cause), { cause });
  }
}

function chosen(names: readonly string[]): Set<Section> {
  const unknown = names.find((name) => !sections.some((one) => one === name));
  if (unknown !== undefined) {
    const shown = JSON.stringify(unknown);
    throw new UsageError(`soak: there is no section ${shown}: use ${sections.join(", ")}`);
  }
  return new Set(sections.filter((one) => names.length === 0 || names.includes(one)));
}

function wholeNumber(name: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (/^[1-9]\d{0,8}$/.test(text)) return Number(text);
  throw new UsageError(`soak: --${name} is "${text}": give a whole number from 1 on`);
}
