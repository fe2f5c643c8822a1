import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

/** Runs a program of ../programs in a process of its own, and gives the JSON that it prints. */
export async function run(program: string, flags: readonly string[]): Promise<unknown> {
  const path = fileURLToPath(new URL(`../programs/${program}`, import.meta.url));
  const { stdout } = await promisify(execFile)(process.execPath, [...flags, path], { timeout: 30_000 });
  return JSON.parse(stdout);
}
