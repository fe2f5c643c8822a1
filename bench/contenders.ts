import { onCore, Program } from "../test/support/program.ts";
import type { Figures } from "./rounds.ts";
import type { Answered } from "./load/answered.ts";
import type { Memory } from "./usage.ts";

/** What is measured has one core, what loads it the other. */
export const measuredCore = 0;
export const loadCore = 1;

/** A program that does the work of one side, for each contender: each in a process of its own, on the measured core. */
export class Contenders implements AsyncDisposable {
  readonly #programs = new Map<string, Program>();

  /** `flags`: more of Node's. */
  constructor(
    programs: Readonly<Record<string, URL>>,
    names: readonly string[],
    flags: readonly string[] = [],
  ) {
    for (const name of names)
      this.#programs.set(name, new Program(programs[name]!, ["--expose-gc", ...flags], onCore(measuredCore)));
  }

  ask<T>(name: string, question: string, argument?: unknown): Promise<T> {
    return this.#programs.get(name)!.ask<T>(question, argument);
  }

  memory(name: string): Promise<Memory> {
    return this.ask<Memory>(name, "memory");
  }

  /** What a load has got out of one of them, and what that has cost it. */
  async figures(name: string, load: () => Promise<Answered>): Promise<Figures> {
    const before = await this.ask<number>(name, "cpu");
    const { calls, rate } = await load();
    const after = await this.ask<number>(name, "cpu");
    return { "calls/s": rate, "µs of CPU per call": (after - before) / calls };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const program of this.#programs.values()) await program[Symbol.asyncDispose]();
  }
}
