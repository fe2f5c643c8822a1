import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

/** Runs a program in a process of its own, and gives the JSON that it prints. */
export async function run(program: URL, flags: readonly string[]): Promise<unknown> {
  const args = [...flags, fileURLToPath(program)];
  const { stdout } = await promisify(execFile)(process.execPath, args, { timeout: 30_000 });
  return JSON.parse(stdout);
}
