import { inspect } from "node:util";

/** What a Program is asked. */
export interface Question {
  readonly id: number;
  readonly question: string;
  readonly argument: unknown;
}

/** What it says to that: a value, or why there is none. */
export interface Answer {
  readonly id: number;
  readonly value?: unknown;
  readonly failure?: string;
}

/** Answers what comes from who started this process, and ends with them. */
export function answer(answers: Readonly<Record<string, (argument: never) => unknown>>): void {
  const reply = async ({ id, question, argument }: Question): Promise<void> => {
    try {
      const value = await answers[question]!(argument as never);
      process.send?.({ id, value } satisfies Answer);
    } catch (error) {
      process.send?.({ id, failure: inspect(error) } satisfies Answer);
    }
  };
  process.on("message", (asked: Question) => void reply(asked));
  process.once("disconnect", () => process.exit());
}
