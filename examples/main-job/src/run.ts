import { ListenError } from "@millrace/node";
import type { Writable } from "node:stream";
import { parseCommandLine, usage, UsageError } from "./command-line.ts";

/** Where a program prints, and what it does before anything else. */
export interface Surroundings {
  readonly stdout: Writable;
  readonly stderr: Writable;
  /** Makes the generated code. */
  readonly prepare: (stream: Writable) => Promise<void>;
}

/** Does what the arguments ask for. Resolves with the exit code. What its user can put right is one line and the usage. */
export async function run(
  args: readonly string[],
  { stdout, stderr, prepare }: Surroundings,
): Promise<number> {
  try {
    const command = parseCommandLine(args);
    if (command.does === "help") {
      stdout.write(usage);
      return 0;
    }
    await prepare(stdout);
    // Imported only now: what follows stands on the generated code, which a fresh clone does not have before this line.
    if (command.does === "check") return await (await import("./main-job.ts")).runMainJob(stdout);
    await (await import("./stay-up.ts")).stayUp(command.port, stdout);
    return 0;
  } catch (error) {
    if (!(error instanceof UsageError || error instanceof ListenError)) throw error;
    stderr.write(`${error.message}\n\n${usage}`);
    return 1;
  }
}
