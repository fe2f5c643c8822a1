import type { Target } from "./target.ts";

/** What came of an input: an outcome, or an error, which breaks a rule. */
export type Result = { readonly outcome: string } | { readonly error: unknown };

/** Runs inputs, and blames on each also what was thrown where nobody could catch it. */
export class Attempts {
  readonly #target: Target;
  readonly #unhandled: unknown[] = [];
  readonly #listener = (error: unknown): void => void this.#unhandled.push(error);

  constructor(target: Target) {
    this.#target = target;
    process.on("uncaughtException", this.#listener);
    process.on("unhandledRejection", this.#listener);
  }

  async run(input: Uint8Array): Promise<Result> {
    try {
      const outcome = this.#target.run(input);
      const result = { outcome: typeof outcome === "string" ? outcome : await outcome };
      return this.#unhandled.length === 0 ? result : { error: this.#unhandled.splice(0)[0] };
    } catch (error) {
      return { error };
    }
  }

  stop(): void {
    process.off("uncaughtException", this.#listener);
    process.off("unhandledRejection", this.#listener);
  }
}
