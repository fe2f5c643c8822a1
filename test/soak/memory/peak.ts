import { writeFile } from "node:fs/promises";
import { peakMemory } from "../../../examples/main-job/src/peak-memory.ts";

/** What this process has resident when nothing goes on, in MiB; a peak before that counts no more. */
export async function idleMemory(): Promise<number> {
  // See proc_pid_clear_refs(5). Elsewhere an early peak stays, and what is measured above it is less.
  await writeFile("/proc/self/clear_refs", "5").catch(() => {});
  return peakMemory();
}
