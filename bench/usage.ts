import { setTimeout as pause } from "node:timers/promises";

/** What a process holds, in bytes, behind a full collection. */
export interface Memory {
  /** What the engine counts: objects, and buffers. What native code keeps beside it is not in it. */
  readonly counted: number;
  /** What the system counts: pages in memory, those that are free inside included. */
  readonly resident: number;
}

/** Answers of a program that is measured. It needs --expose-gc. */
export const usage = {
  /** Microseconds that the process has had of a core, system calls included. */
  cpu: (): number => {
    const { user, system } = process.cpuUsage();
    return user + system;
  },
  memory: async (): Promise<Memory> => {
    const { gc } = globalThis as { gc?: () => void };
    // Buffers of what one collection has found are let go later.
    for (let round = 0; round < 4; round++) {
      gc!();
      await pause(50);
    }
    const { heapUsed, external, rss } = process.memoryUsage();
    return { counted: heapUsed + external, resident: rss };
  },
};
