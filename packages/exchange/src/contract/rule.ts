import type { Needs } from "./declaration.ts";
import type { Stage } from "./stage.ts";

/** A case before it knows its carriage. */
export interface Rule {
  readonly name: string;
  readonly needs: Needs;
  readonly play: (stage: Stage) => Promise<void>;
}

/** A rule of a sentence, what it needs of the carriage, and what happens on the stage. */
export function rule(name: string, needs: Needs, play: (stage: Stage) => Promise<void>): Rule {
  return { name, needs, play };
}
