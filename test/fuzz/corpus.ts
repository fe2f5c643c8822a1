import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** An input in a file. */
export interface Kept {
  readonly path: string;
  readonly input: Uint8Array;
}

/** Committed: where a target starts. */
export function seedFolder(target: string): string {
  return join(import.meta.dirname, "corpus", target);
}

/** Committed: what once broke a rule. */
export function regressionFolder(target: string): string {
  return join(import.meta.dirname, "regressions", target);
}

/** What fuzzing on this machine has added to the seeds. */
export function grownFolder(target: string): string {
  return join(import.meta.dirname, "../../.cache/fuzz", target);
}

/** The inputs of a folder, small ones first; none if there is no such folder. */
export function readInputs(folder: string): Kept[] {
  let names: string[];
  try {
    names = readdirSync(folder);
  } catch {
    return [];
  }
  return names
    .toSorted()
    .map((name) => ({ path: join(folder, name), input: new Uint8Array(readFileSync(join(folder, name))) }))
    .toSorted((a, b) => a.input.length - b.input.length);
}

/** Writes an input under the name of its bytes. Gives the path. */
export function keepInput(folder: string, input: Uint8Array): string {
  mkdirSync(folder, { recursive: true });
  const path = join(folder, createHash("sha256").update(input).digest("hex").slice(0, 16));
  writeFileSync(path, input);
  return path;
}

export function dropInput({ path }: Kept): void {
  rmSync(path, { force: true });
}
