import { readFile } from "node:fs/promises";

/** The most memory that this process has had resident, in MiB. */
export async function peakMemory(): Promise<number> {
  // On Linux maxRSS begins at what the process had before it became node: the size of whoever started it, pnpm say.
  const status = await readFile("/proc/self/status", "utf8").catch(() => "");
  const kibibytes = /^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1] ?? process.resourceUsage().maxRSS;
  return Number(kibibytes) / 1024;
}
