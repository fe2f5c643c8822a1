import type { Target } from "./target.ts";

/** What came of an input: an outcome, or an error, which breaks a rule. */
export type Result = { readonly outcome: string } | { readonly error: unknown };

/** Runs inputs, and blames on each also what was thrown where nobody could catch it. */
export class Attempts {
  readonly #target: Target;
  /** Rejected by what nobody caught. */
  #unhandled = Promise.withResolvers<never>();
  #heard: "nothing" | "something" = "nothing";
  readonly #listener = (error: unknown): void => {
    this.#heard = "something";
    this.#unhandled.reject(error);
  };

  constructor(target: Target) {
    this.#target = target;
    this.#unhandled.promise.catch(ignore);
    process.on("uncaughtException", this.#listener);
    process.on("unhandledRejection", this.#listener);
  }

  async run(input: Uint8Array): Promise<Result> {
    try {
      const outcome = this.#target.run(input);
      if (typeof outcome === "string") return { outcome };
      // Whoever waits for what will not come any more is not waited for.
      const first = await Promise.race([outcome, this.#unhandled.promise]);
      if (this.#heard === "something") await this.#unhandled.promise;
      return { outcome: first };
    } catch (error) {
      this.#heard = "nothing";
      this.#unhandled = Promise.withResolvers();
      this.#unhandled.promise.catch(ignore);
      return { error };
    }
  }

  stop(): void {
    process.off("uncaughtException", this.#listener);
    process.off("unhandledRejection", this.#listener);
  }
}

function ignore(): void {}
