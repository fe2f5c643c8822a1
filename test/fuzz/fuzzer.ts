import { setImmediate as turn } from "node:timers/promises";
import type { Attempts } from "./attempt.ts";
import type { Coverage } from "./coverage.ts";
import { Mutator } from "./mutate.ts";
import type { Random } from "./random.ts";
import type { Target } from "./target.ts";

/** Inputs between two looks at the coverage, each of which costs as much as some hundred small inputs. */
const batchSize = 64;
/** Inputs that are kept for a new outcome alone; a target whose outcomes never end would keep everything. */
const mostForOutcome = 1000;

/** An input that broke a rule. */
export interface Finding {
  readonly input: Uint8Array;
  readonly error: unknown;
}

/** Feeds a target with inputs, and keeps those that reach code, or have an outcome, that none before them had. */
export class Fuzzer {
  readonly #attempts: Attempts;
  readonly #random: Random;
  readonly #mutator: Mutator;
  readonly #coverage: Coverage;
  readonly #running: (input: Uint8Array) => void;
  readonly #kept: (input: Uint8Array) => void;
  readonly #outcomes = new Set<string>();
  readonly corpus: Uint8Array[] = [];
  executions = 0;

  /** `running` hears of each input before it runs, `kept` of each that is new and worth keeping. */
  constructor(
    target: Target,
    attempts: Attempts,
    random: Random,
    coverage: Coverage,
    running: (input: Uint8Array) => void,
    kept: (input: Uint8Array) => void,
  ) {
    this.#attempts = attempts;
    this.#random = random;
    this.#mutator = new Mutator(random, target);
    this.#coverage = coverage;
    this.#running = running;
    this.#kept = kept;
  }

  get covered(): number {
    return this.#coverage.covered;
  }

  get outcomes(): number {
    return this.#outcomes.size;
  }

  /** Takes over the inputs that add something to those before them. Gives the others, or what one of them has found. */
  async seed(inputs: readonly Uint8Array[]): Promise<Finding | Uint8Array[]> {
    const superfluous: Uint8Array[] = [];
    for (const input of inputs) {
      const outcome = await this.#run(input);
      if (typeof outcome !== "string") return outcome;
      const isNew = this.#isNew(outcome);
      if (this.#addCoverage() || isNew || this.corpus.length === 0) this.corpus.push(input);
      else superfluous.push(input);
    }
    return superfluous;
  }

  /** One batch of new inputs. */
  async batch(): Promise<Finding | null> {
    const random = this.#random;
    const inputs: Uint8Array[] = [];
    while (inputs.length < batchSize) {
      const input = new Uint8Array(this.#mutator.mutate(this.#pick(), random.pick(this.corpus)));
      inputs.push(input);
      const outcome = await this.#run(input);
      if (typeof outcome !== "string") return outcome;
      if (this.#outcomes.size < mostForOutcome && this.#isNew(outcome)) this.#keep(input);
    }
    // What inputs leave to be done later, the engine's own cleaning up for one, has its turn.
    await turn();
    const fresh = this.#coverage.take();
    if (fresh.length === 0) return null;
    // One of them reached something: which?
    for (const input of inputs) {
      const outcome = await this.#run(input);
      if (typeof outcome !== "string") return outcome;
      if (this.#addCoverage()) this.#keep(input);
    }
    // What only the first time showed is not to be looked for again.
    this.#coverage.add(fresh);
    return null;
  }

  /** Those that came late have come far: every other time it is one of them. */
  #pick(): Uint8Array {
    const { length } = this.corpus;
    const newest = this.#random.oneIn(2) ? Math.ceil(length / 4) : length;
    return this.corpus[length - 1 - this.#random.below(newest)]!;
  }

  async #run(input: Uint8Array): Promise<string | Finding> {
    this.executions++;
    this.#running(input);
    const result = await this.#attempts.run(input);
    return "outcome" in result ? result.outcome : { input, error: result.error };
  }

  #isNew(outcome: string): boolean {
    const known = this.#outcomes.has(outcome);
    this.#outcomes.add(outcome);
    return !known;
  }

  #addCoverage(): boolean {
    const fresh = this.#coverage.take();
    this.#coverage.add(fresh);
    return fresh.length > 0;
  }

  #keep(input: Uint8Array): void {
    this.corpus.push(input);
    this.#kept(input);
  }
}
